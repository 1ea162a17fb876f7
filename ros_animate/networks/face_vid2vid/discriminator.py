"""face-vid2vid's discriminator: patches at one scale."""
from __future__ import annotations

from torch import Tensor

from ros_animate.networks.discriminator import SingleScaleDiscriminator
from ros_animate.networks.face_vid2vid.config import Config


class Discriminator(SingleScaleDiscriminator):
    """Image to feature maps and scores."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, 3, spectral=True)

    def forward(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, 3, H, W) to feature maps (B, C, h, w) and scores (B, 1, h, w)."""
        return self.score(image)
