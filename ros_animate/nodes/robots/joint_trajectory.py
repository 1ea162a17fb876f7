"""Robots with ros2_control: sends commands to their joint_trajectory_controller."""
from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ros_animate.configuration import option
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.last_command import LastCommand
from ros_animate.robot.governor import nearest_stop
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Command, RobotState

if TYPE_CHECKING:
    from ros_animate.nodes.controller_client import ControllerClient

FIRST_STATES_TIMEOUT_S = 5.0  # includes discovery


class JointTrajectoryRobot(Robot):
    """Publishes each command as a trajectory of two points that starts at once.

    The first point is the command, the second the nearest stop behind it with velocity zero, as
    the controller demands for the end of a trajectory. There it brings the robot if no further
    command comes. With `interface: action` each is a goal of FollowJointTrajectory that replaces
    the one before, at a lower rate.
    """

    @dataclass(frozen=True)
    class Config:
        """Options of the connection."""

        controller: str = option('/joint_trajectory_controller', 'name of the controller, as '
                                 '`ros2 control list_controllers` gives it, with its namespace')
        interface: str = option('topic', 'how the controller gets trajectories: its topic '
                                'joint_trajectory, or its action follow_joint_trajectory '
                                '(control_msgs)', choices=('topic', 'action'))
        goal_rate_hz: float = option(20.0, 'goals a second with the interface action', low=1.0,
                                     high=100.0)
        horizon_s: float = option(0.02, 'time in which a command is to be reached; about the '
                                  'period of commands', low=0.001, high=1.0)
        joint_states: str = option('', "topic of the robot's own joint states, e.g. /joint_states; "
                                   'empty: the last command is taken for the state')
        state_timeout_s: float = option(1.0, 'older joint states are a fault', low=0.05,
                                        high=60.0)

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._config, self._spec = config, spec
        # Until the next goal the robot has to be on its way.
        self._horizon_s = config.horizon_s if config.interface == 'topic' else max(
            config.horizon_s, 1.0 / config.goal_rate_hz)
        self.measures = bool(config.joint_states)
        self._last_command = LastCommand(spec)
        self._client: ControllerClient | None = None

    def connect(self) -> None:
        self.disconnect()
        try:
            # The plug-in can be listed and described without ROS.
            from ros_animate.nodes.controller_client import ControllerClient
        except ImportError as error:
            raise RobotError(f'a ros2_control robot needs ROS 2 in this environment: {error}'
                             ) from error
        client: Any = ControllerClient
        if self._config.interface == 'action':
            from ros_animate.nodes.goal_client import GoalClient
            client = functools.partial(GoalClient, 1.0 / self._config.goal_rate_hz)
        self._client = client(self._config.controller, self._config.joint_states,
                              self._spec.joints)
        if self.measures:
            self._find_robot(self._client)

    def _find_robot(self, client: ControllerClient) -> None:
        """Takes the measured position as the start; raises RobotError if it is not known."""
        missing = client.wait_for_joints(FIRST_STATES_TIMEOUT_S)
        if missing:
            self.disconnect()
            raise RobotError(f'{self._config.joint_states} says nothing of {", ".join(missing)}: '
                             'are the joints named as in the robot file, does the robot run?')
        self._last_command.position[:] = client.joint_state()[0] / self._spec.si

    def disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def write(self, command: Command, now_s: float) -> Command:
        if self._client is None:
            raise RobotError(f'{self._config.controller} is not connected')
        self._last_command.update(command)
        position, velocity = self._last_command.position, self._last_command.velocity
        acceleration, zero = np.zeros((2, len(position)))
        acceleration[self._spec.indices(command.names)] = command.acceleration
        si, horizon_s = self._spec.si, self._horizon_s
        stop_s, stop = nearest_stop(self._spec, position, velocity)
        self._client.send([
            (horizon_s, position * si, velocity * si, acceleration * si),
            (horizon_s + max(stop_s, horizon_s), stop * si, zero, zero)])
        return command

    def read(self, now_s: float) -> RobotState:
        """The robot's joint states if there is a topic of them, else the last command."""
        client = self._client
        if client is None:
            return self._last_command.state(now_s, enabled=False, fault='not connected')
        if not client.has_controller():
            return self._last_command.state(now_s, enabled=False,
                                            fault=f'no controller listens at {client.topic}')
        if client.fault:
            return self._last_command.state(now_s, enabled=False, fault=client.fault)
        if not self._config.joint_states:
            return self._last_command.state(now_s, enabled=True)
        position, velocity, age_s = client.joint_state()
        fault = ''
        if age_s > self._config.state_timeout_s:
            fault = f'no joint states on {self._config.joint_states} for {age_s:.1f} s'
        position = np.where(np.isfinite(position), position / self._spec.si,
                            self._last_command.position)
        return RobotState(self._spec.names, position, velocity / self._spec.si, now_s,
                          fault=fault)


PLUGIN = JointTrajectoryRobot
