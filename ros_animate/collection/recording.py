"""Pairs from a real robot: command a pose, let it settle, take the camera's next image."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ros_animate.collection.pairs import CONTROLS, Pair, random_stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.errors import UserError
from ros_animate.face.crop import centre_crop
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.pose_driver import ARRIVAL_TIMEOUT_S, REAL_TIME, Drive, PoseDriver, Time
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.images import encode_jpeg
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, Image

# The image taken after the robot has settled: the first one may have been exposed before.
IMAGES = 2
QUALITY = 95
SOURCE = 'collect'


class Camera(Protocol):
    """A camera that sees the robot.

    Attributes:
        trouble: Reason why there is no image, '' if unknown.
    """

    trouble: str

    def newest(self) -> tuple[int, Image | None]:
        """Number of images so far, and the last one, (H, W, 3) uint8 RGB."""


@dataclass(frozen=True)
class Timing:
    """Speed and waiting times.

    Attributes:
        speed: Share of the robot's velocity and acceleration, (0, 1].
        settle_s: Time that the robot stands still before an image is taken.
        image_timeout_s: Time without an image after which the recording fails.
    """

    speed: float = 0.3
    settle_s: float = 0.4
    image_timeout_s: float = 5.0


class Recorder:
    """Moves the robot behind the safety layer, tick by tick, at reduced speed.

    A context manager around a connected robot: leaving it, also after an error or Ctrl-C, brings
    the robot to neutral.
    """

    def __init__(self, robot: Robot, spec: RobotSpec, config: SafetyConfig, camera: Camera,
                 timing: Timing, times: Time = REAL_TIME) -> None:
        """Checks that the robot may move.

        Args:
            robot: The connected robot.
            spec: Its description.
            config: Configuration of the safety layer.
            camera: Sees the robot.
            timing: Speed and waiting times.
            times: The clock.

        Raises:
            UserError: The emergency stop is in force.
        """
        self._camera, self._timing = camera, timing
        self._driver = PoseDriver(robot, spec, config, timing.speed, SOURCE, times)
        if self._driver.safety.estopped:
            raise UserError(f'the emergency stop is in force ({config.estop_file}): reset it first')

    def __enter__(self) -> Recorder:
        self._driver.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._driver.__exit__(*error)

    def pair(self, pose: Array, size: int) -> Pair:
        """Moves to the pose (N,); an image of `size` pixels and the values that were sent.

        Raises:
            RobotError: The robot has a fault, is stopped, or does not arrive.
            UserError: The camera gives no images.
        """
        sent = self._settle(pose)
        count, _ = self._camera.newest()
        waiting_s = self._driver.now_s
        while (newest := self._camera.newest())[0] < count + IMAGES:
            if self._driver.now_s - waiting_s > self._timing.image_timeout_s:
                raise UserError(
                    f'no image of the robot for {self._timing.image_timeout_s:g} s: '
                    f'{self._camera.trouble or "is the camera on, and --images its topic?"}')
            sent = self._tick(pose).sent
        image = newest[1]
        assert image is not None
        return Pair(encode_jpeg(centre_crop(image, size), QUALITY), sent.position)

    def _settle(self, pose: Array) -> Command:
        began_s = self._driver.now_s
        while True:
            drive = self._tick(pose)
            if drive.standing_s >= self._timing.settle_s:
                return drive.sent
            if self._driver.now_s > began_s + ARRIVAL_TIMEOUT_S:
                raise RobotError(f'a pose was not reached within {ARRIVAL_TIMEOUT_S:g} s')

    def _tick(self, pose: Array) -> Drive:
        drive = self._driver.tick(pose)
        if drive.state.estop or drive.state.fault:
            raise RobotError(f'the robot has stopped: {drive.state.fault or "emergency stop"}')
        return drive


def record(recorder: Recorder, sampler: ControlSampler, seed: int, size: int, first: int,
           count: int) -> Iterator[Pair]:
    """Yields pairs number `first` to `count`; the poses are those of the virtual robot's pairs."""
    for index in range(first, count):
        yield recorder.pair(sampler.sample(random_stream(seed, CONTROLS, index)), size)
