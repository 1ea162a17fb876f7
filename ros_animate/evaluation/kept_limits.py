"""Limits of a robot in the commands that were sent to it."""
from __future__ import annotations

import numpy as np

from ros_animate.evaluation.bag_comparison import Check, Series
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

# Of the range or the limit; the safety layer is exact, messages pass through radians.
ROUNDING = 1e-6


def check_limits(commands: Series, spec: RobotSpec) -> list[Check]:
    """One check for each control, and one for the coupled limits.

    Args:
        commands: Sent commands, whose columns are the controls in the robot's order and units.
        spec: Description of the robot.
    """
    assert commands.rates is not None
    velocity, acceleration = np.abs(commands.rates)
    slack = ROUNDING * (spec.high - spec.low)
    excess = np.maximum(spec.low - commands.values, commands.values - spec.high)
    breaks = {'range': excess > slack,
              'velocity': velocity > spec.max_velocity * (1 + ROUNDING),
              'acceleration': acceleration > spec.max_acceleration * (1 + ROUNDING)}
    checks = []
    for i, name in enumerate(spec.names):
        counts = {limit: int(np.sum(broken[:, i])) for limit, broken in breaks.items()}
        text = ', '.join(f'{limit} broken {count} times' for limit, count in counts.items()
                         if count)
        checks.append(Check('limits', name, not text, text or (
            f'velocity up to {velocity[:, i].max() / spec.max_velocity[i]:.0%}, acceleration up to '
            f'{acceleration[:, i].max() / spec.max_acceleration[i]:.0%} of the limit')))
    if spec.coupled:
        checks.append(_check_coupled(commands.values, spec))
    return checks


def _check_coupled(poses: Array, spec: RobotSpec) -> Check:
    allowed = CoupledSet(spec, spec.low, spec.high)
    slack = ROUNDING * (spec.high - spec.low)
    broken = 0
    for pose in poses:
        nearest = pose.copy()
        allowed.project(nearest)
        broken += bool(np.any(np.abs(nearest - pose) > slack))
    return Check('limits', 'coupled limits', not broken,
                 f'{broken} of {len(poses)} commands break a coupled limit')
