"""Where a robot that cannot tell was sent last, over a crash of the process that sent it."""
from __future__ import annotations

import pathlib

import numpy as np

from ros_animate.types import Array


class LastPose:
    """A pose in a file mapped into memory: writing costs a microsecond, and a crash loses nothing.

    Args:
        path: The file; made if it is not there.
        size: Number of controls.

    Attributes:
        position: (size,) what was kept, None if nothing or that of another robot.
    """

    def __init__(self, path: pathlib.Path, size: int) -> None:
        """Raises OSError if the file cannot be used."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.position: Array | None = None
        if path.exists() and path.stat().st_size == 8 * size:
            kept = np.fromfile(path)
            self.position = kept if np.isfinite(kept).all() else None
        if self.position is None:
            np.full(size, np.nan).tofile(path)
        self._memory = np.memmap(path, dtype=float, mode='r+', shape=(size,))

    def keep(self, position: Array) -> None:
        """Keeps a pose (size,)."""
        self._memory[:] = position
