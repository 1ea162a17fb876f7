"""The One-Euro filter alone: a low-pass that opens with speed, evaluated when it is sampled."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import option
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.smoothing.chunks import ChunkReceiver, ReceiverOptions, waypoint_at
from ros_animate.smoothing.filters import OneEuroFilter, OneEuroState
from ros_animate.types import ActionChunk, Array, Command


@dataclass(frozen=True)
class _State:
    """All that a sample changes. The arrays are replaced and never written to."""

    now_s: float | None
    position: Array
    velocity: Array
    acceleration: Array
    filter: OneEuroState


class OneEuroSmoother(Smoother):
    """Filters the target at every sample; keeps ranges and coupled limits, and no others."""

    @dataclass(frozen=True)
    class Config(ReceiverOptions):
        """Options of the filter."""

        cutoff_hz: float = option(3.0, 'cut-off frequency of the low-pass while the target does '
                                  'not move', low=0.1, high=100.0)
        openness: float = option(10.0, 'hertz of cut-off per range per second of speed', low=0.0,
                                 high=1000.0)

    changeable = ('cutoff_hz', 'openness', 'compensation')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._spec = spec
        self._receiver = ChunkReceiver(spec, config)
        self._allowed = CoupledSet(spec, spec.low, spec.high)
        self._filter = OneEuroFilter(spec, config.cutoff_hz, config.openness)
        self.reset()

    @property
    def dropped(self) -> int:
        """Number of chunks that could not be used."""
        return self._receiver.dropped

    def reset(self) -> None:
        self._receiver.reset_stamp()
        self._filter.reset()
        self._waypoints = self._spec.neutral[np.newaxis]
        self._dt_s, self._stamp_s = 1.0, 0.0
        self._position = self._spec.neutral.copy()
        self._velocity = np.zeros_like(self._position)
        self._acceleration = np.zeros_like(self._position)
        self._now_s: float | None = None

    def configure(self, config: Config) -> None:
        self._receiver.options = config
        self._filter.set_options(config.cutoff_hz, config.openness)

    def push(self, chunk: ActionChunk, now_s: float) -> None:
        waypoints = self._receiver.receive(chunk)
        if waypoints is not None:
            self._waypoints = np.clip(waypoints, self._spec.low, self._spec.high)
            self._dt_s, self._stamp_s = chunk.dt_s, chunk.stamp_s

    def sample(self, now_s: float) -> Command:
        if self._now_s is None:
            self._filter.step(self._position, now_s)
        elif now_s > self._now_s:
            self._advance(now_s, now_s - self._now_s)
        self._now_s = now_s
        return Command(self._spec.names, self._position, self._velocity, self._acceleration,
                       self._stamp_s)

    def _advance(self, now_s: float, dt_s: float) -> None:
        target = waypoint_at(self._waypoints, self._dt_s, now_s - self._stamp_s)
        position = self._filter.step(target, now_s).copy()
        self._allowed.project(position)
        velocity = (position - self._position) / dt_s
        self._acceleration = (velocity - self._velocity) / dt_s
        self._position, self._velocity = position, velocity

    def _save(self) -> _State:
        return _State(self._now_s, self._position, self._velocity, self._acceleration,
                      self._filter.state)

    def _restore(self, state: _State) -> None:
        self._now_s, self._position = state.now_s, state.position
        self._velocity, self._acceleration = state.velocity, state.acceleration
        self._filter.state = state.filter


PLUGIN = OneEuroSmoother
