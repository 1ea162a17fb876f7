"""The robot of the pipeline, described for the page."""
from __future__ import annotations

from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

DIGITS = 4


def read_spec(name: str) -> tuple[RobotSpec | None, str]:
    """The description of a robot, and the reason if it cannot be read on this machine."""
    try:
        return load_spec(name), ''
    except ConfigurationError as error:
        return None, str(error)


def described(spec: RobotSpec) -> dict[str, Any]:
    """The controls as plain data, in the robot's units."""
    coupled = {limit.limited for limit in spec.coupled}
    return {'name': spec.name, 'title': spec.title, 'controls': [
        {'name': c.name, 'group': c.group, 'unit': c.unit, 'low': c.low, 'high': c.high,
         'neutral': c.neutral, 'coupled': c.name in coupled} for c in spec.controls]}


def coupled_limits(spec: RobotSpec, pose: Array) -> dict[int, list[float | None]]:
    """Index of a limited control → its [lower, upper] limits in a pose (N,), None for no limit."""
    limits: dict[int, list[float | None]] = {}
    for limit in spec.coupled:
        argument = sum(weight * pose[spec.index(name)] for name, weight in limit.limiting)
        bound = float(np.interp(argument, *np.array(limit.points).T))
        ends = limits.setdefault(spec.index(limit.limited), [None, None])
        side = 0 if limit.side == 'lower' else 1
        other = ends[side]
        ends[side] = bound if other is None else (max, min)[side](other, bound)
    return limits


def rounded(values: Array) -> list[float]:
    """Values short enough to be sent often."""
    return [round(float(value), DIGITS) for value in values]
