"""Last commanded pose of a robot that does not measure its own; survives a crash."""
from __future__ import annotations

import os
import pathlib

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.state_file import make_state_folder, open_state_file
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

_TOLERANCE = 1e-3  # of the range of a control, for rounding


class LastPose:
    """A pose in a file mapped into memory: writing costs a microsecond, and a crash loses nothing.

    Args:
        path: The file; created if it does not exist.
        spec: The robot.

    Attributes:
        position: (N,) the pose in the file, None if there is none, it is of another robot, or
            outside the ranges of this one.

    Raises:
        ConfigurationError: The file cannot be used.
    """

    def __init__(self, path: pathlib.Path, spec: RobotSpec) -> None:
        size = len(spec.names)
        try:
            make_state_folder(path.parent)
            with os.fdopen(open_state_file(path), 'r+b') as file:
                stored = file.read(8 * size + 1)
                self.position = _pose(stored, spec)
                if self.position is None:
                    file.truncate(8 * size)
                    file.seek(0)
                    file.write(np.full(size, np.nan).tobytes())
                    file.flush()
                self._memory = np.memmap(file, dtype=float, mode='r+', shape=(size,))
        except OSError as error:
            raise ConfigurationError(f'{path} would keep the last pose, but {error.strerror}: '
                                     'remove it, or choose another folder with hardware.estop_file'
                                     ) from error

    def keep(self, position: Array) -> None:
        """Stores a pose (N,)."""
        self._memory[:] = position


def _pose(stored: bytes, spec: RobotSpec) -> Array | None:
    """The pose (N,) in the content of a file if the robot can be there."""
    if len(stored) != 8 * len(spec.names):
        return None
    position = np.frombuffer(stored)
    slack = _TOLERANCE * (spec.high - spec.low)
    is_possible = (position >= spec.low - slack) & (position <= spec.high + slack)  # no NaN
    return position.copy() if is_possible.all() else None
