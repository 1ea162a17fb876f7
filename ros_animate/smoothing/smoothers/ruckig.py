"""Time-optimal jerk-limited motion to the newest target by the library Ruckig.

A peer of our own smoother: Berscheid, Kröger, "Jerk-limited Real-time Trajectory Generation with
Arbitrary Target States", RSS 2021.
"""
from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.smoothing.chunks import ChunkReceiver, ReceiverOptions
from ros_animate.types import ActionChunk, Array, Command


class RuckigSmoother(Smoother):
    """Moves to the first waypoint of the newest chunk, each control by itself.

    Keeps ranges at rest, velocity, acceleration and jerk limits; coupled limits hold for the
    targets but not on the way.
    """

    @dataclass(frozen=True)
    class Config(ReceiverOptions):
        """Options of the Ruckig smoother."""

        full_acceleration_s: float = option(0.01, 'time from no to full acceleration, which sets '
                                             'the jerk limit', low=0.001, high=1.0)

    changeable = ('full_acceleration_s', 'compensation')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._library = _library()
        self._spec = spec
        self._receiver = ChunkReceiver(spec, config)
        self._allowed = CoupledSet(spec, spec.low, spec.high)
        self._generator = self._library.Ruckig(len(spec.names))
        self.configure(config)
        self.failures = 0
        self.reset()

    @property
    def dropped(self) -> int:
        """Number of chunks that could not be used."""
        return self._receiver.dropped + self.failures

    def reset(self) -> None:
        self._receiver.reset_stamp()
        self._stamp_s, self._start_s = 0.0, 0.0
        self._trajectory: Any = None
        self._rest = self._spec.neutral

    def configure(self, config: Config) -> None:
        self._receiver.options = config
        self._limits = self._spec.max_velocity, self._spec.max_acceleration, (
            self._spec.max_acceleration / config.full_acceleration_s)

    def push(self, chunk: ActionChunk, now_s: float) -> None:
        waypoints = self._receiver.receive(chunk)
        if waypoints is None:
            return
        target = np.clip(waypoints[0], self._spec.low, self._spec.high)
        self._allowed.project(target)
        trajectory = self._library.Trajectory(len(self._spec.names))
        try:
            self._generator.calculate(self._input(target, now_s), trajectory)
        except self._library.RuckigError:  # numerical trouble: the present trajectory continues
            self.failures += 1
            return
        self._trajectory, self._start_s, self._stamp_s = trajectory, now_s, chunk.stamp_s

    def sample(self, now_s: float) -> Command:
        return Command(self._spec.names, *self._motion_at(now_s), self._stamp_s)

    def _save(self) -> None:
        """Returns nothing: a sample depends on the time alone."""

    def _restore(self, state: None) -> None:
        """Does nothing."""

    def _motion_at(self, now_s: float) -> tuple[Array, Array, Array]:
        """Position, velocity and acceleration (N,)."""
        if self._trajectory is None:
            zero = np.zeros_like(self._rest)
            return self._rest, zero, zero
        position, velocity, acceleration = self._trajectory.at_time(now_s - self._start_s)
        return (np.clip(position, self._spec.low, self._spec.high), np.array(velocity),
                np.array(acceleration))

    def _input(self, target: Array, now_s: float) -> Any:
        """Input of the library for the way from the present motion to rest at a target (N,)."""
        request = self._library.InputParameter(len(self._spec.names))
        position, velocity, acceleration = self._motion_at(now_s)
        request.synchronization = self._library.Synchronization.No
        request.max_velocity, request.max_acceleration, request.max_jerk = map(
            list, self._limits)
        request.current_position = position.tolist()
        request.current_velocity = _tidy(velocity, self._limits[0])
        request.current_acceleration = _tidy(acceleration, self._limits[1])
        request.target_position = target.tolist()
        return request


def _tidy(values: Array, limit: Array) -> list[float]:
    """Values within the limit; tiny ones, at which the library fails, are 0."""
    return np.where(np.abs(values) < 1e-9 * limit, 0.0, np.clip(values, -limit, limit)).tolist()


def _library() -> Any:
    try:
        return importlib.import_module('ruckig')
    except ImportError as error:
        raise ConfigurationError('the smoother ruckig needs the library: pip install ruckig'
                                 ) from error


PLUGIN = RuckigSmoother
