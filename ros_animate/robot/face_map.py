"""Map from a robot's control values to the muscles of the virtual face."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError, build, build_error, suggest
from ros_animate.errors import shown
from ros_animate.face.virtual.appearance import Appearance
from ros_animate.face.virtual.muscles import MUSCLES
from ros_animate.robot.mistakes import Mistake, control_mistakes, is_number, part_mistakes
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array


class FaceMap:
    """The section `face` of a robot file: the muscles that each control moves, and the appearance.

    For each control `muscle: [a, b, c]` gives the muscle's value at the control's lower end, at
    neutral and at the upper end, linear between them. The deviations from a muscle's resting value
    that several controls cause add up. Controls that are not named move nothing.

    Args:
        spec: The robot.

    Attributes:
        appearance: Colours and shape of the virtual face.
        curves: (index of the control, muscle, arguments, values) of each piecewise linear map.

    Raises:
        ConfigurationError: An unknown control, muscle or appearance option.
    """

    def __init__(self, spec: RobotSpec) -> None:
        for mistake in face_mistakes(spec.face, spec.names):
            raise ConfigurationError(f'robot {spec.name}: {mistake.text}')
        self.appearance = build(Appearance, _tuples(spec.face.get('appearance', {})),
                                f'robot {spec.name}: face.appearance')
        self.curves = [(spec.index(name), muscle, *_curve(spec, spec.index(name), values))
                        for name, muscles in spec.face.get('controls', {}).items()
                        for muscle, values in muscles.items()]

    def muscles(self, position: Array) -> dict[str, float]:
        """Muscle values at the control values `position` (N,)."""
        state: dict[str, float] = {}
        for index, muscle, arguments, values in self.curves:
            rest = MUSCLES[muscle]
            state[muscle] = (state.get(muscle, rest) - rest
                             + float(np.interp(position[index], arguments, values)))
        return state


def face_mistakes(face: Mapping[str, Any], controls: Collection[str]) -> Iterator[Mistake]:
    """Every mistake in a section `face` of a robot with these controls."""
    return part_mistakes(face, 'face', {
        'appearance': _appearance_mistakes,
        'controls': lambda part, _: control_mistakes(part, 'face', controls, 'muscle: [a, b, c]',
                                                     _muscle_mistakes)})


def _appearance_mistakes(part: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    for name, value in part.items():
        text = build_error(Appearance, _tuples({name: value}), where)
        if text:
            yield Mistake(part, name, text)


def _muscle_mistakes(muscles: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    for muscle, values in muscles.items():
        if muscle not in MUSCLES:
            yield Mistake(muscles, muscle, f'{where}: the virtual face has no muscle '
                                           f'{shown(muscle)}; {suggest(muscle, MUSCLES)}')
        if not (isinstance(values, list) and len(values) == 3
                and all(map(is_number, values))):
            yield Mistake(muscles, muscle,
                          f'{where}.{muscle}: expected three numbers (at lower end, neutral, '
                          f'upper end), got {shown(values)}')


def _curve(spec: RobotSpec, index: int, values: list[float]) -> tuple[Array, Array]:
    """(arguments, values) of the piecewise linear map of a control, for `np.interp`."""
    control = spec.controls[index]
    points = {control.low: values[0], control.high: values[2], control.neutral: values[1]}
    arguments = np.array(sorted(points))
    return arguments, np.array([points[x] for x in arguments], float)


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping with YAML lists converted to tuples, as colours and vectors are."""
    return {k: tuple(tuple(x) if isinstance(x, list) else x for x in v)
            if isinstance(v, list) else v for k, v in values.items()}
