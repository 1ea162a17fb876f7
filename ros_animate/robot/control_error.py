"""How far control values are from the wanted ones, as X2CNet defines it (2025).

The error is the mean over controls of the distance after each control's range is scaled to
[-1, 1]. Where both upper lids are below 0 nobody can see the gaze, which is left out.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

UPPER_LIDS = ('Eyelid Upper Left', 'Eyelid Upper Right')
GAZE = 'gaze'


@dataclass(frozen=True)
class ControlError:
    """Errors of many poses; NaN (in the figures None) where nothing could be compared.

    Attributes:
        names: (N,) controls.
        mae: Over all controls and poses.
        controls: (N,) of each control.
        groups: Of each group of controls.
        r2: (N,) coefficient of determination of each control; NaN for one that never moves.
        poses: (T,) of each pose.
    """

    names: tuple[str, ...]
    mae: float
    controls: Array
    groups: Mapping[str, float]
    r2: Array
    poses: Array


def scaled(values: Array, spec: RobotSpec) -> Array:
    """Robot units (…, N) with each control's range as [-1, 1]."""
    return 2 * (values - spec.low) / (spec.high - spec.low) - 1


def visible(values: Array, spec: RobotSpec) -> NDArray[np.bool_]:
    """Which of the values (…, N) can be seen in a picture of the face."""
    seen = np.ones(values.shape, bool)
    if set(UPPER_LIDS) <= set(spec.names):
        shut = np.all(values[..., [spec.index(name) for name in UPPER_LIDS]] < 0, -1, keepdims=True)
        seen &= ~(shut & np.array([c.group == GAZE for c in spec.controls]))
    return seen


def compare(wanted: Array, got: Array, spec: RobotSpec) -> ControlError:
    """The error of the poses `got` (T, N) against `wanted` (T, N), both in robot units."""
    seen = visible(wanted, spec)
    goal = np.where(seen, scaled(wanted, spec), np.nan)
    distance = np.abs(np.where(seen, scaled(got, spec), np.nan) - goal)
    controls = _mean(distance, 0)
    groups = {group: float(np.nanmean(distance[:, [spec.index(n) for n in members]]))
              for group, members in spec.groups.items()}
    with np.errstate(divide='ignore', invalid='ignore'):
        spread = _mean((goal - _mean(goal, 0)) ** 2, 0)
        r2 = np.where(spread > 1e-9, 1 - _mean(distance ** 2, 0) / spread, np.nan)
    return ControlError(spec.names, float(np.nanmean(distance)), controls, groups, r2,
                        _mean(distance, 1))


def _mean(values: Array, axis: int) -> Array:
    """Mean of what is not NaN; NaN where nothing is left."""
    there = ~np.isnan(values)
    with np.errstate(invalid='ignore'):
        return np.where(there, values, 0).sum(axis) / there.sum(axis)
