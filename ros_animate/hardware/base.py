"""The contract of robots (hardware plug-ins)."""
from __future__ import annotations

import abc

from ros_animate.errors import UserError
from ros_animate.types import Array, Command, Image, RobotState


class RobotError(UserError, RuntimeError):
    """The robot cannot be reached or has failed; the message names address and remedy."""


class Robot(abc.ABC):
    """A connection to a robot. As a context manager: entering connects, leaving disconnects.

    Built as `Class(config, spec)`. `write` and `read` never block longer than a tick.

    Attributes:
        measures: True if `read` gives measured positions, False if it repeats the last command.
    """

    measures: bool = True

    def __enter__(self) -> Robot:
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    @abc.abstractmethod
    def connect(self) -> None:
        """Opens the connection; raises RobotError."""

    @abc.abstractmethod
    def disconnect(self) -> None:
        """Closes the connection; may be called twice."""

    @abc.abstractmethod
    def write(self, command: Command, now_s: float) -> Command:
        """Sends the command; returns the command that was really sent."""

    @abc.abstractmethod
    def read(self, now_s: float) -> RobotState:
        """The state at `now_s`."""


class VirtualRobot(Robot):
    """A robot that can render an image of itself."""

    @abc.abstractmethod
    def render(self, position: Array | None = None) -> Image:
        """Image of a camera in front of the robot, (H, W, 3) uint8 RGB.

        Args:
            position: (C,) a pose in the robot's units; None for the present one.
        """
