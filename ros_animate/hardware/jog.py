"""Moving one control of a robot by hand, slowly and behind the safety layer."""
from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.safety import Config, Safety
from ros_animate.robot.governor import REST
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command

RATE_HZ = 60.0
PATIENCE_S = 5.0  # with a robot that says what is wrong
# Of the robot's velocity and acceleration: a person watches and can pull the plug.
SLOWNESS = 0.1


def jog(robot: Robot, spec: RobotSpec, control: str, value: float, hold_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep) -> float:
    """Moves `control` to `value`, holds, goes back to neutral; returns where it was held.

    Args:
        robot: Not connected yet.
        spec: Its description.
        control: Name; the others stay neutral, but for coupled limits.
        value: In the robot's unit.
        hold_s: Time at the value, after the way to it.
        clock: Steady time in seconds.
        sleep: Waits for seconds.

    Raises:
        ConfigurationError: Unknown control, a value outside its range, or no time to hold.
        RobotError: The robot cannot be reached.
    """
    i = spec.index(control)
    if not spec.low[i] <= value <= spec.high[i]:
        raise ConfigurationError(f'{value:g} is outside the range of {control!r}, '
                                 f'{spec.low[i]:g} to {spec.high[i]:g}')
    if not 0.0 <= hold_s < np.inf:
        raise ConfigurationError(f'the time to hold is 0 s or longer, got {hold_s:g}')
    pose = spec.neutral.copy()
    pose[i] = value
    with robot:
        position = _where_it_is(robot, clock, sleep)
        safety = Safety(Config(velocity_scale=SLOWNESS, acceleration_scale=SLOWNESS), spec,
                        position)
        start_s, next_s, arrived_s, held = clock(), 0.0, np.inf, spec.neutral[i]
        while not safety.at_rest:
            now_s = clock() - start_s
            command = Command(spec.names, pose, np.zeros_like(pose), np.zeros_like(pose), now_s)
            sent = robot.write(safety.step(command, now_s, 'jog'), now_s)
            if np.isinf(arrived_s) and safety.state == 'tracking' and (
                    np.abs(sent.velocity) <= REST * spec.max_velocity).all():
                arrived_s, held = now_s, float(sent.position[i])
            if now_s > arrived_s + hold_s and safety.state != 'resting':
                safety.rest('neutral')
            next_s += 1.0 / RATE_HZ
            sleep(max(0.0, start_s + next_s - clock()))
    return held


def _where_it_is(robot: Robot, clock: Callable[[], float],
                 sleep: Callable[[float], None]) -> Array:
    """(N,) position of a robot that says that nothing is wrong; else raises RobotError."""
    start_s = clock()
    while (state := robot.read(clock())).fault:
        if clock() - start_s > PATIENCE_S:
            raise RobotError(state.fault)
        sleep(1.0 / RATE_HZ)
    return state.position
