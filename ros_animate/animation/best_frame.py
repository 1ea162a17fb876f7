"""The driving frame in which the face is most like the source's."""
from __future__ import annotations

import numpy as np

from ros_animate.animation.geometry import hull_size
from ros_animate.types import Array


def unlikeness(landmarks: Array, others: Array) -> float:
    """How much two faces (N, 2 or more) differ in pose and expression, whatever their size."""
    return float(np.square(_normalised(landmarks) - _normalised(others)).sum())


def _normalised(landmarks: Array) -> Array:
    centred = landmarks[:, :2] - landmarks[:, :2].mean(0)
    return centred / max(np.sqrt(hull_size(centred)), 1e-9)
