"""The hardware node's hold on a robot: what is sent, what is seen, and what if it goes away."""
from __future__ import annotations

import threading
from collections.abc import Callable

from ros_animate.hardware.base import Robot, RobotError, VirtualRobot
from ros_animate.types import Command, Image, RobotState

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0


class RobotLink:
    """A robot that may go away: while it is gone, a thread connects again, less and less often.

    Args:
        robot: Connected here; raises RobotError.
        on_trouble: Called with the reason, in any thread.

    Attributes:
        trouble: Why the robot is gone; '' while it is there.
    """

    def __init__(self, robot: Robot, on_trouble: Callable[[str], None]) -> None:
        self.trouble = ''
        self._robot, self._on_trouble = robot, on_trouble
        self._closing = threading.Event()
        self._connecting: threading.Thread | None = None
        robot.connect()

    def exchange(self, command: Command | None,
                 now_s: float) -> tuple[Command | None, RobotState | None]:
        """Sends a command, if any, and reads the state; (None, None) while the robot is gone."""
        if self.trouble:
            return None, None
        try:
            sent = None if command is None else self._robot.write(command, now_s)
            return sent, self._robot.read(now_s)
        except RobotError as error:
            self._lose(str(error))
            return None, None

    def close(self) -> None:
        """Disconnects."""
        self._closing.set()
        if self._connecting is not None:
            self._connecting.join()
        self._robot.disconnect()

    def _lose(self, why: str) -> None:
        self.trouble = why
        self._on_trouble(why)
        self._connecting = threading.Thread(target=self._connect, name='connect')
        self._connecting.start()

    def _connect(self) -> None:
        self._robot.disconnect()
        retry_s = FIRST_RETRY_S
        while not self._closing.wait(retry_s):
            try:
                self._robot.connect()
            except RobotError as error:
                self.trouble = str(error)
                self._on_trouble(self.trouble)
                retry_s = min(2 * retry_s, LAST_RETRY_S)
            else:
                self.trouble = ''
                return


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
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closing:
                return
            time_s = self._time_s
            self._publish(self._robot.render(), time_s)
