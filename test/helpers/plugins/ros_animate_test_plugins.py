"""Plug-ins of another package, as the node tests need them: quick, and at the tests' command."""
from __future__ import annotations

import dataclasses
import pathlib
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ros_animate.animation.base import Animator
from ros_animate.camera.base import Source, SourceError
from ros_animate.configuration import option
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.motion.base import Extractor
from ros_animate.policy.base import Policy
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Command, Frame, Image, Motion, RobotState


class Pluggable(Source):
    """A live camera that is there while a file exists."""

    live = True

    @dataclass(frozen=True)
    class Config:
        plug: str = option('', 'the file')
        fps: float = option(30.0, 'frames a second', low=1.0, high=1000.0)

    def __init__(self, config: Config) -> None:
        self.config = config
        self.fps = config.fps
        self._count = 0

    def open(self) -> None:
        if not pathlib.Path(self.config.plug).exists():
            raise SourceError('the camera is not plugged in')
        self._count = 0

    def read(self) -> Frame:
        time.sleep(1 / self.config.fps)
        if not pathlib.Path(self.config.plug).exists():
            raise SourceError('the camera has been unplugged')
        self._count += 1
        return Frame(np.full((48, 64, 3), 200, np.uint8), self._count / self.config.fps)

    def close(self) -> None:
        pass


class Brightness(Extractor):
    """A bright image is a face whose jaw is the more open the redder it is."""

    @dataclass(frozen=True)
    class Config:
        delay_s: float = option(0.0, 'time that a frame takes', low=0.0)

    def __init__(self, config: Config) -> None:
        self.config = config

    def extract(self, frame: Frame) -> Motion | None:
        time.sleep(self.config.delay_s)
        if frame.image.mean() < 40:
            return None
        height, width = frame.image.shape[:2]
        return Motion('brightness', frame.stamp_s, image_size=(width, height), rotation=np.eye(3),
                      landmarks=np.zeros((478, 3)),
                      expression={'jawOpen': float(frame.image[..., 0].mean() / 255)})


class Startled(Brightness):
    """As `brightness`; an image that is blue is a defect."""

    @dataclass(frozen=True)
    class Config(Brightness.Config):
        pass

    def extract(self, frame: Frame) -> Motion | None:
        if frame.image[..., 2].mean() > 150:
            raise RuntimeError('so blue')
        motion = super().extract(frame)
        return None if motion is None else dataclasses.replace(motion, model='startled')


class Tint(Animator):
    """The portrait, as red as the jaw is open."""

    extractor = 'brightness'

    @dataclass(frozen=True)
    class Config:
        pass

    def __init__(self, config: Config) -> None:
        self._image: Image | None = None

    def set_source(self, image: Image) -> None:
        self._image = image[:64, :64].copy()

    def animate(self, motion: Motion) -> Frame:
        assert self._image is not None
        image = self._image.copy()
        image[..., 0] = round(255 * motion.expression['jawOpen'])
        return Frame(image, motion.stamp_s)


class FromImage(Policy):
    """Image space: the jaw opens as the image is red."""

    observes: Literal['motion', 'image'] = 'image'

    @dataclass(frozen=True)
    class Config:
        pass

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._spec = spec

    def act(self, observation: Motion | Frame) -> ActionChunk:
        assert isinstance(observation, Frame)
        values = self._spec.neutral.copy()
        values[self._spec.index('Jaw Pitch')] = 1 - observation.image[..., 0].mean() / 255
        return ActionChunk(self._spec.names, values[None], 1 / 30, observation.stamp_s)


class Broken(FromImage):
    """Cannot be built."""

    observes: Literal['motion', 'image'] = 'motion'

    def __init__(self, config: FromImage.Config, spec: RobotSpec) -> None:
        raise RuntimeError('no weights')


class Fragile(Robot):
    """Can be reached while a file exists."""

    @dataclass(frozen=True)
    class Config:
        plug: str = option('', 'the file')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._config, self._spec = config, spec
        self._position = spec.neutral

    def connect(self) -> None:
        self._look()

    def disconnect(self) -> None:
        pass

    def write(self, command: Command, now_s: float) -> Command:
        self._look()
        self._position = command.position
        return command

    def read(self, now_s: float) -> RobotState:
        return RobotState(self._spec.names, self._position, np.zeros_like(self._position), now_s)

    def _look(self) -> None:
        if not pathlib.Path(self._config.plug).exists():
            raise RobotError('the robot does not answer')
