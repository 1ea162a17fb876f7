"""Patch discriminators (Isola et al., CVPR 2017), with which generators are trained."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from ros_animate.configuration import option
from ros_animate.networks.layers import IMAGE_LAYERS, LayerTypes, Widths, spectral_norm


@dataclass(frozen=True)
class DiscriminatorOptions:
    """Options of the discriminator of FOMM and face-vid2vid."""

    discriminator_features: int = option(32, 'Channels of the first level of the discriminator',
                                         low=1, high=16384)
    discriminator_max_features: int = option(512, 'Most channels of the discriminator', low=1,
                                             high=16384)
    discriminator_levels: int = option(4, 'Levels of the discriminator', low=1, high=12)

    @property
    def discriminator_widths(self) -> Widths:
        return Widths(self.discriminator_features, self.discriminator_max_features,
                      self.discriminator_levels)


class PatchDiscriminator(nn.Module):
    """A score for each patch, real or generated, and the feature maps of all levels.

    Args:
        widths: Channels by level.
        inputs: Channels of the image and of the maps that are stacked to it.
        layers: Types of the layers.
        pool_last: True if the last level is pooled too.
        spectral: True for spectral norm on the convolutions (Miyato et al., ICLR 2018).
    """

    def __init__(self, widths: Widths, inputs: int, layers: LayerTypes = IMAGE_LAYERS,
                 pool_last: bool = False, spectral: bool = False) -> None:
        super().__init__()
        last = widths.levels - 1
        self.down_blocks = nn.ModuleList(
            PatchBlock(inputs if i == 0 else widths.at(i), widths.at(i + 1), layers, norm=i > 0,
                       pool=pool_last or i < last, spectral=spectral)
            for i in range(widths.levels))
        self.conv = _maybe_spectral(layers.conv(widths.at(widths.levels), 1, 1), spectral)

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, inputs, H, W) to feature maps (B, C, h, w) and scores (B, 1, h, w)."""
        maps = []
        for block in self.down_blocks:
            x = block(x)
            maps.append(x)
        return maps, self.conv(x)


class PatchBlock(nn.Module):
    """conv 4x4 without padding, instance norm, leaky ReLU, average pooling."""

    def __init__(self, inputs: int, outputs: int, layers: LayerTypes, norm: bool, pool: bool,
                 spectral: bool) -> None:
        super().__init__()
        self.conv = _maybe_spectral(layers.conv(inputs, outputs, 4), spectral)
        self.norm = nn.InstanceNorm2d(outputs, affine=True) if norm else None
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        x = functional.leaky_relu(x, 0.2)
        return functional.avg_pool2d(x, 2) if self.pool else x


class SingleScaleDiscriminator(nn.Module):
    """A patch discriminator by its published name `discs.1`.

    The names allow for discriminators at several scales; every published model has the one at
    scale 1.
    """

    def __init__(self, options: DiscriminatorOptions, inputs: int, spectral: bool) -> None:
        super().__init__()
        self.discs = nn.ModuleDict({
            '1': PatchDiscriminator(options.discriminator_widths, inputs, spectral=spectral)})

    def score(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, inputs, H, W) to feature maps (B, C, h, w) and scores (B, 1, h, w)."""
        return self.discs['1'](x)


def _maybe_spectral(conv: nn.Module, spectral: bool) -> nn.Module:
    return spectral_norm(conv) if spectral else conv
