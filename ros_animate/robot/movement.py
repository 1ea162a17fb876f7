"""Movement of targets, told from their noise."""
from __future__ import annotations

import numpy as np

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

# Root mean square of a movement over all controls, in their jitters: up to the first it is noise,
# from the second on it is continued.
STILL, MOVING = 2.5, 3.5


def moving_share(spec: RobotSpec, movement: Array) -> float:
    """0 for the noise of a still face to 1 for a face that moves.

    Args:
        spec: The robot.
        movement: (N,) difference of two targets that follow each other.
    """
    size = float(np.sqrt(np.mean((movement / spec.jitter) ** 2)))
    return min(max((size - STILL) / (MOVING - STILL), 0.0), 1.0)
