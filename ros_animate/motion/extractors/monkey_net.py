"""Keypoints with covariances, by Monkey-Net."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.face.crop import TIGHT
from ros_animate.inference.conversions.monkey_net import MODEL, to_motion
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions
from ros_animate.types import Array, Motion


class MonkeyNet(NeuralExtractor):
    """Learned keypoints of the face, or of any object without `crop`, and how each spreads."""

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    networks = ('kp_detector',)
    framing = TIGHT

    def _see(self, picture: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.loaded['kp_detector'](picture), stamp_s)


PLUGIN = MonkeyNet
