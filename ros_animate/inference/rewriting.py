"""Equal but faster layers for inference: algebra that training cannot use.

`rewrite(network)` folds norms into convolutions and puts layers in the place of others that
compute the same, up to rounding, with less work:

- batch norms and spectral norms disappear in the weights of their convolutions;
- upsampling by nearest neighbours and a 3x3 convolution are one transposed convolution;
- other 3x3 convolutions of many channels take fewer products (see models/winograd.py);
- large kernels over feature volumes become products of spectra (see models/fourier.py), other
  convolutions over volumes convolutions over their planes;
- convolutions to very few maps make blocks of cells at once;
- gamma and beta of SPADE are one convolution, and what is upsampled before them is convolved
  before it is upsampled.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ros_animate.inference.fourier import FourierConv
from ros_animate.inference.winograd import WinogradConv, pays
from ros_animate.networks.face_vid2vid.dense_motion import VolumeMotionNetwork
from ros_animate.networks.face_vid2vid.spade import Spade, SpadeDecoder
from ros_animate.networks.layers import PlanarConv, UpBlock, planes_of, volume_of

_BATCH_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)
# Inputs times outputs; layers with more work on maps of a few cells, where reading weights counts,
# and frugal layers have more of them.
_MOST_WEIGHTS = 2 ** 19
_FEWEST_MAPS = 4  # so few are computed in blocks

Convolution = TypeVar('Convolution', nn.Conv2d, nn.ConvTranspose2d)


def rewrite(network: nn.Module, frugal: bool = True) -> nn.Module:
    """`network` itself in evaluation mode, rewritten; it cannot be trained any more.

    Args:
        network: Of any family.
        frugal: Whether to use layers of less arithmetic that need float32: transposed convolutions,
            Winograd's, products of spectra. They take more memory, and matrix units of GPUs and of
            processors with AMX are faster without.
    """
    network.eval().requires_grad_(False)
    for module in network.modules():
        if hasattr(module, 'weight_orig'):
            nn.utils.remove_spectral_norm(module)
    _swap(network, _planar)
    for module in network.modules():
        _fold_norms(module)
        if isinstance(module, SpadeDecoder):
            _fuse_modulation(module, frugal)
        if frugal and isinstance(module, VolumeMotionNetwork):
            assert isinstance(module.mask, nn.Conv3d)
            module.mask = FourierConv(module.mask, module.depth)
    _swap(network, lambda module: _faster(module, frugal))
    return network


def _swap(network: nn.Module, rule: Callable[[nn.Module], nn.Module]) -> None:
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            setattr(parent, name, rule(child))


def _planar(module: nn.Module) -> nn.Module:
    if not isinstance(module, PlanarConv):
        return module
    return conv2d(module.weight.squeeze(2), module.bias, module.kernel_size[0] // 2, module.groups)


def _faster(module: nn.Module, frugal: bool) -> nn.Module:
    if isinstance(module, UpBlock):
        return FastUpBlock(module, frugal)
    if isinstance(module, nn.Conv3d) and module.kernel_size[0] > 1:
        if frugal and pays(module.weight):
            return WinogradConv(module.weight, module.bias)
        return PlaneConv(module) if module.out_channels <= module.in_channels else module
    if not isinstance(module, nn.Conv2d) or not _keeps_size(module):
        return module
    if module.out_channels <= _FEWEST_MAPS:
        return BlockConv(module)
    return same_conv(module.weight, module.bias, frugal)


def _keeps_size(conv: nn.Conv2d) -> bool:
    taps = conv.kernel_size[0]
    return (taps > 1 and conv.kernel_size == (taps, taps) and conv.groups == 1
            and conv.stride == (1, 1) and conv.padding == (taps // 2, taps // 2))


def _fold_norms(module: nn.Module) -> None:
    """Folds batch norms into the convolutions before them (see FUSIBLE in `layers`)."""
    if isinstance(module, nn.Sequential):
        names = list(module._modules)
        pairs = list(zip(names, names[1:]))
    else:
        pairs = list(getattr(module, 'FUSIBLE', ()))
    for conv_name, norm_name in pairs:
        conv, norm = module._modules.get(conv_name), module._modules.get(norm_name)
        if isinstance(conv, (nn.Conv2d, nn.Conv3d)) and isinstance(norm, _BATCH_NORMS):
            setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(module, norm_name, nn.Identity())


def conv2d(weight: Tensor, bias: Tensor | None, padding: int, groups: int = 1) -> nn.Conv2d:
    """A convolution with these weights (O, I, k, k)."""
    outputs, inputs, kernel, _ = weight.shape
    layer = nn.Conv2d(inputs * groups, outputs, kernel, padding=padding, groups=groups,
                      bias=bias is not None, device='meta')
    return _with_weights(layer, weight, bias)


def same_conv(weight: Tensor, bias: Tensor | None, frugal: bool) -> nn.Module:
    """A convolution with these weights (O, I, k, k) that keeps the size of maps."""
    if frugal and pays(weight) and weight.shape[0] * weight.shape[1] <= _MOST_WEIGHTS:
        return WinogradConv(weight, bias)
    return conv2d(weight, bias, weight.shape[-1] // 2)


def upsampling_conv2d(weight: Tensor, bias: Tensor | None, factor: int) -> nn.ConvTranspose2d:
    """Nearest-neighbour upsampling by `factor`, then a 3x3 convolution (O, I, 3, 3), in one.

    An input cell reaches factor + 2 output cells a side. What it adds to each of them is the sum of
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
    """Adds up what each plane gives to its neighbours: (B * D, taps * O, H, W) to a volume."""
    split = maps.unflatten(1, (taps, -1)).unflatten(0, (-1, depth))  # (B, D, taps, O, H, W)
    margin = taps // 2
    total = split[:, :, margin].clone()
    for shift in range(1, min(margin, depth - 1) + 1):
        total[:, shift:] += split[:, :-shift, margin - shift]
        total[:, :-shift] += split[:, shift:, margin + shift]
    return total.transpose(1, 2)


class PlaneConv(nn.Module):
    """A convolution over volumes (B, C, D, H, W) by one convolution over all of their planes.

    Each plane is convolved with the taps of every depth, and the results are added up. Libraries
    are at their best with two dimensions; in half precision this is up to 16 times faster.
    """

    def __init__(self, conv: nn.Conv3d) -> None:
        super().__init__()
        self.taps = conv.kernel_size[0]
        self.planar = conv2d(stacked_taps(conv.weight), None, conv.kernel_size[1] // 2)
        self.bias = _bias_of(conv)

    def forward(self, volume: Tensor) -> Tensor:
        out = sum_taps(self.planar(planes_of(volume)), volume.shape[2], self.taps)
        return out + self.bias[:, None, None, None]


class BlockConv(nn.Module):
    """A convolution to a few maps, as one to blocks of 2 x 4 of their cells.

    Libraries compute many maps at once and do badly with few. A block's kernel holds the kernel of
    each of its cells, shifted; two thirds more products take half the time or less.
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
    """UpBlock for pictures or volumes: upsampling, convolution and folded norm in one layer."""

    def __init__(self, block: UpBlock, frugal: bool) -> None:
        super().__init__()
        conv = block.conv
        self.upsampled = True
        self.conv: nn.Module
        if isinstance(conv, nn.Conv3d):
            self.conv = (WinogradConv(conv.weight, conv.bias) if frugal and pays(conv.weight)
                         else PlaneConv(conv))
        elif frugal and conv.in_channels * conv.out_channels <= _MOST_WEIGHTS:
            self.upsampled = False
            self.conv = upsampling_conv2d(conv.weight, conv.bias, 2)
        else:
            self.conv = same_conv(conv.weight, conv.bias, frugal)

    def forward(self, x: Tensor) -> Tensor:
        if self.upsampled:
            planes = functional.interpolate(planes_of(x) if x.ndim == 5 else x, scale_factor=2.0)
            x = volume_of(planes, x.shape[2]) if x.ndim == 5 else planes
        return functional.relu(self.conv(x))


class FastSpade(nn.Module):
    """Spade with gamma + 1 and beta in one convolution, for maps upsampled by a known factor."""

    def __init__(self, spade: Spade, factor: int, frugal: bool) -> None:
        super().__init__()
        shared, gamma, beta = spade.mlp_shared[0], spade.mlp_gamma, spade.mlp_beta
        assert isinstance(shared, nn.Conv2d)
        self.factor = 1 if frugal else factor
        self.hidden: nn.Module = (upsampling_conv2d(shared.weight, shared.bias, factor)
                       if frugal and factor > 1 else shared)
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


def _fuse_modulation(decoder: SpadeDecoder, frugal: bool) -> None:
    factors = {**dict.fromkeys(decoder.middle, 1), 'up_0': 2, 'up_1': 4}
    for block_name, factor in factors.items():
        block = decoder.get_submodule(block_name)
        for name, child in list(block.named_children()):
            if isinstance(child, Spade):
                setattr(block, name, FastSpade(child, factor, frugal))
