"""Equivalent but faster layers for inference, by algebra that training cannot use.

`rewrite(network)` folds norms into convolutions and replaces layers by others that compute the
same, up to rounding, with less work:

- batch norms and spectral norms are folded into the weights of their convolutions;
- nearest-neighbour upsampling and a 3x3 convolution become one transposed convolution;
- other 3x3 convolutions of many channels take fewer products (see inference/winograd.py);
- large kernels over feature volumes become products of spectra (see inference/fourier.py), other
  convolutions over volumes become convolutions over their planes;
- convolutions to very few channels compute blocks of cells at once;
- gamma and beta of SPADE become one convolution, and maps are convolved before they are upsampled.
"""
from __future__ import annotations

from collections.abc import Callable

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ros_animate.inference.fast_layers import (
    BlockConv,
    FastSpade,
    FastUpBlock,
    PlaneConv,
    conv2d,
    same_conv,
)
from ros_animate.inference.fourier import FourierConv
from ros_animate.inference.winograd import WinogradConv, winograd_is_faster
from ros_animate.networks.face_vid2vid.dense_motion import VolumeMotionNetwork
from ros_animate.networks.face_vid2vid.spade import Spade, SpadeDecoder
from ros_animate.networks.layers import PlanarConv, UpBlock

_BATCH_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)
_FEW_CHANNELS = 4  # up to so many output channels are computed in blocks


def rewrite(network: nn.Module, cheaper: bool = True) -> nn.Module:
    """`network` itself in evaluation mode, rewritten; it cannot be trained any more.

    Args:
        network: A network of any family.
        cheaper: True to use variants of layers with less arithmetic: transposed convolutions,
            Winograd's, products of spectra. They need float32 and more memory. Matrix units of
            GPUs and of processors with AMX are faster without them.
    """
    network.eval().requires_grad_(False)
    for module in network.modules():
        if hasattr(module, 'weight_orig'):
            nn.utils.remove_spectral_norm(module)
    _replace(network, _planar_to_conv2d)
    for module in network.modules():
        _fold_norms(module)
        if isinstance(module, SpadeDecoder):
            _fuse_modulation(module, cheaper)
        if cheaper and isinstance(module, VolumeMotionNetwork):
            assert isinstance(module.mask, nn.Conv3d)
            module.mask = FourierConv(module.mask, module.depth)
    _replace(network, lambda module: _faster(module, cheaper))
    return network


def _replace(network: nn.Module, rule: Callable[[nn.Module], nn.Module]) -> None:
    """Replaces every sub-module by `rule(sub-module)`."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            setattr(parent, name, rule(child))


def _planar_to_conv2d(module: nn.Module) -> nn.Module:
    if not isinstance(module, PlanarConv):
        return module
    return conv2d(module.weight.squeeze(2), module.bias, module.kernel_size[0] // 2, module.groups)


def _faster(module: nn.Module, cheaper: bool) -> nn.Module:
    """The fastest equivalent of a layer, or the layer itself."""
    if isinstance(module, UpBlock):
        return FastUpBlock(module, cheaper)
    if isinstance(module, nn.Conv3d) and module.kernel_size[0] > 1:
        if cheaper and winograd_is_faster(module.weight):
            return WinogradConv(module.weight, module.bias)
        return PlaneConv(module) if module.out_channels <= module.in_channels else module
    if not isinstance(module, nn.Conv2d) or not _keeps_size(module):
        return module
    if module.out_channels <= _FEW_CHANNELS:
        return BlockConv(module)
    return same_conv(module.weight, module.bias, cheaper)


def _keeps_size(conv: nn.Conv2d) -> bool:
    taps = conv.kernel_size[0]
    return (taps > 1 and conv.kernel_size == (taps, taps) and conv.groups == 1
            and conv.stride == (1, 1) and conv.padding == (taps // 2, taps // 2))


def _fold_norms(module: nn.Module) -> None:
    """Folds batch norms into the convolutions before them (see FUSIBLE in networks/layers.py)."""
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


def _fuse_modulation(decoder: SpadeDecoder, cheaper: bool) -> None:
    factors = {**dict.fromkeys(decoder.middle, 1), 'up_0': 2, 'up_1': 4}
    for block_name, factor in factors.items():
        block = decoder.get_submodule(block_name)
        for name, child in list(block.named_children()):
            if isinstance(child, Spade):
                setattr(block, name, FastSpade(child, factor, cheaper))
