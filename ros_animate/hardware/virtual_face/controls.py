"""From a robot's control values to the muscles of the virtual face."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError, build, suggest
from ros_animate.hardware.spec import RobotSpec
from ros_animate.hardware.virtual_face.appearance import Appearance
from ros_animate.hardware.virtual_face.face import MUSCLES
from ros_animate.types import Array


class FaceMap:
    """The section `face` of a robot file: which muscles a control moves, and the looks.

    For each control `muscle: [a, b, c]` gives the muscle's value at the control's lower end, at
    neutral and at the upper end, linear between them; what several controls do to one muscle adds
    up (less the muscle's resting value). Controls that are not named move nothing.

    Args:
        spec: The robot.

    Raises:
        ConfigurationError: An unknown control, muscle or appearance option.
    """

    def __init__(self, spec: RobotSpec) -> None:
        where = f'robot {spec.name}: face'
        for key in spec.face:
            if key not in ('controls', 'appearance'):
                raise ConfigurationError(
                    f"{where}: unknown section {key!r}; {suggest(key, ['controls', 'appearance'])}")
        self.appearance = build(Appearance, _tuples(spec.face.get('appearance', {})),
                                f'{where}.appearance')
        self._curves: list[tuple[int, str, Array, Array]] = []
        for name, muscles in spec.face.get('controls', {}).items():
            index = spec.index(name)
            for muscle, values in muscles.items():
                self._curves.append((index, muscle, *_curve(where, spec, index, muscle, values)))

    def muscles(self, position: Array) -> dict[str, float]:
        """Muscle values at the control values `position` (N,)."""
        state: dict[str, float] = {}
        for index, muscle, at, values in self._curves:
            rest = MUSCLES[muscle]
            state[muscle] = (state.get(muscle, rest) - rest
                             + float(np.interp(position[index], at, values)))
        return state


def _curve(where: str, spec: RobotSpec, index: int, muscle: str,
           values: Any) -> tuple[Array, Array]:
    if muscle not in MUSCLES:
        raise ConfigurationError(f'{where}: the virtual face has no muscle {muscle!r}; '
                                 f'{suggest(muscle, MUSCLES)}')
    if not (isinstance(values, list) and len(values) == 3
            and all(isinstance(v, (int, float)) for v in values)):
        raise ConfigurationError(f'{where}.controls.{spec.names[index]}.{muscle}: expected three '
                                 f'numbers (at lower end, neutral, upper end), got {values!r}')
    control = spec.controls[index]
    points = {control.low: values[0], control.high: values[2], control.neutral: values[1]}
    at = np.array(sorted(points))
    return at, np.array([points[x] for x in at], float)


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """YAML lists as the tuples that colours and vectors are."""
    return {k: tuple(tuple(x) if isinstance(x, list) else x for x in v)
            if isinstance(v, list) else v for k, v in values.items()}
