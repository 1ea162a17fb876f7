"""Convolution blocks that all families share: conv, norm, ReLU; residual blocks; downsampling.

Attribute names are those of the published checkpoints. Each block lists in `FUSIBLE` which
convolution feeds which batch norm, so that inference can fold the norms into the convolutions.
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

    Monkey-Net takes a clip as (B, C, T, H, W) and convolves every frame by itself, so its published
    kernels have a time axis of length one. With the frames in the batch a 2-D convolution computes
    the same in half the time.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, padding: int = 0,
                 groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, padding=padding, groups=groups)
        self.weight = nn.Parameter(self.weight.detach().unsqueeze(2))

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight.squeeze(2), self.bias)


@dataclass(frozen=True)
class LayerTypes:
    """Layers of a block, for images, single-frame clips or feature volumes.

    Attributes:
        conv: Convolution.
        norm: Batch norm.
        factor: Divisor of each axis at one level of an hourglass; depth is never reduced.
    """

    conv: Callable[..., nn.Conv2d | nn.Conv3d]
    norm: Callable[..., nn.Module]
    factor: tuple[int, ...]


IMAGE_LAYERS = LayerTypes(nn.Conv2d, nn.BatchNorm2d, (2, 2))
CLIP_LAYERS = LayerTypes(PlanarConv, nn.BatchNorm2d, (2, 2))
VOLUME_LAYERS = LayerTypes(nn.Conv3d, nn.BatchNorm3d, (1, 2, 2))


@dataclass(frozen=True)
class Widths:
    """Channels by level: base * 2^level, at most `maximum`."""

    base: int
    maximum: int
    levels: int

    def at(self, level: int) -> int:
        return min(self.maximum, self.base * 2 ** level)


class ConvBlock(nn.Module):
    """conv, norm, (leaky) ReLU at one resolution."""

    FUSIBLE: ClassVar = (('conv', 'norm'),)

    def __init__(self, inputs: int, outputs: int, kernel: int = 3,
                 layers: LayerTypes = IMAGE_LAYERS, groups: int = 1, slope: float = 0.0) -> None:
        super().__init__()
        self.conv = layers.conv(inputs, outputs, kernel, padding=kernel // 2, groups=groups)
        self.norm = layers.norm(outputs)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return functional.leaky_relu(x, self.slope) if self.slope else functional.relu(x)


class DownBlock(ConvBlock):
    """ConvBlock, then average pooling to half the resolution."""

    def __init__(self, inputs: int, outputs: int, layers: LayerTypes = IMAGE_LAYERS) -> None:
        super().__init__(inputs, outputs, layers=layers)

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        if x.ndim == 4:
            return functional.avg_pool2d(x, 2)
        return to_volume(functional.avg_pool2d(to_planes(x), 2), depth=x.shape[2])


class UpBlock(ConvBlock):
    """Nearest-neighbour upsampling to twice the resolution, then ConvBlock."""

    def __init__(self, inputs: int, outputs: int, layers: LayerTypes = IMAGE_LAYERS) -> None:
        super().__init__(inputs, outputs, layers=layers)
        self.factor = tuple(float(f) for f in layers.factor)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.interpolate(x, scale_factor=self.factor))


class ResidualBlock(nn.Module):
    """x + conv(relu(norm(conv(relu(norm(x)))))), the pre-activation residual block."""

    FUSIBLE: ClassVar = (('conv1', 'norm2'),)

    def __init__(self, features: int, layers: LayerTypes = IMAGE_LAYERS) -> None:
        super().__init__()
        self.conv1 = layers.conv(features, features, 3, padding=1)
        self.conv2 = layers.conv(features, features, 3, padding=1)
        self.norm1 = layers.norm(features)
        self.norm2 = layers.norm(features)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(functional.relu(self.norm1(x)))
        return x + self.conv2(functional.relu(self.norm2(out)))


class AntiAliasDownsample(nn.Module):
    """Gaussian blur, then every n-th pixel; n = 1 / scale, sigma = (n - 1) / 2.

    The kernel is a constant that the published checkpoints contain nevertheless.
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


def spectral_norm(conv: nn.Module) -> nn.Module:
    """`conv` with its weight divided by its largest singular value (Miyato et al., ICLR 2018).

    Keeps the names weight_orig, weight_u, weight_v of the published checkpoints.
    """
    return nn.utils.spectral_norm(conv)


def to_planes(volume: Tensor) -> Tensor:
    """(B, C, D, H, W) to (B * D, C, H, W), a view if channels are last in memory."""
    return volume.transpose(1, 2).flatten(0, 1)


def to_volume(planes: Tensor, depth: int) -> Tensor:
    """(B * D, C, H, W) to (B, C, D, H, W)."""
    return planes.unflatten(0, (-1, depth)).transpose(1, 2)


def parameter_dtype(module: nn.Module) -> torch.dtype:
    """Precision of the weights and so of the features; positions and output images are float32."""
    return next(module.parameters()).dtype


def named_layers(modules: Iterable[nn.Module], pattern: str) -> nn.Sequential:
    """A Sequential whose layers are named by `pattern`, e.g. 'r{}'."""
    return nn.Sequential(OrderedDict((pattern.format(i), m) for i, m in enumerate(modules)))
