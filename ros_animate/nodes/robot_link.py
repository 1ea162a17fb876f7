"""The hardware node's hold on a robot: what is sent, what is seen, and what if it goes away."""
from __future__ import annotations

import threading
from collections.abc import Callable

from ros_animate.hardware.base import Robot, RobotError, VirtualRobot
from ros_animate.processes import lower_priority
from ros_animate.types import Command, Image, RobotState


class RobotLink:
    """A robot that may go away.

    Args:
        robot: Not connected yet.

    Attributes:
        connected: The connection stands.
        trouble: Why it does not although it should; '' otherwise.
        measures: The robot tells where it is.
    """

    def __init__(self, robot: Robot) -> None:
        self.connected = False
        self.trouble = ''
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
        self.connected = False
        self._robot.disconnect()

    def exchange(self, command: Command | None,
                 now_s: float) -> tuple[Command | None, RobotState | None]:
        """Sends a command, if any, and reads the state; (None, None) if the robot is gone."""
        if not self.connected:
            return None, None
        try:
            sent = None if command is None else self._robot.write(command, now_s)
            return sent, self._robot.read(now_s)
        except RobotError as error:
            self.connected, self.trouble = False, str(error)
            return None, None


class RobotView:
    """Renders a virtual robot in a thread, so that no tick waits for a picture.

    Args:
        robot: To be rendered.
        publish: Called in that thread with the picture and the time that it shows.
    """

    def __init__(self, robot: VirtualRobot, publish: Callable[[Image, float], None]) -> None:
        self._robot, self._publish = robot, publish
        self._wanted = threading.Event()
        self._closing = False
        self._time_s = 0.0
        self._thread = threading.Thread(target=self._work, name='view')

    def start(self) -> None:
        """Begins to render what is wanted."""
        self._thread.start()

    def want(self, time_s: float) -> None:
        """Asks for a picture of now; nothing happens while one is being made."""
        self._time_s = time_s
        self._wanted.set()

    def close(self) -> None:
        """Ends the thread."""
        self._closing = True
        self._wanted.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        lower_priority()
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closing:
                return
            time_s = self._time_s
            self._publish(self._robot.render(), time_s)
