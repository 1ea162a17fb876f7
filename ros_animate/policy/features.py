"""Motion as a feature vector, the input of networks in feature space."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.face.tracker_scale import landmarker_values
from ros_animate.types import Array, Motion

FEATURES = len(BLENDSHAPES) + 3
_ANGLE_UNIT_DEG = 30.0


def features(motion: Motion, relaxed: Mapping[str, float] | None = None) -> Array:
    """(FEATURES,) float32: blendshapes in [0, 1], then yaw, pitch and roll in units of 30 deg.

    Args:
        motion: The motion; other trackers' blendshapes are brought to the Face Landmarker's scale.
        relaxed: What the Face Landmarker reports of a relaxed face.
    """
    expression = landmarker_values(motion.expression, motion.model, relaxed or {})
    shapes = [min(max(expression.get(name, 0.0), 0.0), 1.0) for name in BLENDSHAPES]
    angles = np.zeros(3) if motion.rotation is None else head_angles_deg(motion.rotation)
    return np.array([*shapes, *angles / _ANGLE_UNIT_DEG], np.float32)
