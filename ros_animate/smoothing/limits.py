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

import numpy as np

from ros_animate.hardware.coupling import TOLERANCE, CoupledSet
from ros_animate.hardware.spec import RobotSpec
from ros_animate.types import Array

REST = 1e-9  # of the greatest velocity
SHARES = (1.0, 0.5, 0.25, 0.1)  # of a wished change of velocity, tried in turn


class Governor:
    """Follows a moving target as closely as the limits of a robot let it.

    Attributes:
        position: (N,) where it is; starts at neutral.
        velocity: (N,) mean velocity of the last step.
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
        self.velocity = np.zeros_like(self.position)
        self.clamp(self.position)
        self._coupled = _Coupled(self)
        # Arrays of equal shapes and memory of our own: a step is a chain of small operations, whose
        # time goes into broadcasting and allocating.
        size = len(self.position)
        self._wish, self._work = np.empty((2, size))
        self._way, self._reach = np.zeros((4, size)), np.empty((2, size))
        self._ahead, self._above, self._below, self._to_corner = self._way
        self._up, self._down = self._reach
        self._top_speed, self._twice = (np.tile(values, (4, 1)) for values in (
            self.max_velocity, 2.0 * self.max_acceleration))
        self._gain, self._gain_squared = np.empty((2, 4, size))
        self._dt_s = -1.0

    @property
    def at_rest(self) -> bool:
        """Whether it stands, rounding aside."""
        return bool((np.abs(self.velocity) <= REST * self.max_velocity).all())

    def clamp(self, pose: Array) -> None:
        """Moves `pose` (N,) in place to an allowed one near it."""
        np.maximum(pose, self.low, out=pose)
        np.minimum(pose, self.high, out=pose)
        self.allowed.project(pose)

    def stand(self, position: Array) -> None:
        """Is at rest at an allowed `position` (N,) from now on."""
        self.position[:] = position
        self.velocity[:] = 0.0

    def step(self, target: Array, target_velocity: Array, dt_s: float,
             corner: Array | None = None, onward_squared: Array | None = None) -> None:
        """Moves on by `dt_s` > 0.

        Args:
            target: (N,) allowed pose to be at when the step ends.
            target_velocity: (N,) of the target.
            dt_s: Length of the step.
            corner: (N,) the pose at which the target will stop or turn; it is not overrun.
            onward_squared: Square of the target's velocity after the corner, where it goes on in
                the same direction.
        """
        if dt_s != self._dt_s:
            self._dt_s = dt_s
            np.multiply(self._twice, 0.5 * dt_s, out=self._gain)
            np.multiply(self._gain, self._gain, out=self._gain_squared)
        self._speeds(target, target_velocity, corner, onward_squared)
        wish, work, gain = self._wish, self._work, self._gain[0]
        np.copysign(self._ahead, work, out=wish)
        np.add(wish, target_velocity, out=wish)
        if corner is not None:
            np.minimum(wish, self._to_corner, out=wish)
            np.negative(self._to_corner, out=work)
            np.maximum(wish, work, out=wish)
        np.add(gain, self.velocity, out=self._up)
        np.subtract(gain, self.velocity, out=self._down)
        np.minimum(self._reach, self._way[1:3], out=self._reach)
        np.minimum(wish, self._up, out=wish)
        np.negative(self._down, out=work)
        np.maximum(wish, work, out=wish)
        if len(self.allowed.members):
            self._coupled.limit(wish, target, dt_s)
        self._move(dt_s)

    def _speeds(self, target: Array, target_velocity: Array, corner: Array | None,
                onward_squared: Array | None) -> None:
        """Fills `_way` with the fastest steps, none above V, that leave way enough to brake.

        u * dt + u^2 / 2A = way; at a corner the braking ends at the speed after it. Leaves in
        `_work` how far the target is ahead.
        """
        way, work = self._way, self._work
        np.multiply(target_velocity, self._dt_s, out=work)
        np.subtract(target, work, out=work)
        np.subtract(work, self.position, out=work)
        np.abs(work, out=self._ahead)
        np.subtract(self.high, self.position, out=self._above)
        np.subtract(self.position, self.low, out=self._below)
        if corner is not None:
            np.subtract(corner, self.position, out=self._to_corner)
            np.abs(self._to_corner, out=self._to_corner)
        np.multiply(way, self._twice, out=way)
        np.add(way, self._gain_squared, out=way)
        if onward_squared is not None:
            np.add(self._to_corner, onward_squared, out=self._to_corner)
        np.sqrt(way, out=way)
        np.subtract(way, self._gain, out=way)
        np.minimum(way, self._top_speed, out=way)

    def _move(self, dt_s: float) -> None:
        np.multiply(self._wish, dt_s, out=self._work)
        np.add(self.position, self._work, out=self.position)
        np.maximum(self.position, self.low, out=self.position)  # rounding alone
        np.minimum(self.position, self.high, out=self.position)
        self.velocity[:] = self._wish


class _Coupled:
    """The part of a step that keeps the coupled limits; works on the controls they involve."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor
        allowed = governor.allowed
        self._members, self._matrix = allowed.members, allowed.matrix
        self._bound = allowed.bound + TOLERANCE
        self._acceleration = governor.max_acceleration[self._members]
        self._velocity = governor.max_velocity[self._members]
        self._stop, self._excess = np.empty(len(self._members)), np.empty(len(self._bound))

    def limit(self, wish: Array, target: Array, dt_s: float) -> None:
        """Changes `wish` (N,), which keeps all other limits, where its stop point is forbidden."""
        x = self._governor.position[self._members]
        u = wish[self._members]
        if self._stop_allowed(x, u, dt_s):
            return
        before = self._governor.velocity[self._members]
        brake_s = float((np.abs(before) / self._acceleration).max())
        brake = before * max(0.0, 1.0 - dt_s / brake_s) if brake_s > 0 else before
        change = self._on_the_line(target[self._members] - x, dt_s) - before
        longest = float((np.abs(change) / self._acceleration).max())
        change *= min(1.0, dt_s / longest) if longest > 0 else 1.0
        for share in SHARES:
            u = brake + share * (before + change - brake)
            if self._stop_allowed(x, u, dt_s):
                break
        else:
            u = brake
        wish[self._members] = u

    def _stop_allowed(self, x: Array, u: Array, dt_s: float) -> bool:
        """Whether a step from x (M,) at velocity u (M,) can be braked after."""
        stop, excess = self._stop, self._excess
        np.abs(u, out=stop)
        np.divide(stop, self._acceleration, out=stop)
        np.multiply(u, dt_s + 0.5 * np.maximum.reduce(stop), out=stop)
        np.add(stop, x, out=stop)
        np.dot(self._matrix, stop, out=excess)
        np.subtract(excess, self._bound, out=excess)
        return bool(np.maximum.reduce(excess) <= 0.0)

    def _on_the_line(self, way: Array, dt_s: float) -> Array:
        """Velocity straight along `way` (M,), such that all arrive together and at rest."""
        size = np.abs(way)
        if not size.max() > 0:
            return way
        with np.errstate(divide='ignore'):
            acceleration = (self._acceleration / size).min()
            fastest = (self._velocity / size).min()
        gain = acceleration * dt_s
        return way * min(fastest, float(np.sqrt(gain * gain + 2 * acceleration)) - gain)


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
