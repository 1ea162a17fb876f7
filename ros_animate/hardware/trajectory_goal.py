"""A trajectory that is followed to its end, and checked against tolerances on the way.

The rules are those of joint_trajectory_controller: a new goal replaces the present one, each joint
may have a tolerance for the path and for the goal, and after the end of the trajectory there is
some time to arrive.
"""
from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ros_animate.errors import shown
from ros_animate.hardware.trajectory import TrajectoryFollower
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command

# Name of the source of commands in the safety layer.
SOURCE = '(goal)'
# Of the range; messages pass through radians.
ROUNDING = 1e-6


class GoalCode(enum.IntEnum):
    """Values of control_msgs/FollowJointTrajectory.Result.error_code."""

    SUCCESSFUL = 0
    INVALID_GOAL = -1
    INVALID_JOINTS = -2
    OLD_HEADER_TIMESTAMP = -3
    PATH_TOLERANCE_VIOLATED = -4
    GOAL_TOLERANCE_VIOLATED = -5


class GoalRefused(ValueError):
    """A goal that cannot be followed; the message says why."""


@dataclass(frozen=True)
class GoalTolerances:
    """Allowed differences between the desired and the actual state, in the robot's units.

    Attributes:
        path: (N,) on the way; infinite for none.
        goal: (N,) at the end; infinite for none.
        goal_time_s: Time to arrive after the end of the trajectory.
        path_from_s: Time from the start in which the path is not checked: the robot is blended
            from what it did before into the trajectory.
    """

    path: Array
    goal: Array
    goal_time_s: float
    path_from_s: float


@dataclass(frozen=True)
class Progress:
    """State of a goal at one moment.

    Attributes:
        desired: What the trajectory wants now.
        code: Result, None while the goal goes on.
        text: Explanation of the result.
    """

    desired: Command
    code: GoalCode | None = None
    text: str = ''


class TrajectoryGoal:
    """One goal.

    Args:
        spec: The robot.
        points: (time_s, command) of all controls in order of time; the times are those of `at`.
        start: (N,) position of the robot now.
        now_s: Time at which the goal begins.
        tolerances: Allowed differences.

    Raises:
        GoalRefused: The trajectory is impossible.
    """

    def __init__(self, spec: RobotSpec, points: Sequence[tuple[float, Command]], start: Array,
                 now_s: float, tolerances: GoalTolerances) -> None:
        check_goal(spec, points, now_s)
        self._spec, self._tolerances = spec, tolerances
        self._begin_s, self._end_s = now_s, points[-1][0]
        zero = np.zeros(len(spec.names))
        ahead = [(time_s, command) for time_s, command in points if time_s > now_s]
        present = Command(spec.names, start.copy(), zero, zero, now_s)
        self._follower = TrajectoryFollower()
        self._follower.take([(now_s, present), *ahead])
        self._final = points[-1][1]

    def target(self, now_s: float) -> Command:
        """The desired state of all controls, stamped with the present."""
        command = self._follower.at(now_s) if now_s < self._end_s else replace(
            self._final, velocity=0.0 * self._final.velocity,
            acceleration=0.0 * self._final.acceleration)
        assert command is not None
        return replace(command, stamp_s=now_s)

    def progress(self, now_s: float, actual: Array) -> Progress:
        """The state of the goal, where the robot is at `actual` (N,)."""
        desired = self.target(now_s)
        difference = np.abs(desired.position - actual)
        if now_s < self._end_s:
            is_checked = now_s - self._begin_s >= self._tolerances.path_from_s
            if is_checked and (difference > self._tolerances.path).any():
                return Progress(desired, GoalCode.PATH_TOLERANCE_VIOLATED,
                                self._violation(difference, self._tolerances.path, 'on the path'))
            return Progress(desired)
        if (difference <= self._tolerances.goal).all():
            return Progress(desired, GoalCode.SUCCESSFUL)
        if now_s > self._end_s + self._tolerances.goal_time_s:
            return Progress(desired, GoalCode.GOAL_TOLERANCE_VIOLATED, self._violation(
                difference, self._tolerances.goal,
                f'{self._tolerances.goal_time_s:g} s after the end'))
        return Progress(desired)

    def _violation(self, difference: Array, allowed: Array, where: str) -> str:
        worst = int(np.argmax(difference - np.where(np.isfinite(allowed), allowed, np.inf)))
        control, unit = self._spec.controls[worst], self._spec.controls[worst].unit or 'units'
        return (f'{control.joint} is {difference[worst]:.3g} {unit} off {where}, allowed '
                f'{allowed[worst]:.3g}; the safety layer keeps the limits of the robot')


def check_goal(spec: RobotSpec, points: Sequence[tuple[float, Command]], now_s: float) -> None:
    """Raises GoalRefused for a trajectory that cannot be followed to its end."""
    times = [time_s for time_s, _ in points]
    if any(b <= a for a, b in zip(times, times[1:])):
        raise GoalRefused('the times of its points do not increase')
    if times[-1] <= now_s:
        raise GoalRefused('its end is in the past: leave the stamp zero, or set the clocks')
    slack = ROUNDING * (spec.high - spec.low)
    for _, command in points:
        outside = ((command.position < spec.low - slack) | (command.position > spec.high + slack))
        if outside.any():
            i = int(np.argmax(outside))
            raise GoalRefused(f'{spec.joints[i]} is to go to {command.position[i]:g}, its range is '
                              f'{spec.low[i]:g} to {spec.high[i]:g}')
    moving = np.abs(points[-1][1].velocity) > 1e-6 * spec.max_velocity
    if moving.any():
        raise GoalRefused(f'{shown(spec.joints[int(np.argmax(moving))])} still moves at the end')


def with_velocities(points: Sequence[tuple[float, Command]]) -> list[tuple[float, Command]]:
    """Points that have positions alone, with the velocities of the straight way between them.

    The mean of both sides where it goes on, zero at the end and where a control turns round.
    """
    times = np.array([time_s for time_s, _ in points])
    positions = np.array([command.position for _, command in points])
    velocities = np.zeros_like(positions)
    if len(points) > 2:
        slopes = np.diff(positions, axis=0) / np.diff(times)[:, None]
        goes_on = slopes[:-1] * slopes[1:] > 0
        velocities[1:-1] = np.where(goes_on, 0.5 * (slopes[:-1] + slopes[1:]), 0.0)
    return [(time_s, replace(command, velocity=velocity))
            for (time_s, command), velocity in zip(points, velocities, strict=True)]
