r"""A chain of cubic Bézier curves that keeps every limit at every instant.

The trajectory is a uniform cubic B-spline: knots c_k, `knot_s` apart, that a `Governor` places one
after the other. Its piece between two knots is the Bézier curve with the control points

    (c0 + 4 c1 + c2) / 6,  (2 c1 + c2) / 3,  (c1 + 2 c2) / 3,  (c1 + 4 c2 + c3) / 6

one parameter for all controls. Neighbouring pieces agree in position, velocity and acceleration
whatever the knots are (C2), so new knots can follow at any time without a jump. And

* the curve lies in the convex hull of its control points, these in that of the knots: ranges and
  coupled limits, convex sets, hold along the curve because they hold at the knots;
* the control points of its velocity (first hodograph) are convex combinations of
  (c_{k+1} - c_k) / knot_s, the velocities of the governor;
* the control points of its acceleration (second hodograph) are
  (c_{k+2} - 2 c_{k+1} + c_k) / knot_s^2, the accelerations of the governor.

So the limits of the governor's steps are those of the curve between samples as well. A chunk
replaces the knots that the present piece does not use: the trajectory continues from its present
position, velocity and acceleration.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ros_animate.configuration import option
from ros_animate.robot.governor import Governor, GovernorState
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.smoothing.chunks import ChunkReceiver, ReceiverOptions
from ros_animate.smoothing.filters import StillnessFilter
from ros_animate.types import ActionChunk, Array, Command

# Control points of a Bézier piece from four knots.
KNOTS_TO_BEZIER = np.array([[1, 4, 1, 0], [0, 4, 2, 0], [0, 2, 4, 0], [0, 1, 4, 1]]) / 6.0
# Position less c0, velocity and acceleration (rows) at s in [0, 1] of a piece are sums of the steps
# c1 - c0, c2 - c1 and c3 - c2, which are all 0 at rest. The weights are polynomials in s.
STEPS = np.array([[[5, 3, -3, 1], [1, 3, 3, -2], [0, 0, 0, 1]],
                  [[3, -6, 3, 0], [3, 6, -6, 0], [0, 0, 3, 0]],
                  [[-6, 6, 0, 0], [6, -12, 0, 0], [0, 6, 0, 0]]]) / 6.0
PREPARED_S = 0.1  # of the way after a chunk, so that the next samples are quick
MAX_KNOTS = 512  # in memory; the older half is dropped when it is full


@dataclass(frozen=True)
class _Leg:
    """A straight piece of the way that the knots follow.

    Attributes:
        end_s: Time at which its end is due.
        end: (N,) pose at its end.
        velocity: (N,) velocity on the way.
        exit_speed_squared: (N,) square of the velocity after the end where it has the same
            direction; None for the last leg, at whose end the trajectory rests.
    """

    end_s: float
    end: Array
    velocity: Array
    exit_speed_squared: Array | None


@dataclass(frozen=True)
class _State:
    """All that a sample changes.

    Attributes:
        now_s: Time of the last call.
        start_s: Time of the first knot in memory.
        first: Index of the first knot of the present piece.
        knots: (K, N) knots from there on; older ones are not needed any more.
        legs: The way that the knots follow.
        leg: Index of the leg that the next knot is on.
        governor: State of the governor, which is at the last knot.
    """

    now_s: float | None
    start_s: float
    first: int
    knots: Array
    legs: list[_Leg]
    leg: int
    governor: GovernorState


class BezierSmoother(Smoother):
    """Follows chunks one chunk period behind, within the limits, later where it must be."""

    @dataclass(frozen=True)
    class Config(ReceiverOptions):
        """Options of the Bézier smoother."""

        knot_s: float = option(0.005, 'time between knots; the trajectory responds after two',
                               low=0.001, high=0.05)
        stillness: float = option(1.0, "noise level in units of the robot's jitter, up to which a "
                                  'face counts as still and is held still; 0 follows every target',
                                  low=0.0, high=10.0)

    changeable = ('stillness', 'compensation')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._config, self._spec = config, spec
        self._receiver = ChunkReceiver(spec, config)
        self._filter = StillnessFilter(spec, config.stillness)
        self._governor = Governor(spec)
        self._knots = np.empty((MAX_KNOTS, len(spec.names)))
        self._zero = np.zeros(len(spec.names))
        self._leg_position = np.empty(len(spec.names))
        self._steps = np.empty((3, len(spec.names)))
        per_second = config.knot_s ** -np.arange(3.0)
        self._polynomials = (STEPS * per_second[:, np.newaxis, np.newaxis]).reshape(9, 4)
        self._powers, self._weights = np.ones(4), np.empty((3, 3))
        self._flat_weights = self._weights.reshape(9)
        self._legs: list[_Leg] = []
        self._leg = 0
        self._start_s, self._count = 0.0, 0
        self.reset()

    @property
    def dropped(self) -> int:
        """Number of chunks that could not be used."""
        return self._receiver.dropped

    def reset(self) -> None:
        self._receiver.reset_stamp()
        self._filter.reset()
        self._stamp_s = 0.0
        self._now_s: float | None = None
        self._rest_at(self._spec.neutral, 0.0)

    def configure(self, config: Config) -> None:
        self._receiver.options = config
        self._filter.set_strength(config.stillness)

    def push(self, chunk: ActionChunk, now_s: float) -> None:
        self._note_time(now_s)
        waypoints = self._receiver.receive(chunk)
        if waypoints is None:
            return
        self._stamp_s = chunk.stamp_s
        targets = np.maximum(waypoints, self._governor.low)
        np.minimum(targets, self._governor.high, out=targets)
        targets += self._filter.step(targets[0], chunk.stamp_s) - targets[0]
        for target in targets:
            self._governor.clamp(target)
        self._drop_knots_after(now_s)
        self._plan(targets, chunk, now_s)
        self._extend(now_s + min(chunk.dt_s, PREPARED_S))

    def sample(self, now_s: float) -> Command:
        self._note_time(now_s)
        return self._at(now_s)

    def _save(self) -> _State:
        first = 0 if self._now_s is None else self._extend(self._now_s)
        return _State(self._now_s, self._start_s, first, self._knots[first:self._count].copy(),
                      self._legs, self._leg, self._governor.state)

    def _restore(self, state: _State) -> None:
        self._now_s = state.now_s
        if self._start_s == state.start_s:
            return  # no knot was dropped, and later samples would place the same ones ahead
        self._start_s = state.start_s
        self._count = state.first + len(state.knots)
        self._knots[state.first:self._count] = state.knots
        self._legs, self._leg = state.legs, state.leg
        self._governor.restore(state.governor)

    def piece(self, now_s: float) -> tuple[float, Array]:
        """(time of its start, (4, N) control points) of the Bézier curve at a time."""
        k = self._extend(now_s)
        return (self._start_s + k * self._config.knot_s,
                KNOTS_TO_BEZIER @ self._knots[k:k + 4])

    def _at(self, now_s: float) -> Command:
        """The trajectory at a time: c0 + the sum of weights (3, 3) times steps (3, N)."""
        k = self._extend(now_s)
        s = (now_s - self._start_s) / self._config.knot_s - k
        powers, knots = self._powers, self._knots
        powers[1], powers[2], powers[3] = s, s * s, s * s * s
        self._polynomials.dot(powers, self._flat_weights)
        np.subtract(knots[k + 1:k + 4], knots[k:k + 3], self._steps)
        state = self._weights.dot(self._steps)
        position = state[0]
        np.add(position, knots[k], position)
        return Command(self._spec.names, position, state[1], state[2], self._stamp_s)

    def _note_time(self, now_s: float) -> None:
        """Notes the time; if it went backwards, the trajectory continues from its present state."""
        if self._now_s is None:
            self._start_s = now_s
        elif now_s < self._now_s:
            self._start_s += now_s - self._now_s
            self._legs = [replace(leg, end_s=leg.end_s + now_s - self._now_s)
                          for leg in self._legs]
            self._receiver.reset_stamp()
        self._now_s = now_s

    def _rest_at(self, pose: Array, now_s: float) -> None:
        """Is at rest at an allowed pose (N,) from `now_s` on."""
        self._governor.reset(pose)
        self._knots[:4] = pose
        self._count, self._start_s = 4, now_s
        self._legs, self._leg = [_Leg(now_s, pose, self._zero, None)], 0

    def _drop_knots_after(self, now_s: float) -> None:
        """Drops the knots after the piece at `now_s` and sets the governor to the last one left."""
        self._count = self._extend(now_s) + 4
        last, before = self._knots[self._count - 1], self._knots[self._count - 2]
        self._governor.position[:] = last
        self._governor.velocity[:] = (last - before) / self._config.knot_s

    def _plan(self, targets: Array, chunk: ActionChunk, now_s: float) -> None:
        """Plans the way through the targets (H, N) that the next knots follow.

        It begins at the last knot in memory. A target is due one chunk period after `now_s`, plus
        the time until the next chunk's knots can begin.
        """
        h = self._config.knot_s
        due_s = [now_s + chunk.dt_s * k for k in range(1, len(targets) + 1)]
        if len(targets) > 1:
            targets = _interpolate(targets, (np.array(due_s) - chunk.stamp_s) / chunk.dt_s)
        start_s = self._knot_time(self._count - 1)
        delay_s = max(1.5 * h, start_s + h - due_s[0])
        self._plan_legs([start_s, *(time_s + delay_s for time_s in due_s)],
                        [self._governor.position.copy(), *targets])

    def _plan_legs(self, times_s: list[float], points: list[Array]) -> None:
        """Sets the legs between the points (N,), which are due at increasing times."""
        self._legs, self._leg = [], 0
        velocities = [(b - a) / (tb - ta) for a, b, ta, tb in zip(
            points, points[1:], times_s, times_s[1:], strict=False)]
        for k, velocity in enumerate(velocities):
            exit_speed_squared = None
            if k + 1 < len(velocities):
                after = velocities[k + 1]
                exit_speed_squared = np.where(after * velocity > 0, after * after, 0.0)
            self._legs.append(_Leg(times_s[k + 1], points[k + 1], velocity, exit_speed_squared))

    def _knot_time(self, k: int) -> float:
        """Time at which the curve is nearest to knot k."""
        return self._start_s + (k - 1) * self._config.knot_s

    def _extend(self, now_s: float) -> int:
        """Places knots until the piece at `now_s` has four; returns the index of its first."""
        k = max(math.floor((now_s - self._start_s) / self._config.knot_s), 0)
        while self._count < k + 4:
            if self._count == MAX_KNOTS:
                if self._rests():
                    self._rest_at(self._governor.position.copy(), now_s)
                    return 0
                k -= self._make_room()
            self._place_knot()
        return k

    def _rests(self) -> bool:
        """True if the trajectory has come to rest at its end."""
        return self._leg == len(self._legs) and self._governor.at_rest

    def _make_room(self) -> int:
        """Drops the older half of the knots; returns their number."""
        half = MAX_KNOTS // 2
        self._knots[:half] = self._knots[half:]
        self._count -= half
        self._start_s += half * self._config.knot_s
        return half

    def _place_knot(self) -> None:
        """Lets the governor follow the present leg for one step; its position is the knot."""
        time_s, h, legs = self._knot_time(self._count), self._config.knot_s, self._legs
        while self._leg < len(legs) and legs[self._leg].end_s < time_s:
            self._leg += 1
        if self._leg < len(legs):
            leg, position = legs[self._leg], self._leg_position
            # The leg's position when the step begins: end + (time - end's time) * velocity.
            np.multiply(leg.velocity, time_s - h - leg.end_s, position)
            np.add(position, leg.end, position)
            self._governor.step(position, leg.velocity, h, leg.end, leg.exit_speed_squared)
        else:
            rest = legs[-1].end
            self._governor.step(rest, self._zero, h, rest)
        self._knots[self._count] = self._governor.position
        self._count += 1


def _interpolate(waypoints: Array, at: Array) -> Array:
    """Rows of `waypoints` (H, N) at the fractional indices `at`; held beyond the ends."""
    at = np.clip(at, 0.0, len(waypoints) - 1.0)
    first = np.minimum(at.astype(int), len(waypoints) - 2)
    share = (at - first)[:, np.newaxis]
    return (1.0 - share) * waypoints[first] + share * waypoints[first + 1]


PLUGIN = BezierSmoother
