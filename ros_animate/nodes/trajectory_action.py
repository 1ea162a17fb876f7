"""Action FollowJointTrajectory of the hardware node, as joint_trajectory_controller offers it."""
from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectoryPoint

from ros_animate.configuration import option
from ros_animate.errors import cut, shown
from ros_animate.hardware.trajectory_goal import (
    GoalCode,
    GoalRefused,
    GoalTolerances,
    Progress,
    TrajectoryGoal,
    with_velocities,
)
from ros_animate.limits import CONTROLS
from ros_animate.nodes.control_loop import ControlLoop
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.message_checks import check_count
from ros_animate.nodes.messages import Joints, duration_message, seconds, stamp_message
from ros_animate.nodes.rclpy_compatibility import mark_executing
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, RobotState

NAME = '~/follow_joint_trajectory'
FEEDBACK_S = 0.05
UNLIMITED = -1.0  # of a tolerance in a goal


@dataclass(frozen=True)
class GoalOptions:
    """Options of the action."""

    goal_tolerance: float = option(0.01, 'how far from the end of a FollowJointTrajectory goal '
                                   'each control may be, as a fraction of its range', low=0.0,
                                   high=1.0)
    goal_time_s: float = option(1.0, 'time to arrive there after the end of the trajectory',
                                low=0.0, high=60.0)


def make_trajectory_action(node: Node, loop: ControlLoop, spec: RobotSpec, options: GoalOptions,
                           blend_s: float) -> TrajectoryAction | None:
    """The action; None where control_msgs is not installed."""
    try:
        from control_msgs.action import FollowJointTrajectory
    except ImportError:
        return None
    return TrajectoryAction(node, loop, spec, options, blend_s, FollowJointTrajectory)


class TrajectoryAction:
    """Server of the action `~/follow_joint_trajectory`. Goals pass through the safety layer.

    While a goal goes on, trajectories on the topic are not followed; afterwards they are again. A
    goal may name some of the joints: the others stay where they are.

    Args:
        node: Node that offers the action.
        loop: Control loop that follows the goals.
        spec: Description of the robot.
        options: Tolerances where a goal has none.
        blend_s: Time in which the safety layer blends from one source of commands to another.
        action_type: Class FollowJointTrajectory.
    """

    def __init__(self, node: Node, loop: ControlLoop, spec: RobotSpec, options: GoalOptions,
                 blend_s: float, action_type: Any) -> None:
        self._node, self._loop, self._spec, self._options = node, loop, spec, options
        self._type, self._blend_s, self._joints = action_type, blend_s, Joints.of(spec)
        self._lock = threading.RLock()
        self._active: tuple[Any, TrajectoryGoal] | None = None
        self._requested: TrajectoryGoal | None = None
        self._feedback_s = -np.inf
        self._server = ActionServer(
            node, action_type, NAME, lambda handle: self._type.Result(),
            goal_callback=self._consider, handle_accepted_callback=self._begin,
            cancel_callback=lambda handle: CancelResponse.ACCEPT)

    def update(self, now_s: float, state: RobotState | None) -> None:
        """Looks after the present goal; to be called after every tick."""
        with self._lock:
            if self._active is None:
                return
            handle, goal = self._active
            if handle.is_cancel_requested:
                self._finish(GoalCode.SUCCESSFUL, 'cancelled', 'canceled')
            elif obstacle := self._loop.obstacle:
                self._finish(GoalCode.INVALID_GOAL, f'ended: {obstacle}', 'abort')
            elif state is not None:
                progress = goal.progress(now_s, state.position)
                self._publish_feedback(handle, progress, state, now_s)
                if progress.code is not None:
                    ending = 'succeed' if progress.code == GoalCode.SUCCESSFUL else 'abort'
                    self._finish(progress.code, progress.text, ending)

    def close(self) -> None:
        """Ends the present goal."""
        with self._lock:
            if self._active is not None:
                self._finish(GoalCode.INVALID_GOAL, 'ended: the node ends', 'abort')

    def _consider(self, request: Any) -> GoalResponse:
        """Accepts a goal that can be followed; says in the log why one is rejected."""
        try:
            if obstacle := self._loop.obstacle:
                raise GoalRefused(obstacle)
            self._requested = self._goal(request)
        except (MessageError, GoalRefused) as error:
            self._node.get_logger().warning(f'goal rejected: {cut(str(error))}')
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _begin(self, handle: Any) -> None:
        with self._lock:
            if self._active is not None:
                self._finish(GoalCode.INVALID_GOAL, 'replaced by a newer goal', 'abort')
            assert self._requested is not None
            mark_executing(handle)
            self._active, self._feedback_s = (handle, self._requested), -np.inf
            self._loop.follow_goal(self._requested)

    def _finish(self, code: GoalCode, text: str, ending: str) -> None:
        """Ends the present goal; `ending` is the name of the handle's method."""
        assert self._active is not None
        handle, goal = self._active
        self._active = None
        self._loop.leave_goal(goal)

        def result(handle: Any) -> Any:
            if handle.is_active:
                getattr(handle, ending)()
            return self._type.Result(error_code=int(code), error_string=text)
        # Runs among the callbacks of the node, whichever thread this is.
        self._server.notify_execute(handle, result)

    def _goal(self, request: Any) -> TrajectoryGoal:
        """The goal of a request; raises MessageError or GoalRefused."""
        now_s = self._node.get_clock().now().nanoseconds * 1e-9
        position = self._loop.position
        trajectory = self._completed(request.trajectory, position)
        points = self._joints.trajectory_from_message(trajectory, now_s)
        if not any(len(point.velocities) for point in request.trajectory.points):
            points = with_velocities(points)
        return TrajectoryGoal(self._spec, points, position, now_s, self._tolerances(request))

    def _completed(self, trajectory: Any, position: Array) -> Any:
        """The trajectory with the joints that it does not name, which stay where they are."""
        named = list(trajectory.joint_names)
        check_count(len(named), 'joint names', CONTROLS)
        unknown = sorted(set(named) - set(self._joints.names))
        if unknown or len(set(named)) < len(named) or not named:
            raise MessageError(f'joints of another robot, or twice: {shown(unknown[:3] or named)}')
        still = {name: float(value) for name, value in zip(
            self._joints.names, position * self._joints.to_si) if name not in named}
        points = [_extended(point, len(named), list(still.values()))
                  for point in trajectory.points]
        return type(trajectory)(header=trajectory.header, joint_names=[*named, *still],
                                points=points)

    def _tolerances(self, request: Any) -> GoalTolerances:
        span = self._spec.high - self._spec.low
        time_s = seconds(request.goal_time_tolerance)
        return GoalTolerances(
            self._listed(request.path_tolerance, np.full(len(span), np.inf)),
            self._listed(request.goal_tolerance, self._options.goal_tolerance * span),
            time_s if time_s > 0 else self._options.goal_time_s, self._blend_s)

    def _listed(self, given: Sequence[Any], default: Array) -> Array:
        """(N,) tolerances in the robot's units: 0 is the default, -1 none."""
        values = default.copy()
        for tolerance in given:
            if tolerance.name not in self._joints.names:
                raise GoalRefused(f'a tolerance for {shown(tolerance.name)}, which is no joint')
            i = self._joints.names.index(tolerance.name)
            if tolerance.position == UNLIMITED:
                values[i] = np.inf
            elif tolerance.position > 0:
                values[i] = tolerance.position / self._joints.to_si[i]
            elif tolerance.position != 0:
                raise GoalRefused(f'the tolerance of {tolerance.name} is {tolerance.position:g}')
        return values

    def _publish_feedback(self, handle: Any, progress: Progress, state: RobotState,
                          now_s: float) -> None:
        if 0 <= now_s - self._feedback_s < FEEDBACK_S:
            return
        self._feedback_s = now_s
        desired, si = progress.desired, self._joints.to_si

        def point(position: Array, velocity: Array) -> JointTrajectoryPoint:
            return JointTrajectoryPoint(positions=(position * si).tolist(),
                                        velocities=(velocity * si).tolist(),
                                        time_from_start=duration_message(0.0))
        handle.publish_feedback(self._type.Feedback(
            header=Header(stamp=stamp_message(now_s), frame_id=self._spec.name),
            joint_names=self._joints.names, desired=point(desired.position, desired.velocity),
            actual=point(state.position, state.velocity),
            error=point(desired.position - state.position, desired.velocity - state.velocity)))


def _extended(point: Any, count: int, still: Sequence[float]) -> Any:
    """A point with joints that do not move; raises MessageError for a point of the wrong size."""
    fields = {}
    for name in ('positions', 'velocities', 'accelerations'):
        values = list(getattr(point, name))
        if len(values) != count and (values or name == 'positions'):
            raise MessageError(f'{len(values)} {name} for {count} joints')
        rest = still if name == 'positions' else [0.0] * len(still)
        fields[name] = [*values, *rest] if values else []
    return type(point)(time_from_start=point.time_from_start, **fields)
