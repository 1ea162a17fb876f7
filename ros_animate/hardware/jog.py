"""Moving one control of a robot by hand, slowly and behind the safety layer."""
from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.pose_driver import RATE_HZ, position_without_fault
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.safety_state import SafetyState
from ros_animate.robot.governor import is_at_rest
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command

# Part of the robot's velocity and acceleration limits: a person can watch and pull the plug.
SPEED_SCALE = 0.1


def jog(robot: Robot, spec: RobotSpec, control: str, value: float, hold_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep) -> float:
    """Moves `control` to `value`, holds it and goes back to neutral; returns the value held.

    Args:
        robot: The robot, not connected yet.
        spec: Its description.
        control: Name of the control; the others stay neutral unless coupled limits move them.
        value: Target value in the robot's unit.
        hold_s: Time to stay at the value.
        clock: Steady time in seconds.
        sleep: Waits for seconds.

    Raises:
        ConfigurationError: Unknown control, a value outside its range, or no time to hold.
        RobotError: The robot cannot be reached.
    """
    i, pose = spec.index(control), _pose(spec, control, value)
    if not 0.0 <= hold_s < np.inf:
        raise ConfigurationError(f'the time to hold is 0 s or longer, got {hold_s:g}')
    config = SafetyConfig(velocity_scale=SPEED_SCALE, acceleration_scale=SPEED_SCALE)
    with robot:
        safety = Safety(config, spec, position_without_fault(robot, clock, sleep))
        start_s, next_s, arrived_s, held = clock(), 0.0, np.inf, spec.neutral[i]
        while not safety.at_rest:
            now_s = clock() - start_s
            command = Command(spec.names, pose, np.zeros_like(pose), np.zeros_like(pose), now_s)
            sent = robot.write(safety.step(command, now_s, 'jog'), now_s)
            if np.isinf(arrived_s) and safety.state is SafetyState.TRACKING and (
                    is_at_rest(sent.velocity, spec.max_velocity)):
                arrived_s, held = now_s, float(sent.position[i])
            if now_s > arrived_s + hold_s and safety.state is not SafetyState.RESTING:
                safety.rest('neutral')
            next_s += 1.0 / RATE_HZ
            sleep(max(0.0, start_s + next_s - clock()))
        if fault := robot.read(clock() - start_s).fault:
            raise RobotError(f'{fault}: where the robot is now is unknown')
    return held


def _pose(spec: RobotSpec, control: str, value: float) -> Array:
    """(N,) neutral but for one control; raises ConfigurationError if it is out of its range."""
    i, pose = spec.index(control), spec.neutral.copy()
    if not spec.low[i] <= value <= spec.high[i]:
        raise ConfigurationError(f'{value:g} is outside the range of {control!r}, '
                                 f'{spec.low[i]:g} to {spec.high[i]:g}')
    pose[i] = value
    return pose
