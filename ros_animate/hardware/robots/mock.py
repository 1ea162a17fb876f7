"""Simulated robot: actuators with limits, shown by the virtual face."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ros_animate.configuration import option
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.hardware.base import VirtualRobot
from ros_animate.hardware.delay_line import DelayLine
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, Image, RobotState


class MockRobot(VirtualRobot):
    """A robot whose actuators move to their commands within their velocity limits.

    They are as late as the robot's file says.
    """

    @dataclass(frozen=True)
    class Config:
        """Options of the virtual camera."""

        size: int = option(384, 'width and height of the rendered image in pixels',
                           low=64, high=2048)
        view_cm: float = option(27.0, 'height of the view at the face in centimetres',
                                low=10.0, high=200.0)

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self.spec = spec
        self._face_map = FaceMap(spec)
        self._face = VirtualFace(self._face_map.appearance,
                                 Camera((config.size, config.size), config.view_cm))
        self._connected = False
        self.reset()

    def reset(self) -> None:
        """Returns to rest at neutral."""
        self._position: Array = self.spec.neutral.copy()
        self._target: Array = self.spec.neutral.copy()
        self._velocity: Array = np.zeros(len(self.spec.names))
        self._now_s: float | None = None
        self._commands = DelayLine(self.spec.delay_s, self._target)

    def connect(self) -> None:
        self._connected = True

    def disconnect(self) -> None:
        self._connected = False

    def write(self, command: Command, now_s: float) -> Command:
        """Sets the targets of the actuators for `now_s`; controls not named keep theirs.

        The actuators follow a trajectory: they have moved there since the last call.
        """
        indices = self.spec.indices(command.names)
        target = self._target.copy()
        target[indices] = command.position
        self._target = np.clip(target, self.spec.low, self.spec.high)
        self._commands.push(now_s, self._target)
        self._move(now_s)
        return replace(command, position=self._target[indices])

    def read(self, now_s: float) -> RobotState:
        self._move(now_s)
        return RobotState(self.spec.names, self._position.copy(), self._velocity.copy(), now_s,
                          enabled=self._connected)

    def render(self, position: Array | None = None) -> Image:
        shown = self._position if position is None else position
        return self._face.render(self._face_map.muscles(shown))

    def _move(self, now_s: float) -> None:
        """Moves the actuators by the time since the last call."""
        if self._now_s is None or now_s <= self._now_s:
            self._now_s = now_s if self._now_s is None else self._now_s
            return
        reach = self.spec.max_velocity * (now_s - self._now_s)
        step = np.clip(self._commands.at(now_s) - self._position, -reach, reach)
        self._position = self._position + step
        self._velocity = step / (now_s - self._now_s)
        self._now_s = now_s


PLUGIN = MockRobot
