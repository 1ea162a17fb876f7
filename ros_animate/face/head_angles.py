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


def rotation_of(angles_deg: Array) -> Array:
    """(3, 3) head to camera; the inverse of `head_angles_deg` for heads that face the camera."""
    yaw, pitch, roll = np.radians(angles_deg)
    forward = np.array([np.cos(pitch) * np.sin(yaw), -np.sin(pitch), np.cos(pitch) * np.cos(yaw)])
    # In the image the head points up along the roll; in depth it is at a right angle to forward.
    up = np.array([-np.sin(roll), np.cos(roll), 0.0])
    up[2] = -(up @ forward) / max(forward[2], 1e-6)
    up /= np.linalg.norm(up)
    return np.column_stack([np.cross(up, forward), up, forward])
