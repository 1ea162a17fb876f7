"""Motion as a feature vector, the input of networks in feature space."""
from __future__ import annotations

import numpy as np

from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.types import Array, Motion

FEATURES = len(BLENDSHAPES) + 3
_ANGLE_UNIT_DEG = 30.0


def features(motion: Motion) -> Array:
    """(FEATURES,) float32: blendshapes in [0, 1], then yaw, pitch and roll in units of 30 deg."""
    shapes = [motion.expression.get(name, 0.0) for name in BLENDSHAPES]
    angles = np.zeros(3) if motion.rotation is None else head_angles_deg(motion.rotation)
    return np.array([*shapes, *angles / _ANGLE_UNIT_DEG], np.float32)
