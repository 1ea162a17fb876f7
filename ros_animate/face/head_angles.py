"""Yaw, pitch and roll of a head's rotation."""
import numpy as np

from ros_animate.types import Array


def head_angles_deg(rotation: Array) -> Array:
    """(3,) yaw to the person's left, pitch down, roll to the right ear, in degrees.

    Args:
        rotation: (3, 3) head to camera as in `Motion`.
    """
    forward, up = rotation[:, 2], rotation[:, 1]
    return np.degrees([np.arctan2(forward[0], forward[2]),
                       np.arctan2(-forward[1], np.hypot(forward[0], forward[2])),
                       np.arctan2(-up[0], up[1])])
