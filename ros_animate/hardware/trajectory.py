"""Sampling of a trajectory that is replaced while the robot follows it.

Between two points it is the quintic polynomial that meets position, velocity and acceleration of
both, as in ros2_controllers' joint_trajectory_controller. Before the first point and after the
last the nearest one is extrapolated for a moment, then its position is held.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ros_animate.types import Array, Command


class TrajectoryFollower:
    """Samples the newest trajectory; neither trajectories nor samples need a fixed rate.

    Args:
        continue_s: Time for which a point is extrapolated with its velocity and acceleration, so
            that the robot moves evenly although the clocks of sender and receiver drift.
    """

    def __init__(self, continue_s: float = 0.02) -> None:
        self.continue_s = continue_s
        self._times: list[float] = []
        self._points: list[Command] = []

    def take(self, points: Sequence[tuple[float, Command]]) -> None:
        """Replaces the trajectory by points (time_s, command) in order of time.

        Raises:
            ValueError: There are no points, or their times do not increase.
        """
        times = [time_s for time_s, _ in points]
        if not times or any(b <= a for a, b in zip(times, times[1:])):
            raise ValueError(f'the points of a trajectory increase in time, got {times}')
        self._times, self._points = times, [command for _, command in points]

    def at(self, now_s: float) -> Command | None:
        """The command for `now_s`; None before the first trajectory."""
        if not self._times:
            return None
        index = int(np.searchsorted(self._times, now_s, side='right'))
        if index == 0:
            return self._extrapolate(0, now_s)
        if index == len(self._times):
            return self._extrapolate(-1, now_s)
        return quintic(self._points[index - 1], self._points[index],
                       self._times[index] - self._times[index - 1],
                       now_s - self._times[index - 1])

    def reset(self) -> None:
        """Drops the trajectory."""
        self._times, self._points = [], []

    def _extrapolate(self, index: int, now_s: float) -> Command:
        """The first (0) or last (-1) point extrapolated to `now_s`, or held if that is far."""
        point, dt = self._points[index], now_s - self._times[index]
        if abs(dt) > self.continue_s:
            zero = np.zeros_like(point.position)
            dt = float(np.clip(dt, -self.continue_s, self.continue_s))
            position, _ = _motion_after(point, dt)
            return Command(point.names, position, zero, zero, point.stamp_s)
        return Command(point.names, *_motion_after(point, dt), point.acceleration, point.stamp_s)


def _motion_after(point: Command, dt: float) -> tuple[Array, Array]:
    """(N,) position and velocity `dt` after a point, with its acceleration."""
    return (point.position + dt * (point.velocity + 0.5 * dt * point.acceleration),
            point.velocity + dt * point.acceleration)


def quintic(start: Command, end: Command, duration_s: float, elapsed_s: float) -> Command:
    """The polynomial of degree five from `start` to `end`, `elapsed_s` after its start.

    It meets position, velocity and acceleration of both ends; the stamp is that of the start.
    """
    total, t = duration_s, elapsed_s
    a, b, c = start.position, start.velocity, 0.5 * start.acceleration
    # Errors that the first three coefficients leave at the end.
    p = end.position - (a + total * (b + total * c))
    v = end.velocity - (b + 2 * total * c)
    w = end.acceleration - 2 * c
    d = (10 * p - 4 * v * total + 0.5 * w * total ** 2) / total ** 3
    e = (-15 * p + 7 * v * total - w * total ** 2) / total ** 4
    f = (6 * p - 3 * v * total + 0.5 * w * total ** 2) / total ** 5
    return Command(
        start.names,
        a + t * (b + t * (c + t * (d + t * (e + t * f)))),
        b + t * (2 * c + t * (3 * d + t * (4 * e + t * 5 * f))),
        2 * c + t * (6 * d + t * (12 * e + t * 20 * f)),
        start.stamp_s)
