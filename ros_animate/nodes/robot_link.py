"""Connection of the hardware node to its robot. Imports no ROS."""
from __future__ import annotations

from ros_animate.hardware.base import Robot, RobotError
from ros_animate.types import Command, RobotState


class RobotLink:
    """A robot that may become unreachable.

    Args:
        robot: The robot, not connected yet.

    Attributes:
        connected: True while the connection stands.
        trouble: Reason why the connection failed; '' otherwise.
        fault: Fault that the robot reports, e.g. that nobody gets its commands; '' otherwise.
        measures: True if the robot measures its position.
    """

    def __init__(self, robot: Robot) -> None:
        self.connected = False
        self.trouble = ''
        self.fault = ''
        self._robot = robot
        self.measures = robot.measures

    def connect(self) -> None:
        """Connects; raises RobotError, which then is the trouble."""
        try:
            self._robot.connect()
        except RobotError as error:
            self.trouble = str(error)
            raise
        self.connected, self.trouble = True, ''

    def disconnect(self) -> None:
        """Disconnects; may be called twice."""
        self.connected, self.fault = False, ''
        self._robot.disconnect()

    def exchange(self, command: Command | None,
                 now_s: float) -> tuple[Command | None, RobotState | None]:
        """Sends a command, if any, and reads the state; (None, None) if the robot is gone."""
        if not self.connected:
            return None, None
        try:
            sent = None if command is None else self._robot.write(command, now_s)
            state = self._robot.read(now_s)
            self.fault = state.fault
            return sent, state
        except RobotError as error:
            self.connected, self.fault, self.trouble = False, '', str(error)
            return None, None
