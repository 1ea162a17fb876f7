"""Error of control values against their targets, as X2CNet defines it (2025).

The error is the mean over controls of the distance after each control's range is scaled to
[-1, 1]. Where both upper lids are below 0 the gaze is not visible and is left out.
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
    """Errors of T poses of N controls; NaN (None in reports) where nothing could be compared.

    Attributes:
        names: (N,) names of the controls.
        mae: Mean absolute error over all controls and poses.
        controls: (N,) mean absolute error of each control.
        groups: Mean absolute error of each group of controls.
        r2: (N,) coefficient of determination of each control; NaN for one that never moves.
        poses: (T,) mean absolute error of each pose.
    """

    names: tuple[str, ...]
    mae: float
    controls: Array
    groups: Mapping[str, float]
    r2: Array
    poses: Array


def scaled(values: Array, spec: RobotSpec) -> Array:
    """Values (…, N) in robot units, scaled so that each control's range is [-1, 1]."""
    return 2 * (values - spec.low) / (spec.high - spec.low) - 1


def visible(values: Array, spec: RobotSpec) -> NDArray[np.bool_]:
    """(…, N) True for the values (…, N) that are visible in an image of the face."""
    result = np.ones(values.shape, bool)
    if set(UPPER_LIDS) <= set(spec.names):
        shut = np.all(values[..., [spec.index(name) for name in UPPER_LIDS]] < 0, -1, keepdims=True)
        result &= ~(shut & np.array([c.group == GAZE for c in spec.controls]))
    return result


def compare(targets: Array, predicted: Array, spec: RobotSpec) -> ControlError:
    """Error of predicted poses (T, N) against target poses (T, N), both in robot units."""
    is_visible = visible(targets, spec)
    scaled_targets = np.where(is_visible, scaled(targets, spec), np.nan)
    distance = np.abs(np.where(is_visible, scaled(predicted, spec), np.nan) - scaled_targets)
    controls = _mean(distance, 0)
    groups = {group: float(np.nanmean(distance[:, [spec.index(n) for n in members]]))
              for group, members in spec.groups.items()}
    with np.errstate(divide='ignore', invalid='ignore'):
        variance = _mean((scaled_targets - _mean(scaled_targets, 0)) ** 2, 0)
        r2 = np.where(variance > 1e-9, 1 - _mean(distance ** 2, 0) / variance, np.nan)
    return ControlError(spec.names, float(np.nanmean(distance)), controls, groups, r2,
                        _mean(distance, 1))


def _mean(values: Array, axis: int) -> Array:
    """Mean over the values that are not NaN; NaN where all are."""
    is_number = ~np.isnan(values)
    with np.errstate(invalid='ignore'):
        return np.where(is_number, values, 0).sum(axis) / is_number.sum(axis)
