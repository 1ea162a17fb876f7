"""Monkey-Net's discriminator: patches of the image with heat maps of its keypoints."""
from __future__ import annotations

import torch
from torch import Tensor

from ros_animate.networks.discriminator import PatchDiscriminator
from ros_animate.networks.layers import CLIP_LAYERS, Widths
from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.monkey_net.keypoints import Keypoints, keypoint_heatmaps


class Discriminator(PatchDiscriminator):
    """Image and keypoints to the feature maps of each level and the scores."""

    def __init__(self, config: Config) -> None:
        widths = Widths(config.block_expansion, config.discriminator_features,
                        config.discriminator_levels)
        super().__init__(widths, 3 + config.num_keypoints, CLIP_LAYERS, pool_last=True)
        self.divisor = config.heatmap_divisor

    def forward(self, image: Tensor,  # type: ignore[override]
                keypoints: Keypoints) -> tuple[list[Tensor], Tensor]:
        """(B, 3, H, W) to feature maps (B, C, h, w) and scores (B, 1, h, w)."""
        heat = keypoint_heatmaps(keypoints, (image.shape[2], image.shape[3])) / self.divisor
        return super().forward(torch.cat([image, heat], dim=1))
