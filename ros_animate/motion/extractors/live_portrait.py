"""Head pose, scale and expression, by LivePortrait's motion extractor."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.face.framing import PORTRAIT_DRIVING
from ros_animate.face.opening_ratios import opening_ratios
from ros_animate.inference.conversions.live_portrait import MODEL, to_motion
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions
from ros_animate.types import Array, Motion


class LivePortrait(NeuralExtractor):
    """Rotation, translation, scale, and the expression's displacement of each keypoint.

    Rotation and translation are in the network's own axes and scale, not in metres. With `crop`,
    `expression` holds the openness of eyes and lips, measured on the tracker's landmarks.
    """

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    network_names = ('motion_extractor',)
    framing = PORTRAIT_DRIVING
    oversampling = 2

    def _extract(self, image: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.networks['motion_extractor'](image), stamp_s,
                         {} if landmarks is None else opening_ratios(landmarks))


PLUGIN = LivePortrait
