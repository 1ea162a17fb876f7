"""Openness of eyes and lips, measured on the tracker's landmarks."""
from __future__ import annotations

import numpy as np

from ros_animate.types import Array

EYE_RIGHT, EYE_LEFT, LIPS = 'eyeRatioRight', 'eyeRatioLeft', 'lipRatio'
# Upper and lower edge, then the two corners.
POINTS = {EYE_RIGHT: (159, 145, 33, 133), EYE_LEFT: (386, 374, 362, 263), LIPS: (13, 14, 61, 291)}


def openness(points: Array, upper: int, lower: int, corner: int, other: int) -> float:
    """Height of an opening divided by its width, of (N, 2 or more) points; 0 without width."""
    flat = points[:, :2]
    width = float(np.linalg.norm(flat[corner] - flat[other]))
    return float(np.linalg.norm(flat[upper] - flat[lower])) / width if width > 0 else 0.0


def opening_ratios(landmarks: Array) -> dict[str, float]:
    """Openness of both eyes and of the lips of a (478, 3) face; left is the person's own."""
    return {name: openness(landmarks, *points) for name, points in POINTS.items()}
