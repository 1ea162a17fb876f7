"""Head pose, scale and expression, by LivePortrait's motion extractor."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.face.crop import PORTRAIT_DRIVING
from ros_animate.face.opening_ratios import ratios
from ros_animate.inference.conversions.live_portrait import MODEL, to_motion
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions
from ros_animate.types import Array, Motion


class LivePortrait(NeuralExtractor):
    """Turn, shift and size of the head, what the expression does to each keypoint.

    Rotation and translation are in the network's own axes and scale, not in metres. With `crop`
    the openness of eyes and lips, by the tracker's landmarks, is in `expression`.
    """

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    networks = ('motion_extractor',)
    framing = PORTRAIT_DRIVING
    oversampling = 2

    def _see(self, picture: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.loaded['motion_extractor'](picture), stamp_s,
                         {} if landmarks is None else ratios(landmarks))


PLUGIN = LivePortrait
