"""The emergency stop's services and topics, and where it is kept over a restart."""
from __future__ import annotations

import os
import threading

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from ros_animate.hardware.safety import Safety

LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)


def estop_file(node: Node, robot: str) -> str:
    """A file of this node and robot in $ROS_HOME (~/.ros)."""
    home = os.environ.get('ROS_HOME') or os.path.expanduser('~/.ros')
    name = node.get_fully_qualified_name().strip('/').replace('/', '.')
    return os.path.join(home, 'ros_animate', f'{name}.{robot}.estop')


class EmergencyStopPort:
    """Services `~/estop` and `~/reset_estop`; topic `estop` (true stops); state `~/estopped`.

    A false on the topic does not end the stop: that takes the service.

    Args:
        node: Whose they are.
        safety: What is stopped.
        lock: Held while it is.
    """

    def __init__(self, node: Node, safety: Safety, lock: threading.Lock) -> None:
        self._node, self._safety, self._lock = node, safety, lock
        self._state = node.create_publisher(Bool, '~/estopped', LATCHED)
        node.create_service(Trigger, '~/estop', self._stop)
        node.create_service(Trigger, '~/reset_estop', self._reset)
        node.create_subscription(Bool, 'estop', self._hear, 10)
        self._publish()

    def _hear(self, message: Bool) -> None:
        if message.data and not self._safety.estopped:
            self._stop(Trigger.Request(), Trigger.Response())

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, 'stopped until ~/reset_estop is called'
        try:
            with self._lock:
                self._safety.estop()
        except OSError as error:
            response.message = f'stopped, but not over a restart: {error}'
        self._node.get_logger().error(f'emergency stop: {response.message}')
        self._publish()
        return response

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = True
        response.message = 'the robot moves again when the next command comes'
        try:
            with self._lock:
                self._safety.reset_estop()
        except OSError as error:
            response.success, response.message = False, f'still stopped: {error}'
        self._node.get_logger().warning(f'reset of the emergency stop: {response.message}')
        self._publish()
        return response

    def _publish(self) -> None:
        self._state.publish(Bool(data=self._safety.estopped))
