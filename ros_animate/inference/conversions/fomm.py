"""FOMM's keypoints as a Motion, and back."""
from __future__ import annotations

import torch

from ros_animate.inference.device import to_array
from ros_animate.networks.fomm import Keypoints
from ros_animate.types import Motion

MODEL = 'fomm'


def to_motion(keypoints: Keypoints, stamp_s: float) -> Motion:
    """The first of a batch, with keypoints (K, 2) and jacobians (K, 2, 2)."""
    return Motion(MODEL, stamp_s, keypoints=to_array(keypoints.value),
                  jacobians=to_array(keypoints.jacobian))


def to_keypoints(motion: Motion, device: torch.device) -> Keypoints:
    """A batch of one, float32."""
    return Keypoints(*(torch.as_tensor(part, dtype=torch.float32, device=device)[None]
                       for part in (motion.keypoints, motion.jacobians)))
