"""No smoothing: the newest wish is the command, to compare with and to debug."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.smoothing.targets import Inbox, wish_at
from ros_animate.types import ActionChunk, Command


class HoldSmoother(Smoother):
    """Holds each waypoint until the next; keeps ranges and coupled limits, and no others."""

    @dataclass(frozen=True)
    class Config:
        """It has no options."""

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._spec = spec
        self._inbox = Inbox(spec)
        self._allowed = CoupledSet(spec, spec.low, spec.high)
        self.reset()

    @property
    def dropped(self) -> int:
        """Chunks that could not be used."""
        return self._inbox.dropped

    def reset(self) -> None:
        self._inbox.forget()
        self._waypoints = self._spec.neutral[np.newaxis]
        self._dt_s, self._stamp_s = 1.0, 0.0

    def push(self, chunk: ActionChunk, now_s: float) -> None:
        waypoints = self._inbox.take(chunk)
        if waypoints is not None:
            self._waypoints, self._dt_s, self._stamp_s = waypoints, chunk.dt_s, chunk.stamp_s

    def sample(self, now_s: float) -> Command:
        wish = wish_at(self._waypoints, self._dt_s, now_s - self._stamp_s)
        position = np.clip(wish, self._spec.low, self._spec.high)
        self._allowed.project(position)
        still = np.zeros_like(position)
        return Command(self._spec.names, position, still, still, self._stamp_s)


PLUGIN = HoldSmoother
