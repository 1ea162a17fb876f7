"""Service and topics of the manual mode, in which a person moves the robot and not the policy."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import shown
from ros_animate.limits import CONTROLS, POSITION
from ros_animate.nodes.control_loop import ControlLoop
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.endpoints import make_publisher, make_subscription
from ros_animate.nodes.message_checks import check_count, check_range
from ros_animate.nodes.messages import Joints
from ros_animate.nodes.qos import LATCHED, RELIABLE

WARNING_PERIOD_S = 5.0


class ManualControl:
    """Service `~/set_manual`, targets `~/manual_targets` (some joints, SI units), state `~/manual`.

    Args:
        node: Node that offers them.
        loop: Control loop that is steered.
        joints: Joints of the robot.
        steady_s: The steady clock of the control loop.
    """

    def __init__(self, node: Node, loop: ControlLoop, joints: Joints,
                 steady_s: Callable[[], float]) -> None:
        self._node, self._loop, self._steady_s = node, loop, steady_s
        self._controls = dict(zip(joints.names, joints.controls))
        self._to_si = dict(zip(joints.names, joints.to_si))
        self._state = make_publisher(node, Bool, '~/manual', LATCHED)
        node.create_service(SetBool, '~/set_manual', self._set)
        make_subscription(node, JointState, '~/manual_targets', self._receive, RELIABLE)
        self.publish()

    def publish(self) -> None:
        """Publishes whether the manual mode is on."""
        self._state.publish(Bool(data=self._loop.manual))

    def _set(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        response.message = self._loop.set_manual(request.data, self._steady_s())
        response.success = self._loop.manual == request.data
        self._node.get_logger().info(f'manual mode: {response.message}')
        self.publish()
        return response

    def _receive(self, message: JointState) -> None:
        try:
            self._move(message)
        except (MessageError, ConfigurationError, ValueError) as error:
            self._node.get_logger().warning(f'manual_targets rejected: {error}',
                                            throttle_duration_sec=WARNING_PERIOD_S)

    def _move(self, message: JointState) -> None:
        check_count(len(message.name), 'joint names', CONTROLS)
        if len(message.position) != len(message.name):
            raise MessageError(f'{len(message.position)} positions for {len(message.name)} joints')
        check_range(message.position, 'positions', -POSITION, POSITION)
        unknown = sorted(set(message.name) - set(self._controls))
        if unknown:
            raise MessageError(f'joints of another robot: {shown(unknown[:3])}')
        values = np.array([p / self._to_si[n] for n, p in zip(message.name, message.position)])
        self._loop.move_manually([self._controls[n] for n in message.name], values,
                                 self._steady_s())
