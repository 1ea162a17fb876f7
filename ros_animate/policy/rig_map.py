"""Blendshapes and head angles to control values by the robot's rig."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.robot.rig import rig_mistakes
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array


class RigMap:
    """Control values for differences from a relaxed face.

    Args:
        spec: Description of a robot with a rig.

    Raises:
        ConfigurationError: The robot has no rig, or mistakes in it.

    Attributes:
        rows: Gains of blendshapes and head angles, by the index of the control that they drive.
    """

    def __init__(self, spec: RobotSpec) -> None:
        if not spec.rig:
            raise ConfigurationError(f'robot {spec.name}: rig: missing; blendshapes drive the '
                                     'robot through it (see config/robots/ameca.yaml)')
        for _, _, mistake in rig_mistakes(spec.rig, spec.names):
            raise ConfigurationError(f'robot {spec.name}: {mistake}')
        self._spec = spec
        self.rows = {spec.index(name): row for name, row in spec.rig.get('controls', {}).items()}
        deg = np.array([control.unit == 'deg' for control in spec.controls])
        self._up = np.where(deg, 1.0, spec.high - spec.neutral)
        self._down = np.where(deg, 1.0, spec.neutral - spec.low)

    def drives(self, features: Mapping[str, float]) -> Array:
        """(N,) how far each control goes: in degrees, or 1 to an end of its range."""
        drives = np.zeros(len(self._spec.names))
        for index, row in self.rows.items():
            drives[index] = sum(gain * features.get(name, 0.0) for name, gain in row.items())
        return drives

    def position(self, features: Mapping[str, float]) -> Array:
        """(N,) control values within their ranges.

        Args:
            features: Differences of blendshapes, and head angles in degrees; missing ones are 0.
        """
        return self.values(self.drives(features))

    def values(self, drives: Array, knee: float = 1.0) -> Array:
        """(N,) control values within their ranges.

        Args:
            drives: (N,), see `drives`.
            knee: Part of the way to an end beyond which drives are compressed, so that larger ones
                come ever nearer to the end; 1 for none.
        """
        way = np.where(drives > 0, drives * self._up, drives * self._down)
        if knee < 1.0:
            way = self._compressed(way, knee)
        return np.clip(self._spec.neutral + way, self._spec.low, self._spec.high)

    def _compressed(self, way: Array, knee: float) -> Array:
        """(N,) ways from neutral, the part beyond the knee compressed to what is left of them."""
        spec = self._spec
        reach = np.where(way > 0, spec.high - spec.neutral, spec.neutral - spec.low)
        beyond = np.maximum(np.abs(way) - knee * reach, 0.0)
        left = np.maximum((1.0 - knee) * reach, 1e-9)
        shortened: Array = way - np.sign(way) * beyond * beyond / (left + beyond)
        return shortened
