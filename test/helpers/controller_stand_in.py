"""A stand-in for ros2_controllers' joint_trajectory_controller, as its documentation describes it.

A message on ~/joint_trajectory replaces the trajectory if it is valid: all joints and no others
(allow_partial_joints_goal is false), positions for every point, sizes that fit, time_from_start
strictly increasing, an end that is not in the past, and velocity zero there
(allow_nonzero_velocity_at_trajectory_end is false). A zero stamp starts it at once. Between points
the spline has the degree that their fields allow (5 with accelerations); before the first point it
starts at the present state; after the last point it holds.
"""
import time

import numpy as np
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from ros_animate.hardware.trajectory import quintic
from ros_animate.types import Command

RATE_HZ = 100.0


class Controller:
    """Follows accepted trajectories, publishes joint_states, keeps the reasons of rejections."""

    def __init__(self, node, name, joints, start):
        self._node, self._joints = node, list(joints)
        zero = np.zeros(len(joints))
        self._state = Command(tuple(joints), np.array(start, float), zero, zero, 0.0)
        self._points = []
        self.accepted, self.rejected = 0, []
        self._states = node.create_publisher(JointState, f'{name}/joint_states', 10)
        node.create_subscription(JointTrajectory, f'{name}/joint_trajectory', self._take, 10)
        node.create_timer(1 / RATE_HZ, self._update)

    @property
    def position(self):
        """(N,) where the joints are, in SI units."""
        return self._state.position

    def _take(self, message):
        why = self._wrong(message)
        if why:
            self.rejected.append(why)
            return
        self.accepted += 1
        order = [message.joint_names.index(joint) for joint in self._joints]
        stamp_s = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        behind_s = self._now() - stamp_s if stamp_s else 0.0
        start_s = time.monotonic() - behind_s
        present = (time.monotonic(), self._state)
        self._points = [present, *(
            (start_s + _seconds(point.time_from_start), self._command(point, order))
            for point in message.points)]

    def _command(self, point, order):
        values = [np.array(field)[order] if len(field) else np.zeros(len(order))
                  for field in (point.positions, point.velocities, point.accelerations)]
        return Command(tuple(self._joints), *values, 0.0)

    def _wrong(self, message):
        if sorted(message.joint_names) != sorted(self._joints):
            return 'joints'
        if not message.points:
            return 'no points'
        times = [_seconds(point.time_from_start) for point in message.points]
        if any(b <= a for a, b in zip(times, times[1:], strict=False)):
            return 'times do not increase'
        stamp_s = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        if stamp_s and stamp_s + times[-1] < self._now():
            return 'the end is in the past'
        if any(message.points[-1].velocities):
            return 'moves at the end'
        for point in message.points:
            if len(point.positions) != len(self._joints):
                return 'positions'
            if len(point.velocities) not in (0, len(self._joints)) or len(
                    point.accelerations) not in (0, len(self._joints)):
                return 'sizes'
        return ''

    def _update(self):
        now_s = time.monotonic()
        while len(self._points) > 1 and self._points[1][0] <= now_s:
            self._points.pop(0)
        if len(self._points) == 1:
            self._state = self._points[0][1]
        elif self._points:
            (start_s, start), (end_s, end) = self._points[:2]
            self._state = quintic(start, end, end_s - start_s, now_s - start_s)
        self._states.publish(JointState(
            header=_header(self._node), name=self._joints[::-1],
            position=self._state.position[::-1].tolist(),
            velocity=self._state.velocity[::-1].tolist()))

    def _now(self):
        return self._node.get_clock().now().nanoseconds * 1e-9


def _seconds(duration):
    return duration.sec + 1e-9 * duration.nanosec


def _header(node):
    from std_msgs.msg import Header
    return Header(stamp=node.get_clock().now().to_msg())
