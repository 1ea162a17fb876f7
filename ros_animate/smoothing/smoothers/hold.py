"""No smoothing: the newest waypoint is the command, for comparison and debugging."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.smoothing.chunks import ChunkReceiver, ReceiverOptions, waypoint_at
from ros_animate.types import ActionChunk, Command


class HoldSmoother(Smoother):
    """Holds each waypoint until the next; keeps ranges and coupled limits, and no others."""

    @dataclass(frozen=True)
    class Config(ReceiverOptions):
        """It has no options of its own."""

    changeable = ('compensation',)

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._spec = spec
        self._receiver = ChunkReceiver(spec, config)
        self._allowed = CoupledSet(spec, spec.low, spec.high)
        self.reset()

    @property
    def dropped(self) -> int:
        """Number of chunks that could not be used."""
        return self._receiver.dropped

    def reset(self) -> None:
        self._receiver.reset_stamp()
        self._waypoints = self._spec.neutral[np.newaxis]
        self._dt_s, self._stamp_s = 1.0, 0.0

    def configure(self, config: Config) -> None:
        self._receiver.options = config

    def push(self, chunk: ActionChunk, now_s: float) -> None:
        waypoints = self._receiver.receive(chunk)
        if waypoints is not None:
            self._waypoints, self._dt_s, self._stamp_s = waypoints, chunk.dt_s, chunk.stamp_s

    def sample(self, now_s: float) -> Command:
        waypoint = waypoint_at(self._waypoints, self._dt_s, now_s - self._stamp_s)
        position = np.clip(waypoint, self._spec.low, self._spec.high)
        self._allowed.project(position)
        zero = np.zeros_like(position)
        return Command(self._spec.names, position, zero, zero, self._stamp_s)

    def _save(self) -> None:
        """Returns nothing: a sample depends on the time alone."""

    def _restore(self, state: None) -> None:
        """Does nothing."""


PLUGIN = HoldSmoother
