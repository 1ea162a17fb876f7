"""Networks prepared by the engine generate the same images as before."""
from __future__ import annotations

import copy
import shutil

import pytest
import torch
from helpers.small_networks import CONFIGS, SIZE, Small, small
from torch import nn

from ros_animate.configuration import ConfigurationError, build
from ros_animate.inference import engine
from ros_animate.inference.cuda_graphs import flatten_tensors, map_tensors
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.inference.rewriting import rewrite
from ros_animate.networks.monkey_net import Keypoints

COMPILER = any(shutil.which(name) for name in ('c++', 'g++', 'clang++'))


def animate(model: Small, options: EngineOptions | None, device: str = 'cpu'):
    """The image from networks prepared with `options`, or as they were built."""
    networks = dict(model.networks)
    if options is not None:
        networks |= {name: prepare(copy.deepcopy(networks[name]), options, device)
                     for name in model.generators}
    source = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return model.animate(networks, source.to(device)).cpu()


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(-10 * torch.log10((a - b).square().mean()))


@pytest.mark.parametrize('name', CONFIGS)
@pytest.mark.parametrize('channels_last', [False, True])
def test_float32_is_equal(name, channels_last):
    model = small(name)
    expected = animate(model, None)
    assert expected.std() > 0.02  # an image, not a flat field
    output = animate(model, EngineOptions('float32', channels_last=channels_last))
    assert output.dtype == torch.float32
    torch.testing.assert_close(output, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize('name', CONFIGS)
@pytest.mark.parametrize('precision', ['bf16', 'fp16'])
def test_half_precision_is_near(name, precision):
    model = small(name)
    output = animate(model, EngineOptions(precision=precision))
    assert output.dtype == torch.float32
    assert psnr(output, animate(model, None)) > 40


@pytest.mark.parametrize('name', CONFIGS)
def test_rewriting_without_cheaper_variants_is_equal(name):
    model = small(name)
    expected = animate(model, None)
    for network in model.generators:
        rewrite(model.networks[network], cheaper=False)
    torch.testing.assert_close(animate(model, None), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize('name', CONFIGS)
def test_norms_are_folded_away(name):
    model = small(name)
    for network in model.generators:
        rewrite(model.networks[network])
        left = [n for n, m in model.networks[network].named_modules()
                if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm3d)) and not n.endswith('norm1')]
        assert not left  # the first norm of a residual block has no convolution before it
        assert not any(n.endswith('weight_orig') for n in model.networks[network].state_dict())


def test_detectors_are_equal():
    for name, network in (('fomm', 'kp_detector'), ('face_vid2vid', 'he_estimator')):
        model = small(name)
        image = torch.rand(1, 3, SIZE, SIZE)
        with torch.inference_mode():
            expected = flatten_tensors(model.networks[network](image))
            output = flatten_tensors(prepare(model.networks[network], EngineOptions())(image))
        for ours, theirs in zip(output, expected, strict=True):
            tolerance = 1e-5 * max(1.0, float(theirs.abs().max()))
            torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=0)


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER, reason='compiling needs a C++ compiler')
def test_compiled_is_equal():
    model = small('fomm')
    output = animate(model, EngineOptions('float32', speed='fastest'))
    torch.testing.assert_close(output, animate(model, None), atol=1e-4, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='CUDA graphs need a GPU')
@pytest.mark.parametrize('name', CONFIGS)
def test_recorded_is_equal(name):
    model = small(name)
    plain = animate(model, EngineOptions(precision='fp16', speed='plain'), 'cuda')
    torch.testing.assert_close(animate(model, EngineOptions(precision='fp16'), 'cuda'), plain)


def test_compiling_without_a_compiler_says_so(monkeypatch):
    monkeypatch.setattr(engine.shutil, 'which', lambda name: None)
    with pytest.raises(ConfigurationError, match='C\\+\\+ compiler'):
        prepare(nn.Identity(), EngineOptions(speed='fastest'))


def test_unknown_precision_lists_the_choices():
    with pytest.raises(ConfigurationError, match='bf16'):
        build(EngineOptions, {'precision': 'half'}, 'engine')


def test_mapped_keeps_the_structure():
    nested = (Keypoints(torch.zeros(1), torch.ones(1)), [torch.full((1,), 2.0)], 'text')
    doubled = map_tensors(lambda t: t * 2, nested)
    assert isinstance(doubled[0], Keypoints)
    assert doubled[2] == 'text'
    assert [t.item() for t in flatten_tensors(doubled)] == [0, 2, 4]
