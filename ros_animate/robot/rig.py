"""The section `rig` of a robot file: what may stand in it."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ros_animate.configuration import suggest
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.robot.mistakes import Mistake, control_mistakes, part_mistakes

POSE = ('headYaw', 'headPitch', 'headRoll')  # degrees; to the left, down, to the right ear


def rig_mistakes(rig: Mapping[str, Any], controls: Collection[str]) -> Iterator[Mistake]:
    """Every mistake in a rig of a robot with these controls."""
    return part_mistakes(rig, 'rig', {
        'baseline': _row_mistakes,
        'controls': lambda part, _: control_mistakes(part, 'rig', controls, 'blendshape: number',
                                                     _row_mistakes)})


def _row_mistakes(row: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    for feature, value in row.items():
        if feature not in BLENDSHAPES and feature not in POSE:
            yield row, feature, (f'{where}: unknown feature {feature!r}; '
                                 f'{suggest(feature, (*BLENDSHAPES, *POSE))}')
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield row, feature, f'{where}.{feature}: expected a number, got {value!r}'
