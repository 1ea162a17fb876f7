"""No robot needed: actuators with limits, and the virtual face that shows them."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ros_animate.configuration import option
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.hardware.base import VirtualRobot
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, Image, RobotState


class MockRobot(VirtualRobot):
    """A robot whose actuators go to what is commanded as fast as they can, and no faster."""

    @dataclass(frozen=True)
    class Config:
        """Options of the virtual camera."""

        size: int = option(384, 'width and height of the rendered picture in pixels',
                           low=64, high=2048)
        view_cm: float = option(27.0, 'height of the view at the face in centimetres',
                                low=10.0, high=200.0)

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self.spec = spec
        self._face_map = FaceMap(spec)
        self._face = VirtualFace(self._face_map.appearance,
                                 Camera((config.size, config.size), config.view_cm))
        self._connected = False
        self._position: Array = spec.neutral.copy()
        self._goal: Array = spec.neutral.copy()
        self._velocity: Array = np.zeros(len(spec.names))
        self._now_s: float | None = None

    def connect(self) -> None:
        self._connected = True

    def disconnect(self) -> None:
        self._connected = False

    def write(self, command: Command, now_s: float) -> Command:
        """Takes the positions wanted at `now_s`, by name; controls not named keep theirs.

        The actuators follow a trajectory: they have been under way since the last call.
        """
        goal = self._goal.copy()
        for name, value in zip(command.names, command.position, strict=True):
            goal[self.spec.index(name)] = value
        self._goal = np.clip(goal, self.spec.low, self.spec.high)
        self._move(now_s)
        index = [self.spec.index(name) for name in command.names]
        return replace(command, position=self._goal[index])

    def read(self, now_s: float) -> RobotState:
        self._move(now_s)
        return RobotState(self.spec.names, self._position.copy(), self._velocity.copy(), now_s,
                          enabled=self._connected)

    def render(self) -> Image:
        return self._face.render(self._face_map.muscles(self._position))

    def reset(self) -> None:
        """Back to neutral."""
        self._position = self.spec.neutral.copy()
        self._goal = self.spec.neutral.copy()
        self._velocity = np.zeros(len(self.spec.names))
        self._now_s = None

    def _move(self, now_s: float) -> None:
        """The actuators' way since the last call."""
        if self._now_s is None or now_s <= self._now_s:
            self._now_s = now_s if self._now_s is None else self._now_s
            return
        reach = self.spec.max_velocity * (now_s - self._now_s)
        step = np.clip(self._goal - self._position, -reach, reach)
        self._position = self._position + step
        self._velocity = step / (now_s - self._now_s)
        self._now_s = now_s


PLUGIN = MockRobot
