"""Keypoints with local affine maps, by the First Order Motion Model."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.inference.conversions import fomm
from ros_animate.motion.neural import KeypointExtractor, NeuralOptions


class Fomm(KeypointExtractor):
    """Learned keypoints and Jacobians of the face, or of any object without `crop`."""

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = fomm.MODEL
    conversion = fomm


PLUGIN = Fomm
