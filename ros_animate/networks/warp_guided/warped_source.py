"""Input of the warp-guided generator."""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

GUIDE_STEP = 2  # pixels of the image for each cell of the guides
MASK_CHANNELS = 5  # face, lips, opening of the mouth, eyes, irises
GUIDE_CHANNELS = MASK_CHANNELS + 2  # masks of the target face, motion in x and y


class WarpedSource(NamedTuple):
    """A source warped by landmarks, and guides drawn from the landmarks.

    Attributes:
        warped: (B, 3, S, S), the source warped, with rendered eyes and mouth.
        source: (B, 3, S, S).
        source_masks: (B, MASK_CHANNELS, S / 2, S / 2), masks of the source's face.
        guides: (B, GUIDE_CHANNELS, S / 2, S / 2); see `animation.warp_guided.guides`.
        gate: (B, 1, S / 2, S / 2) in [0, 1]: 0 where nothing has moved.
    """

    warped: Tensor
    source: Tensor
    source_masks: Tensor
    guides: Tensor
    gate: Tensor

    def to(self, device: torch.device) -> WarpedSource:
        """The input on a device."""
        return WarpedSource(*(tensor.to(device, non_blocking=True) for tensor in self))


class SourceFeatures(NamedTuple):
    """Features of the source image, computed once.

    Attributes:
        image: (B, 3, S, S), the source.
        maps: (B, C, S / 2, S / 2), its share of the first features.
    """

    image: Tensor
    maps: Tensor
