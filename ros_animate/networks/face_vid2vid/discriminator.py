"""face-vid2vid's discriminator: patches at one scale."""
from __future__ import annotations

from torch import Tensor, nn

from ros_animate.networks.face_vid2vid.config import Config
from ros_animate.networks.layers import PatchDiscriminator, Widths


class Discriminator(nn.Module):
    """Picture to feature maps and scores; the one scale is called 1 in published names."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = Widths(config.discriminator_features, config.discriminator_max_features,
                        config.discriminator_levels)
        self.discs = nn.ModuleDict()
        self.discs['1'] = PatchDiscriminator(widths, 3, spectral=True)

    def forward(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, 3, H, W) to maps (B, C, h, w) and scores (B, 1, h, w)."""
        return self.discs['1'](image)
