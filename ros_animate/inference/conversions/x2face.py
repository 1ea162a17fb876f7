"""X2Face's driving vector as a Motion, and back."""
from __future__ import annotations

import torch
from torch import Tensor

from ros_animate.inference.device import to_array
from ros_animate.types import Motion

MODEL = 'x2face'


def to_motion(vector: Tensor, stamp_s: float) -> Motion:
    """The first of a batch of driving vectors (B, D), as the latent code (D,) of a motion."""
    return Motion(MODEL, stamp_s, latent=to_array(vector))


def to_vector(motion: Motion, device: torch.device) -> Tensor:
    """A batch of one driving vector, (1, D) float32."""
    return torch.as_tensor(motion.latent, dtype=torch.float32, device=device)[None]
