"""The ROS side of a robot with ros2_control: a publisher of trajectories, its joint states."""
from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence

import numpy as np
import rclpy
from builtin_interfaces.msg import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ros_animate.types import Array

NANOSECONDS = 10 ** 9


class ControllerClient:
    """A node of its own, in a context of its own: it serves inside and outside of our nodes.

    Args:
        controller: Name of the joint_trajectory_controller, with its namespace.
        joint_states: Topic to listen to, '' for none.
        joints: (N,) joint names.

    Attributes:
        topic: Where trajectories are published.
    """

    def __init__(self, controller: str, joint_states: str, joints: Sequence[str]) -> None:
        self.topic = f'{controller.rstrip("/")}/joint_trajectory'
        self._joints = list(joints)
        self._heard = threading.Condition()
        self._position, self._velocity = np.full((2, len(joints)), np.nan)
        self._heard_s = time.monotonic()
        self._context = rclpy.Context()
        self._context.init()
        self._node = rclpy.create_node('joint_trajectory_client', context=self._context)
        self._publisher = self._node.create_publisher(JointTrajectory, self.topic,
                                                      QoSProfile(depth=1))
        if joint_states:
            self._node.create_subscription(JointState, joint_states, self._hear, 1)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name='controller_client', daemon=True)
        self._thread.start()

    def send(self, points: Sequence[tuple[float, Array, Array, Array]]) -> None:
        """Publishes (time_from_start_s, position, velocity, acceleration) points, in SI units.

        The zero stamp lets the controller start at once.
        """
        self._publisher.publish(JointTrajectory(joint_names=self._joints, points=[
            JointTrajectoryPoint(positions=position.tolist(), velocities=velocity.tolist(),
                                 accelerations=acceleration.tolist(),
                                 time_from_start=_duration(time_s))
            for time_s, position, velocity, acceleration in points]))

    def has_controller(self) -> bool:
        """Whether anybody listens."""
        return bool(self._publisher.get_subscription_count())

    def joint_state(self) -> tuple[Array, Array, float]:
        """(position, velocity, age_s) of the joints in SI units; NaN for what was never heard."""
        with self._heard:
            return (self._position.copy(), np.nan_to_num(self._velocity),
                    time.monotonic() - self._heard_s)

    def wait_for_joints(self, timeout_s: float) -> list[str]:
        """Waits until every joint was heard of; returns those of which nothing was."""
        with self._heard:
            self._heard.wait_for(lambda: bool(np.isfinite(self._position).all()), timeout_s)
            return [joint for joint, position in zip(self._joints, self._position, strict=True)
                    if not np.isfinite(position)]

    def close(self) -> None:
        """Ends the node."""
        self._context.try_shutdown()
        self._thread.join()
        self._node.destroy_node()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _hear(self, message: JointState) -> None:
        indices = {name: i for i, name in enumerate(message.name)}
        with self._heard:
            for k, joint in enumerate(self._joints):
                i = indices.get(joint)
                if i is not None and i < len(message.position):
                    self._position[k] = message.position[i]
                    self._velocity[k] = message.velocity[i] if i < len(message.velocity) else 0.0
                    self._heard_s = time.monotonic()
            self._heard.notify_all()


def _duration(time_s: float) -> Duration:
    sec, nanosec = divmod(round(time_s * NANOSECONDS), NANOSECONDS)
    return Duration(sec=sec, nanosec=nanosec)
