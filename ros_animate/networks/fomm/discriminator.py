"""FOMM's discriminator: patches at one scale, with or without the keypoints."""
from __future__ import annotations

import torch
from torch import Tensor

from ros_animate.networks.discriminator import SingleScaleDiscriminator
from ros_animate.networks.fomm.config import Config
from ros_animate.networks.fomm.keypoints import Keypoints
from ros_animate.networks.sampling import gaussian_heatmaps


class Discriminator(SingleScaleDiscriminator):
    """Image (and keypoints, in vox-adv) to feature maps and scores."""

    def __init__(self, config: Config) -> None:
        inputs = 3 + config.num_keypoints * config.discriminator_keypoints
        super().__init__(config, inputs, config.discriminator_spectral)
        self.variance = config.heatmap_variance
        self.uses_keypoints = config.discriminator_keypoints

    def forward(self, image: Tensor, keypoints: Keypoints) -> tuple[list[Tensor], Tensor]:
        """(B, 3, H, W) to feature maps (B, C, h, w) and scores (B, 1, h, w)."""
        if self.uses_keypoints:
            size = (image.shape[2], image.shape[3])
            heat = gaussian_heatmaps(keypoints.value, size, self.variance)
            image = torch.cat([image, heat], dim=1)
        return self.score(image)
