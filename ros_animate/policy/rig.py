"""The section `rig` of a robot file: what may stand in it."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ros_animate.configuration import suggest
from ros_animate.motion.blendshapes import BLENDSHAPES

POSE = ('headYaw', 'headPitch', 'headRoll')  # degrees; to the left, down, to the right ear
SECTIONS = ('baseline', 'controls')


def rig_mistakes(rig: Mapping[str, Any], controls: Collection[str]
                 ) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """(mapping, key in it, what is wrong there) of every mistake in a rig.

    Args:
        rig: The section.
        controls: Names of the robot's controls.
    """
    for key, section in rig.items():
        if key not in SECTIONS:
            yield rig, key, f'rig: unknown section {key!r}; {suggest(key, SECTIONS)}'
        elif not isinstance(section, Mapping):
            yield rig, key, f'rig.{key}: expected keys and values, got {section!r}'
        elif key == 'baseline':
            yield from _row_mistakes(section, 'rig.baseline')
        else:
            yield from _control_mistakes(section, controls)


def _control_mistakes(section: Mapping[str, Any], controls: Collection[str]
                      ) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    for name, row in section.items():
        if name not in controls:
            yield section, name, f'rig: there is no control {name!r}; {suggest(name, controls)}'
        if isinstance(row, Mapping):
            yield from _row_mistakes(row, f'rig.{name}')
        else:
            yield section, name, f'rig.{name}: expected blendshape: number, got {row!r}'


def _row_mistakes(row: Mapping[str, Any], where: str
                  ) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    for feature, value in row.items():
        if feature not in BLENDSHAPES and feature not in POSE:
            yield row, feature, (f'{where}: unknown feature {feature!r}; '
                                 f'{suggest(feature, (*BLENDSHAPES, *POSE))}')
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield row, feature, f'{where}.{feature}: expected a number, got {value!r}'
