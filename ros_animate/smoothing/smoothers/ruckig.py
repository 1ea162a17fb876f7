"""Time-optimal jerk-limited motion to the newest wish by the library Ruckig.

A peer of our own smoother: Berscheid, Kröger, "Jerk-limited Real-time Trajectory Generation with
Arbitrary Target States", RSS 2021.
"""
from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.smoothing.targets import Inbox
from ros_animate.types import ActionChunk, Array, Command


class RuckigSmoother(Smoother):
    """Goes to the first waypoint of the newest chunk, each control by itself.

    Keeps ranges at rest, velocity, acceleration and jerk limits; coupled limits hold for the wishes
    but not on the way.
    """

    @dataclass(frozen=True)
    class Config:
        """Options of the Ruckig smoother."""

        full_acceleration_s: float = option(0.01, 'time from no to full acceleration, which sets '
                                             'the jerk limit', low=0.001, high=1.0)

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._library = _library()
        self._spec = spec
        self._inbox = Inbox(spec)
        self._allowed = CoupledSet(spec, spec.low, spec.high)
        self._generator = self._library.Ruckig(len(spec.names))
        self._limits = spec.max_velocity, spec.max_acceleration, (
            spec.max_acceleration / config.full_acceleration_s)
        self.failures = 0
        self.reset()

    @property
    def dropped(self) -> int:
        """Chunks that could not be used."""
        return self._inbox.dropped + self.failures

    def reset(self) -> None:
        self._inbox.forget()
        self._stamp_s, self._start_s = 0.0, 0.0
        self._trajectory: Any = None
        self._rest = self._spec.neutral

    def push(self, chunk: ActionChunk, now_s: float) -> None:
        waypoints = self._inbox.take(chunk)
        if waypoints is None:
            return
        target = np.clip(waypoints[0], self._spec.low, self._spec.high)
        self._allowed.project(target)
        trajectory = self._library.Trajectory(len(self._spec.names))
        try:
            self._generator.calculate(self._input(target, now_s), trajectory)
        except self._library.RuckigError:  # numerical trouble: the present trajectory goes on
            self.failures += 1
            return
        self._trajectory, self._start_s, self._stamp_s = trajectory, now_s, chunk.stamp_s

    def sample(self, now_s: float) -> Command:
        return Command(self._spec.names, *self._state(now_s), self._stamp_s)

    def preview(self, times_s: Sequence[float]) -> list[Command]:
        return [self.sample(time_s) for time_s in times_s]

    def _state(self, now_s: float) -> tuple[Array, Array, Array]:
        if self._trajectory is None:
            still = np.zeros_like(self._rest)
            return self._rest, still, still
        position, velocity, acceleration = self._trajectory.at_time(now_s - self._start_s)
        return (np.clip(position, self._spec.low, self._spec.high), np.array(velocity),
                np.array(acceleration))

    def _input(self, target: Array, now_s: float) -> Any:
        wish = self._library.InputParameter(len(self._spec.names))
        position, velocity, acceleration = self._state(now_s)
        wish.synchronization = self._library.Synchronization.No
        wish.max_velocity, wish.max_acceleration, wish.max_jerk = map(list, self._limits)
        wish.current_position = position.tolist()
        wish.current_velocity = _settled(velocity, self._limits[0])
        wish.current_acceleration = _settled(acceleration, self._limits[1])
        wish.target_position = target.tolist()
        return wish


def _settled(values: Array, limit: Array) -> list[float]:
    """Within the limit, and nothing so small that the library stumbles over it."""
    return np.where(np.abs(values) < 1e-9 * limit, 0.0, np.clip(values, -limit, limit)).tolist()


def _library() -> Any:
    try:
        return importlib.import_module('ruckig')
    except ImportError as error:
        raise ConfigurationError('the smoother ruckig needs the library: pip install ruckig'
                                 ) from error


PLUGIN = RuckigSmoother
