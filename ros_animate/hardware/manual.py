"""Targets of the manual mode: a pose that a person sets, control by control."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

# Name of the source of commands in the safety layer.
SOURCE = '(manual)'


class ManualTargets:
    """The pose that a person wants; what is handed on moves there at part of the robot's velocity.

    Args:
        spec: Description of the robot.
        speed: Part of the velocity limits, 0 to 1.
    """

    def __init__(self, spec: RobotSpec, speed: float) -> None:
        self._spec, self._reach = spec, speed * spec.max_velocity
        self._pose, self._target = spec.neutral.copy(), spec.neutral.copy()

    def begin(self, position: Array) -> None:
        """Holds a position (N,)."""
        self._pose, self._target = position.copy(), position.copy()

    def set(self, names: Sequence[str], values: Array) -> None:
        """Sets the targets of some controls, within their ranges; the others keep theirs.

        Args:
            names: Names of controls.
            values: A value for each, in the robot's units.

        Raises:
            ConfigurationError: The robot has no such control.
            ValueError: A value is not finite.
        """
        indices = self._spec.indices(names)
        values = np.asarray(values, float)
        if not np.isfinite(values).all():
            raise ValueError('a target that is not finite')
        self._target[indices] = np.clip(values, self._spec.low[indices], self._spec.high[indices])

    def advance(self, dt_s: float) -> Array:
        """The pose (N,) after `dt_s` more."""
        step = self._reach * dt_s
        self._pose = self._pose + np.clip(self._target - self._pose, -step, step)
        return self._pose
