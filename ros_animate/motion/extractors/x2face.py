"""The driving vector, by X2Face."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.face.framing import TIGHT
from ros_animate.inference.conversions import x2face
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions
from ros_animate.networks.x2face import DRIVING
from ros_animate.types import Array, Motion


class X2Face(NeuralExtractor):
    """Pose and expression of the face as one learned code, the driving vector."""

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = x2face.MODEL
    network_names = (DRIVING,)
    framing = TIGHT

    def _extract(self, image: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return x2face.to_motion(self.networks[DRIVING].encode(image), stamp_s)


PLUGIN = X2Face
