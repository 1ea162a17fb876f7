r"""Motion that keeps every limit of a robot, step by step, whatever target it follows.

A `Governor` is a double integrator in discrete time: per step of `dt` it chooses a velocity u and
moves by u * dt. It keeps, at every step and for steps of any (also changing) length,

    range and coupled limits of the position, |u| <= V, |u - u_before| <= A * dt

which are the finite differences of the positions. The argument is that it can always stop in time.
Braking at A from u takes at most the way u^2 / 2A, however the time is cut into steps (braked
velocities are summed up at the ends of the steps, where they are lowest). So if

    stop point  q = x + u * T / 2,  T = |u| / A

is allowed, then braking is allowed now, and leaves a q between x and the old q, which is allowed
again because ranges are convex. A step is taken only to where q is allowed, and braking is always
among the choices. Controls with coupled limits brake together, on the straight line from x to
their common q with T the longest of theirs; the poses that keep the coupled limits form a convex
set too, so the line lies in it.

A step is a chain of small NumPy operations, and most of its time goes into calling them. So alike
quantities are rows of one table that one call computes, all work arrays exist before the first
step, and the arithmetic is in place. Comments give the formulas.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ros_animate.robot.coupled_limits import TOLERANCE, CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

REST_SPEED = 1e-9  # relative to the greatest velocity
CHANGE_FRACTIONS = (1.0, 0.5, 0.25, 0.1)  # of a desired change of velocity, tried in turn


def is_at_rest(velocity: Array, max_velocity: Array) -> bool:
    """True if all velocities (N,) are zero, rounding aside."""
    return bool((np.abs(velocity) <= REST_SPEED * max_velocity).all())


def nearest_stop(spec: RobotSpec, position: Array, velocity: Array) -> tuple[float, Array]:
    """(time, (N,) pose) of the stop when all controls brake together from a state (N,)."""
    stop_s = float((np.abs(velocity) / spec.max_acceleration).max())
    return stop_s, np.clip(position + 0.5 * stop_s * velocity, spec.low, spec.high)


@dataclass(frozen=True)
class GovernorState:
    """State of motion of a `Governor`, (N,) each; the fields are those of the governor."""

    position: Array
    velocity: Array
    last_velocity: Array


class Governor:
    """Follows a moving target as closely as the limits of a robot allow.

    Attributes:
        position: (N,) present position; starts at neutral.
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
        self._coupled = _CoupledBraking(self) if len(self.allowed.members) else None
        self._allocate(len(self.position))

    def _allocate(self, size: int) -> None:
        """Makes the tables that a step works with, and names their rows."""
        # Rows: to the target, to the upper and to the lower end of the range, to the waypoint.
        self._distances = np.zeros((4, size))
        self._to_target, self._to_waypoint = self._distances[0], self._distances[3]
        self._to_range_ends = self._distances[1:3]
        # The fastest velocities that leave way enough to brake before these points.
        self._speeds = np.zeros((4, size))
        self._approach, self._upper, self._lower, self._waypoint_speed = self._speeds
        self._signed_speeds, self._signs = self._speeds[:3], self._distances[:3]
        # Velocities that the acceleration limit allows after the last one: highest and lowest.
        self._reachable = np.empty((2, size))
        self._highest, self._lowest = self._reachable
        self._work = np.empty(size)

        self._range_ends = np.stack([self.high, self.low])
        self._speed_limits = np.tile(self.max_velocity, (4, 1))
        signs = np.array([1, 1, 1, 1, 1, -1])[:, np.newaxis]
        self._accelerations = signs * self.max_acceleration
        self._twice_accelerations = 2.0 * self._accelerations[:4]
        # Changes of velocity A * dt in a step, and their squares.
        velocity_steps = self._velocity_steps = np.empty((6, size))
        self._step_speeds, self._up_and_down = velocity_steps[:4], velocity_steps[4:]
        self._step_speeds_squared = np.empty((4, size))
        self._dt_s = 0.0
        self._period_s = np.zeros(())  # NumPy converts Python's numbers at every operation

    @property
    def at_rest(self) -> bool:
        """True if it stands, rounding aside."""
        return is_at_rest(self.velocity, self.max_velocity)

    @property
    def state(self) -> GovernorState:
        """Copy of the state of motion."""
        return GovernorState(self.position.copy(), self.velocity.copy(),
                             self.last_velocity.copy())

    def restore(self, state: GovernorState) -> None:
        """Returns to a state of motion that it was in before."""
        self.position[:] = state.position
        self.velocity[:] = state.velocity
        self.last_velocity[:] = state.last_velocity

    def clamp(self, pose: Array, out: Array | None = None) -> None:
        """Moves `pose` (N,) to an allowed one near it, in place or in `out`."""
        out = pose if out is None else out
        np.maximum(pose, self.low, out)
        np.minimum(out, self.high, out)
        self.allowed.project(out)

    def reset(self, position: Array) -> None:
        """Is at rest at an allowed `position` (N,) from now on."""
        self.position[:] = position
        self.velocity[:] = 0.0

    def step(self, target: Array, target_velocity: Array, dt_s: float,
             waypoint: Array | None = None, exit_speed_squared: Array | None = None) -> None:
        """Moves on by `dt_s` > 0.

        Args:
            target: (N,) position of the target when the step begins.
            target_velocity: (N,) its velocity during the step, which ends at an allowed pose.
            dt_s: Length of the step.
            waypoint: (N,) pose at which the target will stop or turn; it is not overrun.
            exit_speed_squared: (N,) square of the target's velocity after the waypoint where it
                keeps its direction, 0 elsewhere.
        """
        if dt_s != self._dt_s:
            self._set_period(dt_s)
        self._find_speeds(target, waypoint, exit_speed_squared)
        self.last_velocity, self.velocity = self.velocity, self.last_velocity
        self._choose_velocity(target_velocity, waypoint is not None)
        if self._coupled is not None:
            self._coupled.limit(self.velocity, self.last_velocity, target, target_velocity, dt_s)
        # position += velocity * dt
        np.multiply(self.velocity, self._period_s, self._work)
        np.add(self.position, self._work, self.position)
        np.maximum(self.position, self.low, self.position)  # rounding alone
        np.minimum(self.position, self.high, self.position)

    def _set_period(self, dt_s: float) -> None:
        self._dt_s = self._period_s[()] = dt_s
        np.multiply(self._accelerations, self._period_s, self._velocity_steps)
        np.multiply(self._step_speeds, self._step_speeds, self._step_speeds_squared)

    def _find_speeds(self, target: Array, waypoint: Array | None,
                     exit_speed_squared: Array | None) -> None:
        """Sets `_speeds`: the fastest velocities that leave way enough to brake, none above V.

        A step at u and braking after it take the way u * dt + u^2 / 2A = d, so

            u = sqrt((A dt)^2 + 2 A d) - A dt

        and at a waypoint, where braking ends at the exit speed e,

            u = sqrt((A dt)^2 + 2 A d + e^2) - A dt

        The velocities to the target and to the ends of the range get the signs of their ways.
        """
        distances, speeds = self._distances, self._speeds
        np.subtract(target, self.position, self._to_target)
        np.subtract(self._range_ends, self.position, self._to_range_ends)
        if waypoint is not None:
            np.subtract(waypoint, self.position, self._to_waypoint)
        np.absolute(distances, speeds)
        np.multiply(speeds, self._twice_accelerations, speeds)
        np.add(speeds, self._step_speeds_squared, speeds)
        if exit_speed_squared is not None:
            np.add(self._waypoint_speed, exit_speed_squared, self._waypoint_speed)
        np.sqrt(speeds, speeds)
        np.subtract(speeds, self._step_speeds, speeds)
        np.minimum(speeds, self._speed_limits, speeds)
        np.copysign(self._signed_speeds, self._signs, self._signed_speeds)

    def _choose_velocity(self, target_velocity: Array, has_waypoint: bool) -> None:
        """Sets `velocity` to the desired one within all limits but the coupled ones.

        Desired is target velocity + approach. It is clamped to the speed at the waypoint, to the
        velocities that the ends of the range allow and to last velocity ± A dt.
        """
        velocity, work = self.velocity, self._work
        np.add(self._approach, target_velocity, velocity)
        if has_waypoint:
            np.minimum(velocity, self._waypoint_speed, velocity)
            np.negative(self._waypoint_speed, work)
            np.maximum(velocity, work, velocity)
        np.minimum(velocity, self._upper, velocity)
        np.maximum(velocity, self._lower, velocity)
        np.add(self.last_velocity, self._up_and_down, self._reachable)
        np.minimum(velocity, self._highest, velocity)
        np.maximum(velocity, self._lowest, velocity)


class _CoupledBraking:
    """Part of a step that keeps the coupled limits; changes only the controls they involve.

    Args:
        governor: The governor whose steps are limited.
    """

    def __init__(self, governor: Governor) -> None:
        self._governor, allowed = governor, governor.allowed
        # A pose is allowed if `half_spaces @ [pose, 1] <= 0`.
        bound = allowed.bound[:, np.newaxis] + TOLERANCE
        self._half_spaces = np.concatenate([allowed.matrix, -bound], axis=1)
        size = len(governor.position)
        self._is_member = np.zeros(size, dtype=bool)
        self._is_member[allowed.members] = True
        # Seconds for a unit of velocity and of way; 0 for controls without coupled limits.
        self._braking_time = np.where(self._is_member, 1.0 / governor.max_acceleration, 0.0)
        self._travel_time = np.where(self._is_member, 1.0 / governor.max_velocity, 0.0)
        self._longest_braking_s = float((governor.max_velocity * self._braking_time).max())
        self._work, self._braked, self._change, self._candidate = np.empty((4, size))
        self._pose_and_one, self._excess = np.ones(size + 1), np.empty(len(bound))
        self._pose = self._pose_and_one[:size]

    def limit(self, velocity: Array, last_velocity: Array, target: Array,
              target_velocity: Array, dt_s: float) -> None:
        """Changes `velocity` (N,), which keeps all other limits, if its stop point is forbidden.

        Args:
            velocity: (N,) desired velocity of the step; changed in place.
            last_velocity: (N,) velocity of the last step, whose stop point is allowed.
            target: (N,) position of the target when the step begins.
            target_velocity: (N,) its velocity during the step.
            dt_s: Length of the step.
        """
        # Where even the longest braking ends at an allowed pose, so does each shorter one.
        if self._allowed_after(velocity, dt_s + 0.5 * self._longest_braking_s) or (
                self._can_stop(velocity, dt_s)):
            return
        self._brake(last_velocity, dt_s, self._braked)
        self._find_change(last_velocity, target, target_velocity, dt_s)
        candidate = self._candidate
        for fraction in CHANGE_FRACTIONS:
            np.multiply(self._change, fraction, candidate)
            np.add(candidate, self._braked, candidate)
            if self._can_stop(candidate, dt_s):
                break
        else:
            candidate = self._braked
        np.copyto(velocity, candidate, where=self._is_member)

    def _brake(self, velocity: Array, dt_s: float, out: Array) -> None:
        """Sets `out` (N,) to the velocity after braking for a step on a straight line."""
        braking_s = self._greatest(velocity, self._braking_time)
        np.multiply(velocity, max(0.0, 1.0 - dt_s / braking_s) if braking_s > 0 else 1.0, out)

    def _find_change(self, last_velocity: Array, target: Array, target_velocity: Array,
                     dt_s: float) -> None:
        """Sets `_change` to the way from braking to the velocity that goes straight to the target.

        change = last velocity + share * (straight - last velocity) - braked, where `share` is the
        part of the change of velocity that the acceleration limit allows in a step.
        """
        change = self._change
        self._go_straight(target, target_velocity, dt_s, change)
        np.subtract(change, last_velocity, change)
        longest_s = self._greatest(change, self._braking_time)
        np.multiply(change, min(1.0, dt_s / longest_s) if longest_s > 0 else 1.0, change)
        np.add(change, last_velocity, change)
        np.subtract(change, self._braked, change)

    def _can_stop(self, velocity: Array, dt_s: float) -> bool:
        """True if a step at `velocity` (N,) can be followed by braking to an allowed pose."""
        braking_s = self._greatest(velocity, self._braking_time)
        return self._allowed_after(velocity, dt_s + 0.5 * braking_s)

    def _allowed_after(self, velocity: Array, time_s: float) -> bool:
        """True if position + velocity * time is an allowed pose."""
        pose, excess = self._pose, self._excess
        np.multiply(velocity, time_s, pose)
        np.add(pose, self._governor.position, pose)
        self._half_spaces.dot(self._pose_and_one, excess)
        return bool(excess[excess.argmax()] <= 0.0)

    def _greatest(self, values: Array, weights: Array) -> float:
        """The greatest of |values| * weights (N,)."""
        work = self._work
        np.absolute(values, work)
        np.multiply(work, weights, work)
        return float(work[work.argmax()])

    def _go_straight(self, target: Array, target_velocity: Array, dt_s: float, out: Array) -> None:
        """Sets `out` (N,) to the velocity with which all controls arrive together and at rest.

        It points from the position to the target's at the end of the step. Its length solves
        u * dt + u^2 / 2A = d for the slowest control, as in `Governor`.
        """
        np.multiply(target_velocity, dt_s, out)
        np.add(out, target, out)
        np.subtract(out, self._governor.position, out)
        accelerating = self._greatest(out, self._braking_time)
        travelling = self._greatest(out, self._travel_time)
        if accelerating > 0:
            gain = dt_s / accelerating
            speed = math.sqrt(gain * gain + 2.0 / accelerating) - gain
            np.multiply(out, min(1.0 / travelling, speed), out)


def _tighter(limit: Array | None, robot: Array, sign: float, name: str) -> Array:
    """`limit`, or the robot's; raises ValueError where it is looser than the robot's."""
    if limit is None:
        return robot
    limit = np.asarray(limit, dtype=float)
    looser = ~(sign * limit >= sign * robot)  # also NaN
    if limit.shape != robot.shape or looser.any():
        raise ValueError(f'{name} must be {robot.shape} and not looser than {robot}, got {limit}')
    return limit.copy()
