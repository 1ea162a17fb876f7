"""Moves a robot to poses behind the safety layer, tick by tick."""
from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.safety_state import SafetyState
from ros_animate.robot.governor import is_at_rest
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, RobotState

RATE_HZ = 60.0
FAULT_TIMEOUT_S = 3.0
ARRIVAL_TIMEOUT_S = 30.0  # in which a robot comes to any pose


def _no_check() -> None:
    """Never stops."""


@dataclass(frozen=True)
class Time:
    """The clock of a driver, in seconds, and how it waits.

    Attributes:
        clock: Steady time.
        sleep: Waits for some seconds.
        check: Called at every tick; may raise an exception to stop.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    check: Callable[[], None] = _no_check


REAL_TIME = Time()


class SimulatedTime:
    """Time that passes only while somebody waits, for robots that are simulated.

    Attributes:
        now_s: The present time.
    """

    def __init__(self) -> None:
        self.now_s = 0.0

    def clock(self) -> float:
        """The present time."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.now_s += seconds


@dataclass(frozen=True)
class Drive:
    """Result of one tick.

    Attributes:
        sent: Command as the robot took it.
        state: State of the robot.
        standing_s: Time for which the robot has stood still in this pose; -inf while it moves.
    """

    sent: Command
    state: RobotState
    standing_s: float


class PoseDriver:
    """Commands poses to a connected robot at a reduced speed.

    A context manager: leaving it, also after an error or Ctrl-C, brings the robot to neutral.

    Attributes:
        safety: The safety layer, which every command passes.
    """

    def __init__(self, robot: Robot, spec: RobotSpec, config: SafetyConfig, speed: float,
                 source: str, times: Time = REAL_TIME) -> None:
        """Starts where the robot is.

        Args:
            robot: The connected robot.
            spec: Its description.
            config: Options of the safety layer.
            speed: Share of the robot's velocity and acceleration, (0, 1].
            source: Name of the sender of the commands.
            times: The clock.
        """
        self.robot, self.spec = robot, spec
        self.safety = Safety(dataclasses.replace(
            config, velocity_scale=min(config.velocity_scale, speed),
            acceleration_scale=min(config.acceleration_scale, speed)), spec,
            robot.read(0.0).position if robot.measures else None)
        self._source, self._times, self._check = source, times, times.check
        self._start_s = self._next_s = times.clock()
        self._pose: Array | None = None
        self._stands_since_s = np.inf

    def __enter__(self) -> PoseDriver:
        return self

    def __exit__(self, *_: object) -> None:
        self._check = _no_check
        self.safety.rest('neutral')
        while not self.safety.at_rest:
            self.tick(None)

    @property
    def now_s(self) -> float:
        """Time since the start."""
        return self._times.clock() - self._start_s

    def tick(self, pose: Array | None) -> Drive:
        """Sends one command on the way to a pose (N,), None for no target; waits for the next tick.

        Raises:
            RobotError: The robot cannot be reached.
        """
        self._check()
        now_s, target = self.now_s, None
        if pose is not None:
            zero = np.zeros_like(pose)
            target = Command(self.spec.names, pose, zero, zero, now_s)
        sent = self.robot.write(self.safety.step(target, now_s, self._source), now_s)
        state = self.robot.read(now_s)
        clock = self._times.clock
        self._next_s = max(self._next_s + 1.0 / RATE_HZ, clock() - 1.0 / RATE_HZ)
        self._times.sleep(max(0.0, self._next_s - clock()))
        return Drive(sent, state, self._standing_s(pose, sent))

    def _standing_s(self, pose: Array | None, sent: Command) -> float:
        is_new = pose is None or self._pose is None or not np.array_equal(pose, self._pose)
        self._pose, now_s = pose, self.now_s
        if (is_new or self.safety.state is not SafetyState.TRACKING
                or not is_at_rest(sent.velocity, self.spec.max_velocity)):
            self._stands_since_s = np.inf
        else:
            self._stands_since_s = min(self._stands_since_s, now_s)
        return now_s - self._stands_since_s


def position_without_fault(robot: Robot, clock: Callable[[], float],
                           sleep: Callable[[float], None]) -> Array:
    """(N,) position once the robot reports no fault; raises RobotError if the fault persists."""
    start_s = clock()
    while (state := robot.read(clock() - start_s)).fault:
        if clock() - start_s > FAULT_TIMEOUT_S:
            raise RobotError(state.fault)
        sleep(1.0 / RATE_HZ)
    return state.position
