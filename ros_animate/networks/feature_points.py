"""Feature points of an image by spatial softmax (Levine et al., JMLR 2016)."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ros_animate.networks.sampling import expectation, softmax_heatmaps

_SPREAD = 4.0  # a face fills about half of the image; scaled by it, its points are about 1


class Locator(nn.Module):
    """Maps (B, C, h, w) to K points (B, K, 2), xy in [-1, 1] of the image, in float32.

    Each point is the mean position of a softmax over one map (Levine et al., section 5.1).
    """

    def __init__(self, channels: int, points: int) -> None:
        super().__init__()
        self.maps = nn.Conv2d(channels, points, 1)

    def forward(self, features: Tensor) -> Tensor:
        return expectation(softmax_heatmaps(self.maps(features), temperature=1.0))


def shape_and_position(points: Tensor) -> Tensor:
    """Points (B, K, 2) to (B, 2 K + 2) values of about 1: the shape of the face, its position."""
    centre = points.mean(dim=1, keepdim=True)
    return torch.cat([_SPREAD * (points - centre), centre], dim=1).flatten(1)
