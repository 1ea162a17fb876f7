"""The expression that a robot shows: blendshapes and head angles for its control values."""
from __future__ import annotations

import numpy as np

from ros_animate.robot.rig import HEAD_ANGLES
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array


class RigInverse:
    """Least-squares inverse of a rig, for programs that show the robot's motion on an avatar.

    Args:
        spec: The robot; without a rig every expression is empty.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        controls = spec.rig.get('controls', {})
        self._features = sorted({feature for row in controls.values() for feature in row})
        weights = np.zeros((len(spec.names), len(self._features)))
        for name, row in controls.items():
            for feature, weight in row.items():
                weights[spec.index(name), self._features.index(feature)] = weight
        # Small features that several controls hint at weakly stay near 0.
        self._inverse = np.linalg.solve(weights.T @ weights + 0.05 * np.eye(len(self._features)),
                                        weights.T)

    def expression(self, position: Array) -> tuple[dict[str, float], tuple[float, float, float]]:
        """Blendshapes in [0, 1] as deviations from the neutral face, and the head's angles.

        Args:
            position: (N,) control values in the robot's units.
        """
        spec, moved = self._spec, position - self._spec.neutral
        degrees = np.array([control.unit == 'deg' for control in spec.controls])
        reach = np.where(moved > 0, spec.high - spec.neutral, spec.neutral - spec.low)
        drive = np.where(degrees, moved, moved / np.where(reach > 0, reach, 1.0))
        values = dict(zip(self._features, map(float, self._inverse @ drive)))
        yaw, pitch, roll = (values.pop(name, 0.0) for name in HEAD_ANGLES)
        return {name: min(max(v, 0.0), 1.0) for name, v in values.items()}, (yaw, pitch, roll)
