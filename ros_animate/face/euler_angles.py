"""Yaw, pitch and roll of which a rotation was made; `head_angles` has the tilt in the image."""
from __future__ import annotations

import numpy as np

from ros_animate.types import Array


def euler_angles_deg(rotation: Array) -> tuple[float, float, float]:
    """Yaw to the left, pitch down, roll to the right ear in degrees, turned in this order.

    The inverse of `face.virtual.muscles.rotation`: the roll is that of the head before it nods
    and turns.

    Args:
        rotation: (3, 3) head to camera as in `Motion`.
    """
    forward = rotation[:, 2]
    yaw, pitch, roll = np.degrees([np.arctan2(forward[0], forward[2]),
                                   np.arctan2(-forward[1], np.hypot(forward[0], forward[2])),
                                   np.arctan2(rotation[1, 0], rotation[1, 1])])
    return float(yaw), float(pitch), float(roll)
