"""X2Face's embedding network (section 3 of its paper): source images to the embedded face."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.sampling import coordinate_grid, warp
from ros_animate.networks.x2face.config import Config
from ros_animate.networks.x2face.unet import UNet

_LEAST_CONFIDENCE = 0.1


@dataclass(frozen=True)
class Embedding:
    """Output of the embedding network for one source.

    Attributes:
        positions: (B, H, W, 2), position in the source of each place of the embedded face.
        confidence: (B, 1, H, W) > 0, weight of the source among several ones.
    """

    positions: Tensor
    confidence: Tensor


class EmbeddingNetwork(nn.Module):
    """Source (B, 3, H, W) to its Embedding; `embed` also samples the embedded face."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.align_corners = config.align_corners
        self.netG = UNet(config.channels(), outputs=3, skips=True)

    def forward(self, source: Tensor) -> Embedding:
        out = self.netG(source).float()
        grid = coordinate_grid(out.shape[2:], out)
        positions = torch.tanh(out[:, :2]).permute(0, 2, 3, 1) + grid
        return Embedding(positions, out[:, 2:].exp() + _LEAST_CONFIDENCE)

    def embed(self, *sources: Tensor) -> Tensor:
        """The embedded face (B, 3, H, W) of images of one person, (B, 3, H, W) each."""
        return self.combine(sources, [self(source) for source in sources])

    def combine(self, sources: Sequence[Tensor], embeddings: Sequence[Embedding]) -> Tensor:
        """The embedded face (B, 3, H, W): sampled sources, weighted by their confidence."""
        faces = [e.confidence * warp(source, e.positions, self.align_corners)
                 for source, e in zip(sources, embeddings, strict=True)]
        confidence = torch.stack([e.confidence for e in embeddings]).sum(dim=0)
        return torch.stack(faces).sum(dim=0) / confidence
