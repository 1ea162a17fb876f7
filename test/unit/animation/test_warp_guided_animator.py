"""warp_guided on the virtual face: what it shares with mesh_warp, and what its network may do."""
from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest
import torch

from ros_animate import plugins
from ros_animate.animation.base import SourceImageError
from ros_animate.animation.warp_guided.guides import draw_gate, masks
from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.configuration import ConfigurationError, build
from ros_animate.face.virtual import HUMAN, Camera, VirtualFace
from ros_animate.networks import build_networks, find_family
from ros_animate.types import Frame, Image, Motion, UnusableMotion

SIZE = 128
NETWORK = {'image_size': SIZE, 'features': 8, 'max_features': 16, 'levels': 2, 'blocks': 1}
WHOLE = {'margin': 0.0}


def save(folder: pathlib.Path, spread: float) -> pathlib.Path:
    """A checkpoint whose last layer has random weights of this standard deviation."""
    torch.manual_seed(0)
    config = build(find_family('warp_guided').Config, NETWORK, 'test')
    network: Any = build_networks('warp_guided', config)['refiner']
    torch.nn.init.normal_(network.final.weight, 0, spread)
    return Checkpoint(folder, 'warp_guided', 'tiny', config, {'refiner': network.state_dict()},
                      ()).save(folder)


@pytest.fixture(scope='module')
def face() -> VirtualFace:
    return VirtualFace(HUMAN, Camera((256, 256), 32.0))


@pytest.fixture(scope='module')
def portrait(face: VirtualFace) -> Image:
    return face.render({})


@pytest.fixture(scope='module')
def motions(face: VirtualFace) -> dict[str, Motion]:
    """Motion of the face at rest, and of one with an open mouth and closed eyes."""
    moved = {'jaw_open': 0.7, 'eyelid_upper_left': 0.0, 'eyelid_upper_right': 0.0}
    extractor = plugins.load('motion', 'mediapipe')
    found = {}
    for name, state in (('rest', {}), ('moved', moved)):
        extractor.reset()
        found[name] = extractor.extract(Frame(face.render(state), 1.5))
    extractor.close()
    return found


@pytest.fixture(scope='module')
def untrained(tmp_path_factory: pytest.TempPathFactory, portrait: Image) -> Any:
    return animator(save(tmp_path_factory.mktemp('weights') / 'zero', 0.0), portrait)


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory, portrait: Image) -> Any:
    return animator(save(tmp_path_factory.mktemp('weights') / 'random', 0.2), portrait)


def animator(weights: pathlib.Path, portrait: Image) -> Any:
    loaded = plugins.load('animation', 'warp_guided', {'weights': str(weights), **WHOLE})
    loaded.set_source(portrait)
    return loaded


@pytest.fixture(scope='module')
def warped(portrait: Image) -> Any:
    loaded = plugins.load('animation', 'mesh_warp', {'size': SIZE, **WHOLE})
    loaded.set_source(portrait)
    return loaded


def animated(moving: Any, motions: dict[str, Motion], name: str) -> Image:
    moving.reset()
    moving.calibrate(motions['rest'])
    frame = moving.animate(motions[name])
    assert frame.stamp_s == 1.5
    assert frame.image.shape == (SIZE, SIZE, 3)
    assert frame.image.dtype == np.uint8
    return frame.image


def test_a_still_face_gives_the_source_image(trained: Any, warped: Any,
                                             motions: dict[str, Motion]) -> None:
    """Whatever the network has learned."""
    np.testing.assert_array_equal(animated(trained, motions, 'rest'),
                                  animated(warped, motions, 'rest'))


def test_an_untrained_network_gives_the_warp(untrained: Any, warped: Any,
                                             motions: dict[str, Motion]) -> None:
    np.testing.assert_array_equal(animated(untrained, motions, 'moved'),
                                  animated(warped, motions, 'moved'))


def test_a_trained_network_changes_a_moved_face(trained: Any, warped: Any,
                                                motions: dict[str, Motion]) -> None:
    images = [animated(moving, motions, 'moved').astype(int) for moving in (trained, warped)]
    assert np.abs(images[0] - images[1]).mean() > 1


def test_landmarks_and_repetition(trained: Any, warped: Any, motions: dict[str, Motion]) -> None:
    first, again = (animated(trained, motions, 'moved') for _ in range(2))
    np.testing.assert_array_equal(first, again)
    animated(warped, motions, 'moved')
    np.testing.assert_allclose(trained.landmarks, warped.landmarks)


def test_the_gains_change_while_it_runs(trained: Any, motions: dict[str, Motion]) -> None:
    usual = animated(trained, motions, 'moved')
    config = trained.config
    trained.configure(dataclasses.replace(config, mouth=0.2))
    weaker = animated(trained, motions, 'moved')
    trained.configure(config)
    assert not np.array_equal(usual, weaker)
    assert trained.changeable == ('relative', 'brows', 'eyes', 'mouth', 'pose', 'translation')


def test_the_gate_opens_where_landmarks_move(portrait: Image, trained: Any) -> None:
    rest = trained._rest
    moved = rest.copy()
    mouth = [61, 291, 0, 17, 13, 14, 78, 308, 87, 317]
    moved[mouth, 1] += 0.02 * np.ptp(rest[:, 1])
    gate = draw_gate(rest, moved, SIZE)[0]
    x, y = (rest[13, :2] / 2).astype(int)
    assert gate[y, x] == 1.0
    assert gate[2, 2] == 0.0
    assert not draw_gate(rest, rest + 0.001 * np.ptp(rest[:, 1]), SIZE).any()


def test_masks_lie_where_the_landmarks_are(trained: Any) -> None:
    face, lips, opening, eyes, irises = masks(trained._rest, SIZE)
    for mask, index in ((face, 1), (lips, 0), (eyes, 159), (irises, 468)):
        x, y = (trained._rest[index, :2] / 2).round().astype(int)
        assert mask[y, x] > 100 or mask[y + 1, x] > 100
    assert 0 < opening.sum() < 0.5 * lips.sum()
    assert (irises <= eyes).all()
    assert masks(1e9 * trained._rest, SIZE).shape == (5, SIZE // 2, SIZE // 2)


def test_mistakes_are_named(trained: Any, motions: dict[str, Motion]) -> None:
    weights = str(trained.config.weights)
    with pytest.raises(SourceImageError, match='no face found'):
        plugins.load('animation', 'warp_guided',
                     {'weights': weights}).set_source(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(SourceImageError, match='warp_guided has no portrait yet'):
        plugins.load('animation', 'warp_guided', {'weights': weights}).animate(motions['rest'])
    with pytest.raises(ConfigurationError, match='size'):
        plugins.load('animation', 'warp_guided', {'weights': weights, 'size': 128})
    with pytest.raises(UnusableMotion, match='mediapipe'):
        trained.animate(Motion('fomm', 0.0, keypoints=np.zeros((10, 2))))
