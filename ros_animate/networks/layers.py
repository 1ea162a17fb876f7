"""Convolution blocks that the families share: conv, norm, ReLU; hourglasses; residual blocks.

Attribute names are those of the published checkpoints. Each block lists in `FUSIBLE` which
convolution feeds which batch norm, so that inference can fold the norms away.
"""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlanarConv(nn.Conv2d):
    """A 2-D convolution whose kernel is stored as (out, in, 1, k, k).

    Monkey-Net sees a clip as (B, C, T, H, W) and convolves every frame by itself, so its published
    kernels have a time axis of length one. With the frames in the batch the plain convolution is
    the same and takes half the time.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, padding: int = 0,
                 groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, padding=padding, groups=groups)
        self.weight = nn.Parameter(self.weight.detach().unsqueeze(2))

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight.squeeze(2), self.bias)


@dataclass(frozen=True)
class Space:
    """What a block works on: pictures, single-frame clips, or feature volumes.

    Attributes:
        conv, norm: Layers for it.
        factor: What one level of an hourglass divides each axis by; depth is never reduced.
    """

    conv: Callable[..., nn.Conv2d | nn.Conv3d]
    norm: Callable[..., nn.Module]
    factor: tuple[int, ...]


PLANE = Space(nn.Conv2d, nn.BatchNorm2d, (2, 2))
CLIP = Space(PlanarConv, nn.BatchNorm2d, (2, 2))
VOLUME = Space(nn.Conv3d, nn.BatchNorm3d, (1, 2, 2))


class ConvBlock(nn.Module):
    """conv, norm, (leaky) ReLU at one resolution."""

    FUSIBLE: ClassVar = (('conv', 'norm'),)

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, space: Space = PLANE,
                 groups: int = 1, slope: float = 0.0) -> None:
        super().__init__()
        self.conv = space.conv(inputs, outputs, kernel, padding=kernel // 2, groups=groups)
        self.norm = space.norm(outputs)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return functional.leaky_relu(x, self.slope) if self.slope else functional.relu(x)


class DownBlock(ConvBlock):
    """ConvBlock, then average pooling to half the resolution."""

    def __init__(self, inputs: int, outputs: int, space: Space = PLANE) -> None:
        super().__init__(inputs, outputs, space=space)

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        if x.ndim == 4:
            return functional.avg_pool2d(x, 2)
        return volume_of(functional.avg_pool2d(planes_of(x), 2), depth=x.shape[2])


class UpBlock(ConvBlock):
    """Nearest-neighbour upsampling to twice the resolution, then ConvBlock."""

    def __init__(self, inputs: int, outputs: int, space: Space = PLANE) -> None:
        super().__init__(inputs, outputs, space=space)
        self.factor = tuple(float(f) for f in space.factor)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.interpolate(x, scale_factor=self.factor))


class ResidualBlock(nn.Module):
    """x + conv(relu(norm(conv(relu(norm(x)))))), the pre-activation residual block."""

    FUSIBLE: ClassVar = (('conv1', 'norm2'),)

    def __init__(self, features: int, space: Space = PLANE) -> None:
        super().__init__()
        self.conv1 = space.conv(features, features, 3, padding=1)
        self.conv2 = space.conv(features, features, 3, padding=1)
        self.norm1 = space.norm(features)
        self.norm2 = space.norm(features)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(functional.relu(self.norm1(x)))
        return x + self.conv2(functional.relu(self.norm2(out)))


def planes_of(volume: Tensor) -> Tensor:
    """(B, C, D, H, W) to (B * D, C, H, W), a view if channels are last in memory."""
    return volume.transpose(1, 2).flatten(0, 1)


def volume_of(planes: Tensor, depth: int) -> Tensor:
    """(B * D, C, H, W) to (B, C, D, H, W)."""
    return planes.unflatten(0, (-1, depth)).transpose(1, 2)


def precision_of(module: nn.Module) -> torch.dtype:
    """Of the weights, and so of the features; positions and pictures made are float32 always."""
    return next(module.parameters()).dtype


def named(modules: Iterable[nn.Module], pattern: str) -> nn.Sequential:
    """A Sequential whose layers are called by `pattern`, e.g. 'r{}'."""
    return nn.Sequential(OrderedDict((pattern.format(i), m) for i, m in enumerate(modules)))


@dataclass(frozen=True)
class Widths:
    """Channels of an hourglass: base * 2^level, never more than `most`."""

    base: int
    most: int
    levels: int

    def at(self, level: int) -> int:
        return min(self.most, self.base * 2 ** level)


class Encoder(nn.Module):
    """DownBlocks; returns the input and the output of each level, finest first."""

    def __init__(self, widths: Widths, inputs: int, space: Space = PLANE) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(
            DownBlock(inputs if i == 0 else widths.at(i), widths.at(i + 1), space)
            for i in range(widths.levels))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(nn.Module):
    """UpBlocks; what the encoder had at a level is concatenated after upsampling to it.

    Args:
        inputs: Channels of the encoder's input, which is the last skip.
        extra: Channels that the caller adds to every skip.

    Attributes:
        outputs: Channels of the result, `widths.base + inputs + extra`.
    """

    def __init__(self, widths: Widths, inputs: int, space: Space = PLANE, extra: int = 0) -> None:
        super().__init__()
        deepest = widths.levels - 1
        self.up_blocks = nn.ModuleList(
            UpBlock((1 if i == deepest else 2) * widths.at(i + 1) + extra, widths.at(i), space)
            for i in range(deepest, -1, -1))
        self.outputs = widths.base + inputs + extra

    def forward(self, skips: list[Tensor]) -> Tensor:
        x = skips[-1]
        for block, skip in zip(self.up_blocks, reversed(skips[:-1]), strict=True):
            x = torch.cat([block(x), skip], dim=1)
        return x


class Hourglass(nn.Module):
    """Encoder and decoder with skips (Newell et al. 2016, a U-Net in today's words)."""

    def __init__(self, widths: Widths, inputs: int, space: Space = PLANE) -> None:
        super().__init__()
        self.encoder = Encoder(widths, inputs, space)
        self.decoder = Decoder(widths, inputs, space)
        self.outputs = self.decoder.outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class AntiAliasDownsample(nn.Module):
    """Gaussian blur, then every n-th pixel; n = 1 / scale, sigma = (n - 1) / 2.

    The kernel is a constant that the checkpoints carry all the same.
    """

    weight: Tensor

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.step = round(1 / scale)
        sigma = (self.step - 1) / 2
        self.margin = round(sigma * 4)
        offsets = torch.arange(-self.margin, self.margin + 1, dtype=torch.float32)
        profile = torch.exp(-offsets ** 2 / (2 * sigma ** 2)) if sigma else torch.ones(1)
        kernel = torch.outer(profile, profile)
        self.register_buffer('weight', (kernel / kernel.sum()).repeat(channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) to (B, C, H / n, W / n)
        if self.step == 1:
            return x
        return functional.conv2d(x, self.weight, stride=self.step, padding=self.margin,
                                 groups=x.shape[1])


class PatchDiscriminator(nn.Module):
    """Real or not, for each patch (Isola et al. 2017); also gives its feature maps.

    Args:
        inputs: Channels of the picture and what is stacked to it.
        pool_last: Whether the last level is pooled too.
        spectral: Spectral norm on the convolutions (Miyato et al. 2018).
    """

    def __init__(self, widths: Widths, inputs: int, space: Space = PLANE, pool_last: bool = False,
                 spectral: bool = False) -> None:
        super().__init__()
        last = widths.levels - 1
        self.down_blocks = nn.ModuleList(
            PatchBlock(inputs if i == 0 else widths.at(i), widths.at(i + 1), space, norm=i > 0,
                       pool=pool_last or i < last, spectral=spectral)
            for i in range(widths.levels))
        self.conv = _maybe_spectral(space.conv(widths.at(widths.levels), 1, 1), spectral)

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """Feature maps of all levels and the map of scores (B, 1, h, w)."""
        maps = []
        for block in self.down_blocks:
            x = block(x)
            maps.append(x)
        return maps, self.conv(x)


class PatchBlock(nn.Module):
    """conv 4x4 without padding, instance norm, leaky ReLU, average pooling."""

    def __init__(self, inputs: int, outputs: int, space: Space, norm: bool, pool: bool,
                 spectral: bool) -> None:
        super().__init__()
        self.conv = _maybe_spectral(space.conv(inputs, outputs, 4), spectral)
        self.norm = nn.InstanceNorm2d(outputs, affine=True) if norm else None
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        x = functional.leaky_relu(x, 0.2)
        return functional.avg_pool2d(x, 2) if self.pool else x


def spectral_norm(conv: nn.Module) -> nn.Module:
    """`conv` with its weight divided by its largest singular value (Miyato et al. 2018).

    Keeps the names weight_orig, weight_u, weight_v of the published checkpoints.
    """
    return nn.utils.spectral_norm(conv)


def _maybe_spectral(conv: nn.Module, spectral: bool) -> nn.Module:
    return spectral_norm(conv) if spectral else conv
