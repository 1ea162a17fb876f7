"""The part of an image that a face fills."""
from __future__ import annotations

import numpy as np

from ros_animate.face.crop import Box
from ros_animate.face.face_mesh import LEFT_EYE, RIGHT_EYE
from ros_animate.types import Array

# Side of the square around a face, in sides of the landmarks' extent; they end at the forehead.
_SQUARE, _UP = 1.35, 0.06


def face_bounds(landmarks: Array, image_size: tuple[int, int]) -> Array:
    """(4,) left, top, right and bottom of a face, in [0, 1] of the image's width and height.

    Args:
        landmarks: (N, 2) or (N, 3) pixels.
        image_size: (width, height) in pixels.
    """
    bounds = np.concatenate([landmarks[:, :2].min(0), landmarks[:, :2].max(0)])
    return np.clip(bounds / np.tile(image_size, 2), 0.0, 1.0)


def face_square(landmarks: Array, level: bool) -> Box:
    """The square around a face with its hair and chin.

    Args:
        landmarks: (478, 3) pixels.
        level: True if the square turns with the face, so that the eyes are level in it.
    """
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    size = float((high - low).max())
    angle_rad = 0.0
    if level:
        across = (landmarks[list(LEFT_EYE), :2].mean(0) - landmarks[list(RIGHT_EYE), :2].mean(0))
        angle_rad = float(np.arctan2(across[1], across[0]))
    up = size * _UP * np.array([np.sin(angle_rad), -np.cos(angle_rad)])
    return Box((low + high) / 2 + up, size * _SQUARE, angle_rad)
