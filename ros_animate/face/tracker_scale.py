"""Scales of other trackers' blendshapes, relative to those of the Face Landmarker.

ARKit and the Face Landmarker name the same blendshapes; what they report of a relaxed face and of
a full movement differs.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LANDMARKER, ARKIT = 'mediapipe', 'arkit'


@dataclass(frozen=True)
class TrackerScale:
    """Values of a relaxed face, and factors to the Face Landmarker's strength.

    Attributes:
        baseline: Blendshapes of a relaxed face; those not named are 0.
        gain: Factors of the deviations from it; those not named are 1.
        knee: Part of a control's way beyond which movements are compressed, so that the largest
            ones come near the end of the range and do not stop there; 1 for no compression.
    """

    baseline: Mapping[str, float] = field(default_factory=dict)
    gain: Mapping[str, float] = field(default_factory=dict)
    knee: float = 1.0


def _both(**values: float) -> dict[str, float]:
    """Values by name; those that end with `_` are for both sides of the face."""
    result: dict[str, float] = {}
    for name, value in values.items():
        sides = ('Left', 'Right') if name.endswith('_') else ('',)
        result.update({name.removesuffix('_') + side: value for side in sides})
    return result


# Medians of relaxed faces before iPhones, and gains by which the full movements of ARKit's range
# come to 0.9 of the robot's range (benchmarks/mocap.py). People differ: the knee keeps those who
# show more within the range.
SCALES: dict[str, TrackerScale] = {
    ARKIT: TrackerScale(
        _both(eyeBlink_=0.1, eyeLookDown_=0.28, eyeSquint_=0.06, jawForward=0.05, jawOpen=0.03,
              mouthClose=0.03, mouthFunnel=0.1, mouthPucker=0.08, mouthFrown_=0.12,
              mouthStretch_=0.15, mouthDimple_=0.06, mouthRollLower=0.05, mouthRollUpper=0.04,
              mouthShrugLower=0.1, mouthShrugUpper=0.13, mouthPress_=0.04, mouthLowerDown_=0.05,
              mouthUpperUp_=0.04, browInnerUp=0.12, browOuterUp_=0.05, cheekPuff=0.05,
              cheekSquint_=0.02, noseSneer_=0.06),
        _both(browDown_=0.65, browInnerUp=0.85, browOuterUp_=0.68, eyeBlink_=0.95, eyeWide_=0.75,
              eyeSquint_=1.9, mouthSmile_=1.5, mouthUpperUp_=1.3, mouthFrown_=0.6, jawOpen=1.25,
              mouthStretch_=0.6, noseSneer_=1.1), knee=0.8),
}


def tracker_scale(tracker: str) -> TrackerScale:
    """The scale of a tracker; one that is not known has the Face Landmarker's."""
    return SCALES.get(tracker, TrackerScale())


def landmarker_values(expression: Mapping[str, float], tracker: str,
                      relaxed: Mapping[str, float]) -> Mapping[str, float]:
    """The blendshapes as the Face Landmarker would report them.

    Args:
        expression: Blendshapes of a tracker.
        tracker: Its name.
        relaxed: Blendshapes of a relaxed face, as the Face Landmarker reports them.
    """
    if tracker not in SCALES:
        return expression
    scale = SCALES[tracker]
    return {name: relaxed.get(name, 0.0) + scale.gain.get(name, 1.0)
            * (value - scale.baseline.get(name, 0.0)) for name, value in expression.items()}
