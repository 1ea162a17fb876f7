"""A portrait animated by the First Order Motion Model."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.animation.neural import DetectorAnimator, ScalingOptions
from ros_animate.inference.conversions import fomm


class Fomm(DetectorAnimator):
    """FOMM (NeurIPS 2019): features of the source, warped around keypoints with Jacobians."""

    @dataclass(frozen=True)
    class Config(ScalingOptions):
        """Options of the animator."""

    extractor = family = fomm.MODEL
    conversion = fomm


PLUGIN = Fomm
