r"""Motion that keeps every limit of a robot, step by step, whatever it is asked for.

A `Governor` is a double integrator in discrete time: per step of `dt` it chooses a velocity u and
moves by u * dt. It keeps, at every step and for steps of any (also changing) length,

    range and coupled limits of the position, |u| <= V, |u - u_before| <= A * dt

which are the finite differences of what is sent. The argument is that it can always stop in time.
Braking at A from u takes at most the way u^2 / 2A, however the time is cut into steps (braked
velocities are summed up at the ends of the steps, where they are lowest). So if

    stop point  q = x + u * T / 2,  T = |u| / A

is allowed, then braking is allowed now, and leaves a q between x and the old q, which is allowed
again because ranges are convex. A step is taken only to where q is allowed, and braking is always
among the choices. Controls with coupled limits brake together, on the straight line from x to
their common q with T the longest of theirs; the poses that keep the coupled limits form a convex
set too, so the line lies in it.
"""
from __future__ import annotations

import math

import numpy as np

from ros_animate.robot.coupled_limits import TOLERANCE, CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

REST = 1e-9  # of the greatest velocity
SHARES = (1.0, 0.5, 0.25, 0.1)  # of a wished change of velocity, tried in turn


class Governor:
    """Follows a moving target as closely as the limits of a robot let it.

    Attributes:
        position: (N,) where it is; starts at neutral.
        velocity, last_velocity: (N,) mean velocity of the last step and of the one before.
        low, high: (N,) ranges.
        max_velocity, max_acceleration: (N,) limits.
        allowed: The poses that keep the coupled limits and the ranges.
    """

    def __init__(self, spec: RobotSpec, *, low: Array | None = None, high: Array | None = None,
                 max_velocity: Array | None = None,
                 max_acceleration: Array | None = None) -> None:
        """Limits that are not given are the robot's; raises ValueError if they are looser."""
        self.low = _tighter(low, spec.low, 1.0, 'low')
        self.high = _tighter(high, spec.high, -1.0, 'high')
        self.max_velocity = _tighter(max_velocity, spec.max_velocity, -1.0, 'max_velocity')
        self.max_acceleration = _tighter(max_acceleration, spec.max_acceleration, -1.0,
                                         'max_acceleration')
        self.allowed = CoupledSet(spec, self.low, self.high)
        self.position = spec.neutral.copy()
        self.velocity, self.last_velocity = np.zeros((2, len(self.position)))
        self.clamp(self.position)
        self._coupled = _Coupled(self) if len(self.allowed.members) else None
        # A step is a chain of small operations, whose time goes into calling them: what is alike is
        # done at once, in rows of one table (to target, high, low and corner; by how much the
        # velocity may rise and fall), and nothing is allocated.
        size = len(self.position)
        self._way, self._speed = np.zeros((2, 4, size))
        self._to_target, self._to_ends, self._to_corner = self._way[0], self._way[1:3], self._way[3]
        self._directed, self._directions = self._speed[:3], self._way[:3]
        self._towards, self._up, self._down, self._at_corner = self._speed
        self._ends = np.stack([self.high, self.low])
        self._reach, self._work = np.empty((2, size)), np.empty(size)
        self._most, self._least = self._reach
        self._top_speed = np.tile(self.max_velocity, (4, 1))
        signs = np.array([1, 1, 1, 1, 1, -1])[:, np.newaxis]
        self._accelerations = signs * self.max_acceleration
        self._twice = 2.0 * self._accelerations[:4]
        self._gains, self._gain_squared = np.empty((6, size)), np.empty((4, size))
        self._gain, self._change = self._gains[:4], self._gains[4:]
        self._dt_s, self._period_s = 0.0, np.zeros(())  # Python's numbers are converted each time

    @property
    def at_rest(self) -> bool:
        """Whether it stands, rounding aside."""
        return bool((np.abs(self.velocity) <= REST * self.max_velocity).all())

    def clamp(self, pose: Array, out: Array | None = None) -> None:
        """Moves `pose` (N,) to an allowed one near it, in place or in `out`."""
        out = pose if out is None else out
        np.maximum(pose, self.low, out)
        np.minimum(out, self.high, out)
        self.allowed.project(out)

    def stand(self, position: Array) -> None:
        """Is at rest at an allowed `position` (N,) from now on."""
        self.position[:] = position
        self.velocity[:] = 0.0

    def step(self, target: Array, target_velocity: Array, dt_s: float,
             corner: Array | None = None, onward_squared: Array | None = None) -> None:
        """Moves on by `dt_s` > 0.

        Args:
            target: (N,) where the target is when the step begins.
            target_velocity: (N,) with which it moves during the step, to an allowed pose.
            dt_s: Length of the step.
            corner: (N,) the pose at which the target will stop or turn; it is not overrun.
            onward_squared: Square of the target's velocity after the corner, where it goes on in
                the same direction.
        """
        if dt_s != self._dt_s:
            self._set_period(dt_s)
        self._find_speeds(target, corner, onward_squared)
        self.last_velocity, self.velocity = self.velocity, self.last_velocity
        self._choose(target_velocity, corner is not None)
        if self._coupled is not None:
            self._coupled.limit(self.velocity, self.last_velocity, target, target_velocity, dt_s)
        np.multiply(self.velocity, self._period_s, self._work)
        np.add(self.position, self._work, self.position)
        np.maximum(self.position, self.low, self.position)  # rounding alone
        np.minimum(self.position, self.high, self.position)

    def _set_period(self, dt_s: float) -> None:
        self._dt_s = self._period_s[()] = dt_s
        np.multiply(self._accelerations, self._period_s, self._gains)
        np.multiply(self._gain, self._gain, self._gain_squared)

    def _find_speeds(self, target: Array, corner: Array | None,
                     onward_squared: Array | None) -> None:
        """Fills `_speed` with the fastest steps, none above V, that leave way enough to brake.

        u * dt + u^2 / 2A = way; at a corner the braking ends at the speed after it. Those to the
        target and to the ends of the range get the sign of their way.
        """
        way, speed = self._way, self._speed
        np.subtract(target, self.position, self._to_target)
        np.subtract(self._ends, self.position, self._to_ends)
        if corner is not None:
            np.subtract(corner, self.position, self._to_corner)
        np.absolute(way, speed)
        np.multiply(speed, self._twice, speed)
        np.add(speed, self._gain_squared, speed)
        if onward_squared is not None:
            np.add(self._at_corner, onward_squared, self._at_corner)
        np.sqrt(speed, speed)
        np.subtract(speed, self._gain, speed)
        np.minimum(speed, self._top_speed, speed)
        np.copysign(self._directed, self._directions, self._directed)

    def _choose(self, target_velocity: Array, cornering: bool) -> None:
        """Sets `velocity` to the one that is wished for, within all but the coupled limits."""
        wish, work = self.velocity, self._work
        np.add(self._towards, target_velocity, wish)
        if cornering:
            np.minimum(wish, self._at_corner, wish)
            np.negative(self._at_corner, work)
            np.maximum(wish, work, wish)
        np.minimum(wish, self._up, wish)
        np.maximum(wish, self._down, wish)
        np.add(self.last_velocity, self._change, self._reach)
        np.minimum(wish, self._most, wish)
        np.maximum(wish, self._least, wish)


class _Coupled:
    """The part of a step that keeps the coupled limits; changes only the controls they involve."""

    def __init__(self, governor: Governor) -> None:
        self._governor, allowed = governor, governor.allowed
        bound = allowed.bound[:, np.newaxis] + TOLERANCE
        self._half_spaces = np.concatenate([allowed.matrix, -bound], axis=1)
        size = len(governor.position)
        self._member = np.zeros(size, dtype=bool)
        self._member[allowed.members] = True
        # Seconds for a unit of velocity and of way; nothing for controls without coupled limits.
        self._brake_s = np.where(self._member, 1.0 / governor.max_acceleration, 0.0)
        self._travel_s = np.where(self._member, 1.0 / governor.max_velocity, 0.0)
        self._longest_s = float((governor.max_velocity * self._brake_s).max())
        self._work, self._brake, self._change, self._try = np.empty((4, size))
        self._stop_and_one, self._excess = np.ones(size + 1), np.empty(len(bound))
        self._stop = self._stop_and_one[:size]

    def limit(self, wish: Array, before: Array, target: Array, target_velocity: Array,
              dt_s: float) -> None:
        """Changes `wish` (N,), which keeps all other limits, where its stop point is forbidden."""
        # Where even the longest braking ends at an allowed pose, so does each shorter one.
        if self._allowed_after(wish, dt_s + 0.5 * self._longest_s) or (
                self._stop_allowed(wish, dt_s)):
            return
        brake, change, velocity = self._brake, self._change, self._try
        braking_s = self._greatest(before, self._brake_s)
        np.multiply(before, max(0.0, 1.0 - dt_s / braking_s) if braking_s > 0 else 1.0, brake)
        self._go_straight(target, target_velocity, dt_s, change)
        np.subtract(change, before, change)
        longest_s = self._greatest(change, self._brake_s)
        np.multiply(change, min(1.0, dt_s / longest_s) if longest_s > 0 else 1.0, change)
        np.add(change, before, change)
        np.subtract(change, brake, change)
        for share in SHARES:
            np.multiply(change, share, velocity)
            np.add(velocity, brake, velocity)
            if self._stop_allowed(velocity, dt_s):
                break
        else:
            velocity = brake
        np.copyto(wish, velocity, where=self._member)

    def _stop_allowed(self, velocity: Array, dt_s: float) -> bool:
        """Whether a step at `velocity` (N,) can be braked after."""
        return self._allowed_after(velocity,
                                   dt_s + 0.5 * self._greatest(velocity, self._brake_s))

    def _allowed_after(self, velocity: Array, time_s: float) -> bool:
        """Whether going on at `velocity` (N,) leads to an allowed pose."""
        stop, excess = self._stop, self._excess
        np.multiply(velocity, time_s, stop)
        np.add(stop, self._governor.position, stop)
        self._half_spaces.dot(self._stop_and_one, excess)
        return bool(excess[excess.argmax()] <= 0.0)

    def _greatest(self, values: Array, weights: Array) -> float:
        """Of |values| * weights (N,)."""
        work = self._work
        np.absolute(values, work)
        np.multiply(work, weights, work)
        return float(work[work.argmax()])

    def _go_straight(self, target: Array, target_velocity: Array, dt_s: float, out: Array) -> None:
        """Velocity straight to the target (N,), such that all arrive together and at rest."""
        np.multiply(target_velocity, dt_s, out)
        np.add(out, target, out)
        np.subtract(out, self._governor.position, out)
        accelerating, travelling = (self._greatest(out, weights) for weights in (
            self._brake_s, self._travel_s))
        if accelerating > 0:
            gain = dt_s / accelerating
            np.multiply(out, min(1.0 / travelling,
                                 math.sqrt(gain * gain + 2.0 / accelerating) - gain), out)


def _tighter(limit: Array | None, robot: Array, sign: float, name: str) -> Array:
    """`limit`, or the robot's; raises ValueError where it is looser than the robot's."""
    if limit is None:
        return robot
    limit = np.asarray(limit, dtype=float)
    wrong = ~(sign * limit >= sign * robot)  # also NaN
    if limit.shape != robot.shape or wrong.any():
        raise ValueError(f'{name} must be {robot.shape} and not looser than {robot}, got {limit}')
    return limit.copy()


def stopping(spec: RobotSpec, position: Array, velocity: Array) -> tuple[float, Array]:
    """(time, (N,) pose) of the stop when all controls brake together from a state (N,)."""
    stop_s = float((np.abs(velocity) / spec.max_acceleration).max())
    return stop_s, np.clip(position + 0.5 * stop_s * velocity, spec.low, spec.high)
