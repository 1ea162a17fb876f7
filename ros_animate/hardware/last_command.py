"""The last command, as the state of robots that measure nothing."""
from __future__ import annotations

import numpy as np

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, RobotState


class LastCommand:
    """Positions and velocities of all controls as they were commanded last.

    Args:
        spec: The robot; it is taken to be at rest at neutral before the first command.

    Attributes:
        position: (N,) in the robot's units.
        velocity: (N,) per second.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        self.position: Array = spec.neutral.copy()
        self.velocity: Array = np.zeros_like(self.position)

    def update(self, command: Command) -> None:
        """Takes over a command; controls that it does not name keep their values.

        Raises:
            ConfigurationError: The robot has no control of that name.
        """
        indices = self._spec.indices(command.names)
        self.position[indices] = command.position
        self.velocity[indices] = command.velocity

    def state(self, now_s: float, *, enabled: bool, fault: str = '') -> RobotState:
        """The state of a robot that follows its commands exactly."""
        return RobotState(self._spec.names, self.position.copy(), self.velocity.copy(), now_s,
                          enabled=enabled, fault=fault)
