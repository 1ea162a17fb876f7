"""Reception of action chunks, as all smoothers do it."""
from __future__ import annotations

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Array


class ChunkReceiver:
    """Accepts chunks in order of their stamps and puts their columns into the robot's order.

    Attributes:
        dropped: Number of chunks that were refused.
        stamp_s: Stamp of the last accepted chunk; -inf before the first.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        self._columns: dict[tuple[str, ...], Array | slice] = {spec.names: slice(None)}
        self.dropped = 0
        self.stamp_s = -np.inf

    def receive(self, chunk: ActionChunk) -> Array | None:
        """The waypoints (H, N), or None if the chunk is refused.

        Refused and counted are non-finite values or stamps and chunks older than the last one.

        Raises:
            ConfigurationError: The names are not the robot's.
        """
        if chunk.stamp_s < self.stamp_s or not np.isfinite(chunk.stamp_s) or (
                not np.isfinite(chunk.values).all()):
            self.dropped += 1
            return None
        self.stamp_s = chunk.stamp_s
        return chunk.values[:, self._order(chunk.names)]

    def reset_stamp(self) -> None:
        """Accepts chunks of any stamp again."""
        self.stamp_s = -np.inf

    def _order(self, names: tuple[str, ...]) -> Array | slice:
        if names not in self._columns:
            missing = [n for n in self._spec.names if n not in names]
            if missing:
                raise ConfigurationError(f'an action for robot {self._spec.name!r} lacks '
                                         f'{", ".join(map(repr, missing))}')
            self._columns[names] = np.array([names.index(n) for n in self._spec.names])
        return self._columns[names]


def waypoint_at(waypoints: Array, dt_s: float, age_s: float) -> Array:
    """The waypoint (N,) of (H, N) that is due `age_s` after the first; the last one stays due."""
    index = int(np.clip(age_s / dt_s + 1e-6, 0, len(waypoints) - 1))
    return waypoints[index]
