"""Keypoints with local affine maps, by the First Order Motion Model."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.face.crop import TIGHT
from ros_animate.inference.conversions.fomm import MODEL, to_motion
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions
from ros_animate.types import Array, Motion


class Fomm(NeuralExtractor):
    """Learned keypoints and Jacobians of the face, or of any object without `crop`."""

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    networks = ('kp_detector',)
    framing = TIGHT

    def _see(self, picture: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.loaded['kp_detector'](picture), stamp_s)


PLUGIN = Fomm
