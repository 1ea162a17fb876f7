"""Pairs from a real robot: command a pose, let it settle, take the camera's next image."""
from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ros_animate.collection.pairs import CONTROLS, Pair, random_stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.errors import UserError
from ros_animate.face.crop import centre_crop
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.safety_state import SafetyState
from ros_animate.images import encode_jpeg
from ros_animate.robot.governor import is_at_rest
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, Image

RATE_HZ = 60.0
# The image taken after the robot has settled: the first one may have been exposed before.
IMAGES = 2
ARRIVAL_TIMEOUT_S = 30.0
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
                 timing: Timing, clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep,
                 check: Callable[[], None] = lambda: None) -> None:
        """Checks that the robot may move.

        Args:
            robot: The connected robot.
            spec: Its description.
            config: Configuration of the safety layer.
            camera: Sees the robot.
            timing: Speed and waiting times.
            clock: Time in seconds.
            sleep: Waits for some seconds.
            check: Called at every tick; may raise an exception to stop.

        Raises:
            UserError: The emergency stop is in force.
        """
        self._robot, self._spec, self._camera, self._timing = robot, spec, camera, timing
        self._safety = Safety(dataclasses.replace(
            config, velocity_scale=min(config.velocity_scale, timing.speed),
            acceleration_scale=min(config.acceleration_scale, timing.speed)), spec,
            robot.read(0.0).position if robot.measures else None)
        if self._safety.estopped:
            raise UserError(f'the emergency stop is in force ({config.estop_file}): reset it first')
        self._clock, self._sleep, self._check = clock, sleep, check
        self._start_s = self._next_s = clock()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._check = lambda: None
        self._safety.rest('neutral')
        while not self._safety.at_rest:
            self._tick(None)

    def pair(self, pose: Array, size: int) -> Pair:
        """Moves to the pose (N,); an image of `size` pixels and the values that were sent.

        Raises:
            RobotError: The robot has a fault, is stopped, or does not arrive.
            UserError: The camera gives no images.
        """
        sent = self._settle(pose)
        count, _ = self._camera.newest()
        waiting_s = self._now()
        while (newest := self._camera.newest())[0] < count + IMAGES:
            if self._now() - waiting_s > self._timing.image_timeout_s:
                raise UserError(
                    f'no image of the robot for {self._timing.image_timeout_s:g} s: '
                    f'{self._camera.trouble or "is the camera on, and --images its topic?"}')
            sent = self._tick(pose)
        image = newest[1]
        assert image is not None
        return Pair(encode_jpeg(centre_crop(image, size), QUALITY), sent.position)

    def _settle(self, pose: Array) -> Command:
        began_s, standing_s = self._now(), np.inf
        while True:
            sent = self._tick(pose)
            now_s = self._now()
            moving = not is_at_rest(sent.velocity, self._spec.max_velocity)
            if self._safety.state is not SafetyState.TRACKING or moving:
                standing_s = np.inf
            elif np.isinf(standing_s):
                standing_s = now_s
            if now_s >= standing_s + self._timing.settle_s:
                return sent
            if now_s > began_s + ARRIVAL_TIMEOUT_S:
                raise RobotError(f'a pose was not reached within {ARRIVAL_TIMEOUT_S:g} s')

    def _tick(self, pose: Array | None) -> Command:
        self._check()
        now_s = self._now()
        target = None
        if pose is not None:
            zero = np.zeros_like(pose)
            target = Command(self._spec.names, pose, zero, zero, now_s)
        sent = self._robot.write(self._safety.step(target, now_s, SOURCE), now_s)
        state = self._robot.read(now_s)
        if pose is not None and (state.estop or state.fault):
            raise RobotError(f'the robot has stopped: {state.fault or "emergency stop"}')
        self._next_s = max(self._next_s + 1.0 / RATE_HZ, self._clock() - 1.0 / RATE_HZ)
        self._sleep(max(0.0, self._next_s - self._clock()))
        return sent

    def _now(self) -> float:
        return self._clock() - self._start_s


def record(recorder: Recorder, sampler: ControlSampler, seed: int, size: int, first: int,
           count: int) -> Iterator[Pair]:
    """Yields pairs number `first` to `count`; the poses are those of the virtual robot's pairs."""
    for index in range(first, count):
        yield recorder.pair(sampler.sample(random_stream(seed, CONTROLS, index)), size)
