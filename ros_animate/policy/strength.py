"""Gains of a policy's movements, the same options in every policy."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import option
from ros_animate.robot.spec import PARTS, RobotSpec
from ros_animate.types import Array

# Names of the options.
GAINS = ('gain', *PARTS)


@dataclass(frozen=True)
class Strength:
    """Factors of the deviation from the neutral pose, overall and by part of the face."""

    gain: float = option(1.0, 'strength of all movements', low=0.0, high=3.0)
    brow: float = option(1.0, 'strength of the brows', low=0.0, high=3.0)
    lid: float = option(1.0, 'strength of the lids', low=0.0, high=3.0)
    gaze: float = option(1.0, 'strength of the gaze', low=0.0, high=3.0)
    head: float = option(1.0, 'strength of head and neck', low=0.0, high=3.0)
    mouth: float = option(1.0, 'strength of jaw and lips', low=0.0, high=3.0)
    nose: float = option(1.0, 'strength of the nose', low=0.0, high=3.0)

    def of(self, spec: RobotSpec) -> Array:
        """(N,) factors of a robot's controls; other groups have the overall gain alone."""
        return self.gain * np.array([getattr(self, c.group) if c.group in PARTS else 1.0
                                     for c in spec.controls])
