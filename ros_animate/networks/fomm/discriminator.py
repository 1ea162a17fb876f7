"""FOMM's discriminator: patches at one scale, with or without the keypoints."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ros_animate.networks.fomm.config import Config
from ros_animate.networks.fomm.keypoints import Keypoints
from ros_animate.networks.layers import PatchDiscriminator, Widths
from ros_animate.networks.sampling import gaussian_heatmaps


class Discriminator(nn.Module):
    """Picture (and keypoints, in vox-adv) to feature maps and scores.

    The published names allow for several scales; every published model has the one called 1.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.variance = config.heatmap_variance
        self.sees_keypoints = config.discriminator_keypoints
        inputs = 3 + config.num_keypoints * self.sees_keypoints
        widths = Widths(config.discriminator_features, config.discriminator_max_features,
                        config.discriminator_levels)
        self.discs = nn.ModuleDict()
        self.discs['1'] = PatchDiscriminator(widths, inputs, spectral=config.discriminator_spectral)

    def forward(self, image: Tensor, keypoints: Keypoints) -> tuple[list[Tensor], Tensor]:
        """(B, 3, H, W) to maps (B, C, h, w) and scores (B, 1, h, w)."""
        if self.sees_keypoints:
            size = (image.shape[2], image.shape[3])
            heat = gaussian_heatmaps(keypoints.value, size, self.variance)
            image = torch.cat([image, heat], dim=1)
        return self.discs['1'](image)
