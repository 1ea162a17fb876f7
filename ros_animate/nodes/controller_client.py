"""ROS side of a robot with ros2_control: publishes trajectories, keeps the joint states."""
from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ros_animate.nodes.endpoints import make_publisher, make_subscription
from ros_animate.nodes.messages import duration_message
from ros_animate.nodes.qos import RELIABLE_NEWEST
from ros_animate.nodes.spinner import BackgroundNode
from ros_animate.types import Array


class ControllerClient:
    """Client of a joint_trajectory_controller.

    Args:
        controller: Name of the controller, with its namespace.
        joint_states: Topic of the joint states, '' for none.
        joints: (N,) joint names.

    Attributes:
        topic: Topic on which trajectories are published, or the action.
        fault: Reason why the controller does not follow; '' while it does.
    """

    interface = 'joint_trajectory'

    def __init__(self, controller: str, joint_states: str, joints: Sequence[str]) -> None:
        self.topic = f'{controller.rstrip("/")}/{self.interface}'
        self.fault = ''
        self._joints = list(joints)
        self._updated = threading.Condition()
        self._position, self._velocity = np.full((2, len(joints)), np.nan)
        self._updated_s = time.monotonic()
        self._background = BackgroundNode('joint_trajectory_client')
        node = self._background.node
        self._connect(node)
        if joint_states:
            make_subscription(node, JointState, joint_states, self._update, RELIABLE_NEWEST)

    def send(self, points: Sequence[tuple[float, Array, Array, Array]]) -> None:
        """Publishes (time_from_start_s, position, velocity, acceleration) points, in SI units.

        The zero stamp lets the controller start at once.
        """
        self._publisher.publish(self._message(points))

    def _connect(self, node: Node) -> None:
        self._publisher = make_publisher(node, JointTrajectory, self.topic, RELIABLE_NEWEST)

    def _message(self, points: Sequence[tuple[float, Array, Array, Array]]) -> JointTrajectory:
        return JointTrajectory(joint_names=self._joints, points=[
            JointTrajectoryPoint(positions=position.tolist(), velocities=velocity.tolist(),
                                 accelerations=acceleration.tolist(),
                                 time_from_start=duration_message(time_s))
            for time_s, position, velocity, acceleration in points])

    def has_controller(self) -> bool:
        """True if a controller is subscribed to the trajectories."""
        return bool(self._publisher.get_subscription_count())

    def joint_state(self) -> tuple[Array, Array, float]:
        """(position, velocity, age_s) of the joints in SI units; NaN for unknown positions."""
        with self._updated:
            return (self._position.copy(), np.nan_to_num(self._velocity),
                    time.monotonic() - self._updated_s)

    def wait_for_joints(self, timeout_s: float) -> list[str]:
        """Waits until the position of every joint is known; returns the joints without one."""
        with self._updated:
            self._updated.wait_for(lambda: bool(np.isfinite(self._position).all()), timeout_s)
            return [joint for joint, position in zip(self._joints, self._position, strict=True)
                    if not np.isfinite(position)]

    def close(self) -> None:
        """Ends the node."""
        self._background.close()

    def _update(self, message: JointState) -> None:
        indices = {name: i for i, name in enumerate(message.name)}
        with self._updated:
            for k, joint in enumerate(self._joints):
                i = indices.get(joint)
                if i is not None and i < len(message.position) and (
                        math.isfinite(message.position[i])):
                    self._position[k] = message.position[i]
                    velocity = message.velocity[i] if i < len(message.velocity) else 0.0
                    self._velocity[k] = velocity if math.isfinite(velocity) else 0.0
                    self._updated_s = time.monotonic()
            self._updated.notify_all()
