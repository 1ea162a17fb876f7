"""Validation of single commands before the safety layer follows them."""
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command

MOST_ORDERS = 64  # selections of names that are kept


class CommandCheck:
    """Finds commands that make no sense and copies the positions of the others.

    Args:
        spec: The robot.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        self._zeros = np.zeros(len(spec.names))
        self._indices: dict[tuple[str, ...], NDArray[np.intp]] = {}  # by the names of a command

    def defect(self, command: Command, now_s: float, config: SafetyConfig) -> str:
        """Reason to refuse the command in one word; '' if it is valid by itself.

        Args:
            command: The command.
            now_s: Time on the clock of the stamps.
            config: Options of the safety layer.
        """
        if not self._has_known_names(command):
            return 'names'
        if not self._is_finite(command):
            return 'nonfinite'
        if command.stamp_s > now_s + config.future_s:
            return 'future'
        if now_s - command.stamp_s > config.stale_s:
            return 'stale'
        return ''

    def copy_position(self, command: Command, out: Array) -> None:
        """Copies the positions of a valid command into `out` (N,); other controls stay."""
        if command.names is self._spec.names:
            np.copyto(out, command.position)
        else:
            out[self._indices[command.names]] = command.position

    def _has_known_names(self, command: Command) -> bool:
        """True if all names are the robot's and each has a position."""
        names = command.names
        if names is self._spec.names:
            return command.position.shape == self._zeros.shape
        if names not in self._indices:
            if not set(names) <= set(self._spec.names):
                return False
            if len(self._indices) >= MOST_ORDERS:
                self._indices.clear()
            self._indices[names] = self._spec.indices(names)
        return command.position.shape == (len(names),)

    def _is_finite(self, command: Command) -> bool:
        # Zero times a non-finite number is NaN. A dot product with zeros allocates nothing.
        zero = command.position.dot(self._zeros[:len(command.position)])
        return math.isfinite(command.stamp_s) and bool(zero == 0.0)
