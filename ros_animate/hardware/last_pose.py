"""Last commanded pose of a robot that does not measure its own; survives a crash."""
from __future__ import annotations

import pathlib

import numpy as np

from ros_animate.types import Array


class LastPose:
    """A pose in a file mapped into memory: writing costs a microsecond, and a crash loses nothing.

    Args:
        path: The file; created if it does not exist.
        size: Number of controls.

    Attributes:
        position: (size,) the pose in the file, None if there is none or it is of another robot.
    """

    def __init__(self, path: pathlib.Path, size: int) -> None:
        """Raises OSError if the file cannot be used."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.position: Array | None = None
        if path.exists() and path.stat().st_size == 8 * size:
            stored = np.fromfile(path)
            self.position = stored if np.isfinite(stored).all() else None
        if self.position is None:
            np.full(size, np.nan).tofile(path)
        self._memory = np.memmap(path, dtype=float, mode='r+', shape=(size,))

    def keep(self, position: Array) -> None:
        """Stores a pose (size,)."""
        self._memory[:] = position
