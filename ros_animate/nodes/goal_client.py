"""Client of a joint_trajectory_controller that takes goals of FollowJointTrajectory."""
from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.node import Node

from ros_animate.errors import cut
from ros_animate.hardware.base import RobotError
from ros_animate.nodes.controller_client import ControllerClient
from ros_animate.types import Array

# After this time a goal that was not answered is taken for lost.
ANSWER_S = 1.0


class GoalClient(ControllerClient):
    """Sends goals, each of which replaces the one before, at no more than a given rate.

    Args:
        period_s: Least time between two goals.
        controller: Name of the controller, with its namespace.
        joint_states: Topic of the joint states, '' for none.
        joints: (N,) joint names.

    Raises:
        RobotError: control_msgs is not installed.
    """

    interface = 'follow_joint_trajectory'

    def __init__(self, period_s: float, controller: str, joint_states: str,
                 joints: Sequence[str]) -> None:
        try:
            from control_msgs.action import FollowJointTrajectory
        except ImportError as error:
            raise RobotError('the interface action needs the package control_msgs (Ubuntu: apt '
                             'install ros-jazzy-control-msgs)') from error
        self._type: Any = FollowJointTrajectory
        self._period_s, self._sent_s, self._number = period_s, -float('inf'), 0
        self._is_waiting = False
        super().__init__(controller, joint_states, joints)

    def send(self, points: Sequence[tuple[float, Array, Array, Array]]) -> None:
        """Sends a goal, unless the last one was sent a moment ago or waits for its answer."""
        now_s = time.monotonic()
        if now_s - self._sent_s < (ANSWER_S if self._is_waiting else self._period_s):
            return
        if not self._client.server_is_ready():
            return
        self._sent_s, self._is_waiting = now_s, True
        self._number += 1
        number = self._number
        self._client.send_goal_async(self._type.Goal(trajectory=self._message(points))
                                     ).add_done_callback(lambda f: self._answered(number, f))

    def has_controller(self) -> bool:
        """True if a controller offers the action."""
        return bool(self._client.server_is_ready())

    def _connect(self, node: Node) -> None:
        self._client: Any = ActionClient(node, self._type, self.topic)

    def _answered(self, number: int, future: Any) -> None:
        self._is_waiting = False
        handle = future.result()
        if not handle.accepted:
            self.fault = f'{self.topic} rejects the goals: its log says why'
            return
        self.fault = ''
        handle.get_result_async().add_done_callback(lambda f: self._ended(number, f))

    def _ended(self, number: int, future: Any) -> None:
        """Notes why the newest goal failed; earlier ones were replaced."""
        answer = future.result()
        if answer.status != GoalStatus.STATUS_SUCCEEDED and number == self._number:
            text = cut(answer.result.error_string) or f'status {answer.status}'
            self.fault = f'{self.topic} has ended the goal: {text}'
