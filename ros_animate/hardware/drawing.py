"""Images of a virtual robot, drawn by a process of its own.

Beside the commands the drawing would hold them up: it keeps Python's lock for most of its time.
Argument of the process: the number of its end of a pipe.
"""
from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

import cv2

from ros_animate.hardware.base import VirtualRobot
from ros_animate.processes import module_command
from ros_animate.robot.spec import RobotSpec
from ros_animate.scheduling import LOWEST_NICE, GivingWay, lower_priority
from ros_animate.types import Array, Image

AGAIN_S = 5.0  # until a process that has ended is started again
STOP_S = 2.0
MODULE = 'ros_animate.hardware.drawing'


class DrawingError(RuntimeError):
    """The process that draws has ended."""


class RobotDrawing:
    """The process that draws, started with the first image.

    Args:
        robot: Plug-in of the robot.
        config: Options of the plug-in.
        spec: The robot.
    """

    def __init__(self, robot: type[VirtualRobot], config: Any, spec: RobotSpec) -> None:
        self._made_of = robot, config, spec
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Connection | None = None
        self._ended_s = -AGAIN_S

    def draw(self, position: Array) -> Image | None:
        """Image of the robot in a pose (C,), (H, W, 3) uint8 RGB.

        Returns:
            None for a while after the process has ended.

        Raises:
            DrawingError: The process has just ended.
        """
        if time.monotonic() < self._ended_s + AGAIN_S:
            return None
        try:
            if self._link is None:
                self._link = self._start()
            self._link.send(position)
            image: Image = self._link.recv()
        except (EOFError, OSError) as error:
            self._ended_s = time.monotonic()
            raise DrawingError(f'the process that draws the robot has ended ({self.close()}); '
                               f'it is started again in {AGAIN_S:g} s') from error
        return image

    def close(self) -> str:
        """Ends the process; returns words about how it ended."""
        process, link = self._process, self._link
        self._process = self._link = None
        if link is not None:
            link.close()
        if process is None:
            return 'it was not started'
        try:
            return f'status {process.wait(STOP_S)}'
        except subprocess.TimeoutExpired:
            process.kill()
            return f'killed, status {process.wait()}'

    def _start(self) -> Connection:
        link, other = multiprocessing.Pipe()
        with other:
            self._process = subprocess.Popen([*module_command(MODULE), str(other.fileno())],
                                             stdin=subprocess.DEVNULL, pass_fds=[other.fileno()])
        lower_priority(self._process.pid, LOWEST_NICE)  # its start is work too
        link.send(self._made_of)
        return link


def main() -> int:
    """Draws until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the node gets it as well, and ends in order
    cv2.setNumThreads(1)
    with Connection(int(sys.argv[1])) as link:
        try:
            make, config, spec = link.recv()
            robot: VirtualRobot = make(config, spec)
            giving_way = GivingWay()
            while True:
                link.send(robot.render(link.recv()))
                time.sleep(giving_way.rest_s())
        except (EOFError, BrokenPipeError):
            return 0


if __name__ == '__main__':
    raise SystemExit(main())
