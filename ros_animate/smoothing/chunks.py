"""Reception of action chunks, as all smoothers do it."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.prediction import DelayCompensation
from ros_animate.types import ActionChunk, Array


@dataclass(frozen=True)
class ReceiverOptions:
    """Options that all smoothers have."""

    compensation: float = option(1.0, "share of the actuators' delays, as the robot's file states "
                                      'them in delay_s, that is made up for', low=0.0, high=1.0)


class ChunkReceiver:
    """Accepts chunks in order of their stamps and puts their columns into the robot's order.

    Where the robot's file states delays of the actuators, targets are ahead of time.

    Args:
        spec: The robot.
        options: Options.

    Attributes:
        dropped: Number of chunks that were refused.
        stamp_s: Stamp of the last accepted chunk; -inf before the first.
        options: Options; they may be changed.
    """

    def __init__(self, spec: RobotSpec, options: ReceiverOptions) -> None:
        self._spec, self.options = spec, options
        self._compensation = DelayCompensation(spec)
        self._columns: dict[tuple[str, ...], Array | slice] = {spec.names: slice(None)}
        self.dropped = 0
        self.stamp_s = -np.inf

    def receive(self, chunk: ActionChunk) -> Array | None:
        """The waypoints (H, N), perhaps beyond the ranges, or None if the chunk is refused.

        Refused and counted are non-finite values or stamps and chunks older than the last one.

        Raises:
            ConfigurationError: The names are not the robot's.
        """
        if chunk.stamp_s < self.stamp_s or not np.isfinite(chunk.stamp_s) or (
                not np.isfinite(chunk.values).all()):
            self.dropped += 1
            return None
        self.stamp_s = chunk.stamp_s
        return self._compensation.apply(chunk.values[:, self._order(chunk.names)], chunk.stamp_s,
                                        chunk.dt_s, self.options.compensation)

    def reset_stamp(self) -> None:
        """Accepts chunks of any stamp again."""
        self.stamp_s = -np.inf
        self._compensation.reset()

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
