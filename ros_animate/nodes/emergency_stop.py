"""Services and topics of the emergency stop, and its file."""
from __future__ import annotations

from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from ros_animate.hardware.estop import estop_path
from ros_animate.nodes.control_loop import ControlLoop
from ros_animate.nodes.endpoints import make_publisher, make_subscription
from ros_animate.nodes.qos import LATCHED, RELIABLE


def estop_file(node: Node, robot: str) -> str:
    """Path of the file for this node and robot in $ROS_HOME (~/.ros)."""
    return estop_path(node.get_fully_qualified_name().strip('/').replace('/', '.'), robot)


class EmergencyStopServices:
    """Services `~/estop` and `~/reset_estop`; topic `estop` (true stops); state `~/estopped`.

    A false on the topic does not end the stop: that takes the service.

    Args:
        node: Node that offers the services.
        loop: Control loop that is stopped.
    """

    def __init__(self, node: Node, loop: ControlLoop) -> None:
        self._node, self._loop = node, loop
        self._state = make_publisher(node, Bool, '~/estopped', LATCHED)
        node.create_service(Trigger, '~/estop', self._stop)
        node.create_service(Trigger, '~/reset_estop', self._reset)
        make_subscription(node, Bool, 'estop', self._stop_on_message, RELIABLE)
        self._publish()

    def _stop_on_message(self, message: Bool) -> None:
        if message.data and not self._loop.estopped:
            self._stop(Trigger.Request(), Trigger.Response())

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, 'stopped until ~/reset_estop is called'
        try:
            self._loop.estop()
        except OSError as error:
            response.message = f'stopped, but not over a restart: {error}'
        self._node.get_logger().error(f'emergency stop: {response.message}')
        self._publish()
        return response

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = True
        response.message = 'the robot moves again when the next command comes'
        try:
            self._loop.reset_estop()
        except OSError as error:
            response.success, response.message = False, f'still stopped: {error}'
        self._node.get_logger().warning(f'reset of the emergency stop: {response.message}')
        self._publish()
        return response

    def _publish(self) -> None:
        self._state.publish(Bool(data=self._loop.estopped))
