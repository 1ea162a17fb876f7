"""Validation of the section `rig` of a robot file, which maps blendshapes to controls."""
from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ros_animate.configuration import suggest
from ros_animate.errors import shown
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.tracker_scale import SCALES, TrackerScale, tracker_scale
from ros_animate.robot.mistakes import Mistake, control_mistakes, is_number, part_mistakes

HEAD_ANGLES = ('headYaw', 'headPitch', 'headRoll')  # degrees; to the left, down, to the right ear
# Noise of the tracker's output while a person is still: of a blendshape, of an angle in degrees.
BLENDSHAPE_NOISE, ANGLE_NOISE_DEG = 0.01, 0.3


def rig_mistakes(rig: Mapping[str, Any], controls: Collection[str]) -> Iterator[Mistake]:
    """Every mistake in a rig of a robot with these controls."""
    def rows(part: Mapping[str, Any], where: str) -> Iterator[Mistake]:
        return control_mistakes(part, where.removesuffix('.controls'), controls,
                                'blendshape: number', _row_mistakes)

    def tracker(part: Mapping[str, Any], where: str) -> Iterator[Mistake]:
        return part_mistakes(part, where, {'baseline': _row_mistakes, 'gain': _row_mistakes,
                                           'controls': rows})
    return part_mistakes(rig, 'rig', {
        'baseline': _row_mistakes, 'controls': rows,
        'trackers': lambda part, where: part_mistakes(part, where,
                                                      dict.fromkeys(part, tracker))})


def tracker_values(rig: Mapping[str, Any], tracker: str) -> TrackerScale:
    """Blendshapes of a relaxed face, and factors to the strength that the rig's weights expect.

    The Face Landmarker's are `baseline` and 1. What the rig does not say of another tracker in
    `trackers` is as usual with it.

    Args:
        rig: Section `rig` of a robot file without mistakes.
        tracker: `model` of the motion.
    """
    if tracker not in {*SCALES, *rig.get('trackers', {})}:
        return TrackerScale(rig.get('baseline', {}))
    usual, own = tracker_scale(tracker), rig.get('trackers', {}).get(tracker, {})
    return TrackerScale({**usual.baseline, **own.get('baseline', {})},
                        {**usual.gain, **own.get('gain', {})}, usual.knee)


def drive_noise(rig: Any, control: str) -> float:
    """Noise of what drives a control while the person is still; 0 if the rig does not drive it.

    Args:
        rig: Section `rig` of a robot file, which may hold mistakes.
        control: Name of the control.
    """
    rows = rig.get('controls') if isinstance(rig, Mapping) else None
    row = rows.get(control) if isinstance(rows, Mapping) else None
    if not isinstance(row, Mapping):
        return 0.0
    return math.hypot(*(gain * (ANGLE_NOISE_DEG if feature in HEAD_ANGLES else BLENDSHAPE_NOISE)
                        for feature, gain in row.items() if is_number(gain)))


def _row_mistakes(row: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    """Mistakes in a row of numbers by the names of blendshapes and head angles."""
    features = (*BLENDSHAPES, *HEAD_ANGLES)
    for feature, value in row.items():
        if feature not in features:
            yield Mistake(row, feature, f'{where}: unknown feature {shown(feature)}; '
                                        f'{suggest(feature, features)}')
        if not is_number(value):
            yield Mistake(row, feature, f'{where}.{feature}: expected a number, got {shown(value)}')
