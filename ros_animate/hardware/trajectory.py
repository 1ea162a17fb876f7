"""Following a trajectory that is replaced while it runs: where the robot shall be now.

Between two points that know position, velocity and acceleration runs the quintic polynomial that
meets all of them, as in ros2_controllers' joint_trajectory_controller. Before the first point and
after the last the nearest one is continued for a moment, then its position is held.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ros_animate.types import Array, Command


class TrajectoryFollower:
    """Samples the newest trajectory; needs no fixed rate on either side.

    Args:
        continue_s: How long a point is continued with its velocity and acceleration, so that two
            clocks of the same rate that drift against each other do not make the robot stutter.
    """

    def __init__(self, continue_s: float = 0.02) -> None:
        self.continue_s = continue_s
        self._times: list[float] = []
        self._points: list[Command] = []

    def take(self, points: Sequence[tuple[float, Command]]) -> None:
        """Replaces the trajectory by (time_s, command) points in order of time.

        Raises:
            ValueError: No points, or not in order.
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
            return self._continued(0, now_s)
        if index == len(self._times):
            return self._continued(-1, now_s)
        return quintic(self._points[index - 1], self._points[index],
                       self._times[index] - self._times[index - 1],
                       now_s - self._times[index - 1])

    def reset(self) -> None:
        """Forgets the trajectory."""
        self._times, self._points = [], []

    def _continued(self, index: int, now_s: float) -> Command:
        point, dt = self._points[index], now_s - self._times[index]
        if abs(dt) > self.continue_s:
            still = np.zeros_like(point.position)
            dt = float(np.clip(dt, -self.continue_s, self.continue_s))
            position, _ = _ahead(point, dt)
            return Command(point.names, position, still, still, point.stamp_s)
        return Command(point.names, *_ahead(point, dt), point.acceleration, point.stamp_s)


def _ahead(point: Command, dt: float) -> tuple[Array, Array]:
    return (point.position + dt * (point.velocity + 0.5 * dt * point.acceleration),
            point.velocity + dt * point.acceleration)


def quintic(start: Command, end: Command, duration_s: float, elapsed_s: float) -> Command:
    """The polynomial of degree five from `start` to `end`, `elapsed_s` after its start.

    Position, velocity and acceleration of both ends are met; the stamp is that of the start.
    """
    total, t = duration_s, elapsed_s
    a, b, c = start.position, start.velocity, 0.5 * start.acceleration
    # What the first three coefficients leave open at the end.
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
