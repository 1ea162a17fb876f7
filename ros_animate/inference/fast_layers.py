"""Layers for inference, each of which computes the same as a layer of training in less time.

`cheaper` selects variants with less arithmetic that need float32 (see `rewriting.rewrite`).
"""
from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.inference.winograd import WinogradConv, winograd_is_faster
from ros_animate.networks.face_vid2vid.spade import Spade
from ros_animate.networks.layers import UpBlock, to_planes, to_volume

# Limit of inputs times outputs of the cheaper variants, which have more weights. Above it maps are
# a few cells large, and reading the weights takes the time.
_MOST_WEIGHTS = 2 ** 19

Convolution = TypeVar('Convolution', nn.Conv2d, nn.ConvTranspose2d)


def conv2d(weight: Tensor, bias: Tensor | None, padding: int, groups: int = 1) -> nn.Conv2d:
    """A convolution with the weights (O, I, k, k)."""
    outputs, inputs, kernel, _ = weight.shape
    layer = nn.Conv2d(inputs * groups, outputs, kernel, padding=padding, groups=groups,
                      bias=bias is not None, device='meta')
    return _with_weights(layer, weight, bias)


def same_conv(weight: Tensor, bias: Tensor | None, cheaper: bool) -> nn.Module:
    """A convolution with the weights (O, I, k, k) that keeps the size of maps."""
    few = weight.shape[0] * weight.shape[1] <= _MOST_WEIGHTS
    if cheaper and few and winograd_is_faster(weight):
        return WinogradConv(weight, bias)
    return conv2d(weight, bias, weight.shape[-1] // 2)


def upsampling_conv2d(weight: Tensor, bias: Tensor | None, factor: int) -> nn.ConvTranspose2d:
    """Nearest-neighbour upsampling by `factor` and a 3x3 convolution (O, I, 3, 3) in one layer.

    An input cell reaches factor + 2 output cells a side. Its weight for each of them is the sum of
    the taps that meet one of its copies there.
    """
    outputs, inputs = weight.shape[:2]
    kernel = weight.new_zeros(inputs, outputs, factor + 2, factor + 2)
    taps = weight.flip(-1, -2).transpose(0, 1)
    for i in range(factor):
        for j in range(factor):
            kernel[:, :, i:i + 3, j:j + 3] += taps
    layer = nn.ConvTranspose2d(inputs, outputs, factor + 2, stride=factor, padding=1,
                               bias=bias is not None, device='meta')
    return _with_weights(layer, kernel, bias)


def _with_weights(layer: Convolution, weight: Tensor, bias: Tensor | None) -> Convolution:
    layer.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer.eval()


def _bias_of(conv: nn.Conv2d | nn.Conv3d) -> nn.Parameter:
    bias = conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias
    return nn.Parameter(bias, requires_grad=False)


def stacked_taps(weight: Tensor) -> Tensor:
    """Kernels over volumes (O, I, D, k, k) as kernels over planes (D * O, I, k, k)."""
    return weight.permute(2, 0, 1, 3, 4).flatten(0, 1)


def sum_taps(maps: Tensor, depth: int, taps: int) -> Tensor:
    """Sums the contributions of each plane to its neighbours, as a volume.

    Args:
        maps: (B * D, taps * O, H, W), the contributions of all planes.
        depth: D.
        taps: Depth of the kernel.

    Returns:
        (B, O, D, H, W).
    """
    split = maps.unflatten(1, (taps, -1)).unflatten(0, (-1, depth))  # (B, D, taps, O, H, W)
    margin = taps // 2
    total = split[:, :, margin].clone()
    for shift in range(1, min(margin, depth - 1) + 1):
        total[:, shift:] += split[:, :-shift, margin - shift]
        total[:, :-shift] += split[:, shift:, margin + shift]
    return total.transpose(1, 2)


class PlaneConv(nn.Module):
    """A convolution over volumes (B, C, D, H, W) by one convolution over all of their planes.

    Each plane is convolved with the taps of every depth, and the results are summed. Libraries are
    fastest with two dimensions; in half precision the gain is up to 16 times.
    """

    def __init__(self, conv: nn.Conv3d) -> None:
        super().__init__()
        self.taps = conv.kernel_size[0]
        self.planar = conv2d(stacked_taps(conv.weight), None, conv.kernel_size[1] // 2)
        self.bias = _bias_of(conv)

    def forward(self, volume: Tensor) -> Tensor:
        out = sum_taps(self.planar(to_planes(volume)), volume.shape[2], self.taps)
        return out + self.bias[:, None, None, None]


class BlockConv(nn.Module):
    """A convolution to a few channels, computed as one to blocks of 2 x 4 of their cells.

    Libraries compute many channels at once and are slow with few. A block's kernel contains the
    shifted kernel of each of its cells: two thirds more products in half the time or less.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        outputs, inputs, taps, _ = conv.weight.shape
        self.margin = taps // 2
        high, wide = self.block = (2, 4)
        weight = conv.weight.new_zeros(outputs, high, wide, inputs, taps + high - 1,
                                       taps + wide - 1)
        for i in range(high):
            for j in range(wide):
                weight[:, i, j, :, i:i + taps, j:j + taps] = conv.weight
        self.weight = nn.Parameter(weight.flatten(0, 2), requires_grad=False)
        self.bias = _bias_of(conv)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        high, wide = self.block
        x = functional.pad(x, (0, -width % wide, 0, -height % high))
        blocks = functional.conv2d(x, self.weight, stride=self.block, padding=self.margin)
        cells = blocks.unflatten(1, (-1, high, wide)).permute(0, 1, 4, 2, 5, 3)
        maps = cells.flatten(4, 5).flatten(2, 3)[..., :height, :width]
        return maps + self.bias[:, None, None]


class FastUpBlock(nn.Module):
    """UpBlock for images or volumes: upsampling, convolution and folded norm in one layer."""

    def __init__(self, block: UpBlock, cheaper: bool) -> None:
        super().__init__()
        conv = block.conv
        self.upsamples = True
        self.conv: nn.Module
        if isinstance(conv, nn.Conv3d):
            winograd = cheaper and winograd_is_faster(conv.weight)
            self.conv = WinogradConv(conv.weight, conv.bias) if winograd else PlaneConv(conv)
        elif cheaper and conv.in_channels * conv.out_channels <= _MOST_WEIGHTS:
            self.upsamples = False
            self.conv = upsampling_conv2d(conv.weight, conv.bias, 2)
        else:
            self.conv = same_conv(conv.weight, conv.bias, cheaper)

    def forward(self, x: Tensor) -> Tensor:
        if self.upsamples:
            planes = functional.interpolate(to_planes(x) if x.ndim == 5 else x, scale_factor=2.0)
            x = to_volume(planes, x.shape[2]) if x.ndim == 5 else planes
        return functional.relu(self.conv(x))


class FastSpade(nn.Module):
    """Spade with gamma + 1 and beta in one convolution, for modulation upsampled by `factor`."""

    def __init__(self, spade: Spade, factor: int, cheaper: bool) -> None:
        super().__init__()
        shared, gamma, beta = spade.mlp_shared[0], spade.mlp_gamma, spade.mlp_beta
        assert isinstance(shared, nn.Conv2d)
        self.factor = 1 if cheaper else factor
        self.hidden: nn.Module = (upsampling_conv2d(shared.weight, shared.bias, factor)
                                  if cheaper and factor > 1 else shared)
        self.both = conv2d(torch.cat([gamma.weight, beta.weight]),
                           torch.cat([_bias_of(gamma) + 1, _bias_of(beta)]), 1)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        if self.factor > 1:
            modulation = functional.interpolate(modulation, scale_factor=float(self.factor))
        scale, shift = self.both(functional.relu(self.hidden(modulation))).chunk(2, dim=1)
        # functional.instance_norm would reorder the memory of maps with the channels last.
        x = x.float()
        centred = x - x.mean(dim=(2, 3), keepdim=True)
        variance = centred.square().mean(dim=(2, 3), keepdim=True)
        return (centred * torch.rsqrt(variance + 1e-5) * scale + shift).to(modulation.dtype)
