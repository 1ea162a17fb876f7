"""Perceptual features that need weights."""
from __future__ import annotations

import pathlib

import pytest
import torch

from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.errors import UserError
from ros_animate.networks import build_networks, find_family
from ros_animate.networks.perceptual import Vgg19
from ros_animate.training.animation.perceptual_features import make_features

SMALLEST = {'image_size': 32, 'stem': 8, 'widths': (8, 8), 'depth': 1, 'squeeze': 8, 'hidden': 8,
            'task': 8}


def test_our_face_network_by_its_weights(tmp_path, monkeypatch) -> None:
    config = find_family('bc_z').Config(**SMALLEST)
    network = build_networks('bc_z', config)['policy'].eval()
    Checkpoint(tmp_path, 'bc_z', 'own', config, {'policy': network.state_dict()}, ()).save(
        tmp_path / 'bc_z')
    monkeypatch.setenv('ROS_ANIMATE_WEIGHTS', str(tmp_path))
    features = make_features('bc_z', '')
    assert not any(p.requires_grad for p in features.parameters())
    image = torch.rand(2, 3, 32, 32, requires_grad=True)
    maps = features(image)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (config.mean, config.std))
    torch.testing.assert_close(maps[0], network.stem((image - mean) / std))
    assert len(maps) == 3
    maps[-1].sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0


def vgg_file(path: pathlib.Path, **changes) -> dict:
    """A file with torchvision's names of the tensors, and the classifier that is not used."""
    state = {f'features.{name.split(".", 1)[1]}': value
             for name, value in Vgg19().state_dict().items() if '.' in name}
    state = {**state, 'classifier.0.weight': torch.zeros(2, 2), **changes}
    torch.save({k: v for k, v in state.items() if v is not None}, path)
    return state


def test_vgg19_by_torchvisions_names(tmp_path) -> None:
    path = tmp_path / 'vgg19.pth'
    state = vgg_file(path)
    features = make_features('vgg19', str(path))
    assert torch.equal(features.slice2.get_submodule('5').weight, state['features.5.weight'])
    assert [m.shape[1] for m in features(torch.rand(1, 3, 32, 32))] == [64, 128, 256, 512, 512]


def test_mistakes_are_named(tmp_path) -> None:
    with pytest.raises(UserError, match='tower_weights'):
        make_features('vgg19', '')
    path = tmp_path / 'vgg19.pth'
    vgg_file(path, **{'features.28.bias': None})
    with pytest.raises(UserError, match=r'slice5\.28\.bias'):
        make_features('vgg19', str(path))
    with pytest.raises(UserError, match='nothing'):
        make_features('bc_z', str(tmp_path / 'nothing'))
