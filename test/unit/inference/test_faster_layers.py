"""Fast layers compute the same as plain convolutions, for every size of maps."""
from __future__ import annotations

import shutil

import pytest
import torch
from torch import nn
from torch.nn import functional

from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.inference.fast_layers import BlockConv, PlaneConv
from ros_animate.inference.fourier import FourierConv
from ros_animate.inference.winograd import WinogradConv

COMPILER = any(shutil.which(name) for name in ('c++', 'g++', 'clang++'))
SIZES = [(1, 1), (3, 4), (16, 16), (23, 9), (44, 50)]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('batch', [1, 3])
@pytest.mark.parametrize('biased', [False, True])
def test_winograd(size, batch, biased):
    conv = nn.Conv2d(20, 70, 3, padding=1, bias=biased)
    x = torch.randn(batch, 20, *size)
    layer = WinogradConv(conv.weight, conv.bias)
    assert_same(layer(x), conv, x)
    assert_same(layer(x.contiguous(memory_format=torch.channels_last)), conv, x)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(('depth', 'batch'), [(1, 1), (4, 2), (16, 1)])
def test_winograd_of_volumes(size, depth, batch):
    conv = nn.Conv3d(6, 4, 3, padding=1)
    volume = torch.randn(batch, 6, depth, *size)
    layer = WinogradConv(conv.weight, conv.bias)
    assert_same(layer(volume), conv, volume)
    assert_same(layer(volume.contiguous(memory_format=torch.channels_last_3d)), conv, volume)


def test_winograd_in_strips():
    """More tiles than one strip has, with a last strip that is not full."""
    conv = nn.Conv2d(4, 4, 3, padding=1)
    x = torch.randn(2, 4, 70, 130)
    assert_same(WinogradConv(conv.weight, conv.bias)(x), conv, x)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(('depth', 'batch', 'taps'), [(1, 1, 7), (4, 2, 7), (16, 1, 5)])
def test_fourier(size, depth, batch, taps):
    conv = nn.Conv3d(3, 5, taps, padding=taps // 2)
    volume = torch.randn(batch, 3, depth, *size)
    assert_same(FourierConv(conv, depth)(volume), conv, volume)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('taps', [3, 7])
def test_blocks(size, taps):
    conv = nn.Conv2d(6, 3, taps, padding=taps // 2)
    x = torch.randn(2, 6, *size)
    assert_same(BlockConv(conv)(x), conv, x)


@pytest.mark.parametrize('depth', [1, 2, 5])
@pytest.mark.parametrize('taps', [3, 7])
def test_planes(taps, depth):
    conv = nn.Conv3d(6, 4, taps, padding=taps // 2)
    volume = torch.randn(2, 6, depth, 9, 8)
    assert_same(PlaneConv(conv)(volume), conv, volume)


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER, reason='compiling needs a C++ compiler')
@torch.inference_mode()
def test_compiled():
    volume = torch.randn(1, 4, 3, 9, 10)
    small, large = (nn.Conv3d(4, 4, taps, padding=taps // 2) for taps in (3, 7))
    for layer, conv in ((WinogradConv(small.weight, small.bias), small),
                        (FourierConv(large, depth=3), large)):
        prepare(layer, EngineOptions('float32', speed='fastest'))
        assert_same(layer(volume), conv, volume)


def assert_same(output: torch.Tensor, conv: nn.Conv2d | nn.Conv3d, x: torch.Tensor) -> None:
    convolve = functional.conv2d if x.ndim == 4 else functional.conv3d
    bias = None if conv.bias is None else conv.bias.double()
    expected = convolve(x.double(), conv.weight.double(), bias, padding=conv.padding)
    assert output.dtype == torch.float32
    torch.testing.assert_close(output.double(), expected, atol=2e-5, rtol=0)
