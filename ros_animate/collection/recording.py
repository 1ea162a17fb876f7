"""Pairs from a real robot: command a pose, let it settle, take the camera's next picture."""
from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ros_animate.collection.camera_effects import jpeg
from ros_animate.collection.pairs import CONTROLS, Pair, stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.errors import UserError
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.safety import TRACKING, Config, Safety
from ros_animate.policy.image import square
from ros_animate.robot.governor import REST
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, Image

RATE_HZ = 60.0
# Pictures taken after the robot has settled: the first may have been exposed before.
PICTURES = 2
ARRIVAL_TIMEOUT_S = 30.0
QUALITY = 95
SOURCE = 'collect'


class Camera(Protocol):
    """Sees the robot.

    Attributes:
        trouble: Why it has no picture, '' if it does not know.
    """

    trouble: str

    def newest(self) -> tuple[int, Image | None]:
        """How many pictures came so far, and the last one, (H, W, 3) uint8 RGB."""


@dataclass(frozen=True)
class Timing:
    """How a pose is taken.

    Attributes:
        speed: Part of the robot's velocity and acceleration, (0, 1].
        settle_s: How long the robot stands still before a picture.
        picture_timeout_s: After this time without a picture the camera is taken to be off.
    """

    speed: float = 0.3
    settle_s: float = 0.4
    picture_timeout_s: float = 5.0


class Recorder:
    """Moves the robot behind the safety layer, tick by tick, at reduced speed.

    A context manager around a connected robot: leaving it, also by an error or Ctrl-C, brings the
    robot to neutral.
    """

    def __init__(self, robot: Robot, spec: RobotSpec, config: Config, camera: Camera,
                 timing: Timing, clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep,
                 check: Callable[[], None] = lambda: None) -> None:
        """config: of the safety layer; check: called at every tick, may raise to stop."""
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
        """Takes the pose (N,); a picture of `size` pixels and the values that were sent.

        Raises:
            RobotError: The robot has a fault, is stopped, or does not arrive.
            UserError: No pictures come.
        """
        sent = self._settle(pose)
        seen, _ = self._camera.newest()
        waiting_s = self._now()
        while (newest := self._camera.newest())[0] < seen + PICTURES:
            if self._now() - waiting_s > self._timing.picture_timeout_s:
                raise UserError(
                    f'no picture of the robot for {self._timing.picture_timeout_s:g} s: '
                    f'{self._camera.trouble or "is the camera on, and --images its topic?"}')
            sent = self._tick(pose)
        image = newest[1]
        assert image is not None
        return Pair(jpeg(square(image, size), QUALITY), sent.position)

    def _settle(self, pose: Array) -> Command:
        began_s, still_s = self._now(), np.inf
        while True:
            sent = self._tick(pose)
            now_s = self._now()
            moving = (np.abs(sent.velocity) > REST * self._spec.max_velocity).any()
            if self._safety.state != TRACKING or moving:
                still_s = np.inf
            elif np.isinf(still_s):
                still_s = now_s
            if now_s >= still_s + self._timing.settle_s:
                return sent
            if now_s > began_s + ARRIVAL_TIMEOUT_S:
                raise RobotError(f'a pose was not reached within {ARRIVAL_TIMEOUT_S:g} s')

    def _tick(self, pose: Array | None) -> Command:
        self._check()
        now_s = self._now()
        wish = None
        if pose is not None:
            still = np.zeros_like(pose)
            wish = Command(self._spec.names, pose, still, still, now_s)
        sent = self._robot.write(self._safety.step(wish, now_s, SOURCE), now_s)
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
    """Pairs number `first` to `count`; the poses are those that the virtual robot gets."""
    for index in range(first, count):
        yield recorder.pair(sampler.sample(stream(seed, CONTROLS, index)), size)
