"""Learned policies: any image in, the robot's controls out, by the configuration of the weights."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from helpers.filled_networks import filled

from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.crop import centre_crop
from ros_animate.networks import build_networks, find_family
from ros_animate.networks.actions import normalise_image
from ros_animate.plugins import load
from ros_animate.policy.features import FEATURES, features
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame, Motion

SPEC = load_spec('mock')
RANGES = {'names': SPEC.names, 'low': tuple(SPEC.low.tolist()), 'high': tuple(SPEC.high.tolist())}
SMALL = {'x2cnet': {'image_size': 32, 'hidden': 8},
         'bc_z': {'image_size': 32, 'stem': 8, 'widths': (8, 8), 'squeeze': 4, 'hidden': 8,
                  'task': 6, 'waypoints': 4, 'horizon': 4, 'view': 1.0},
         'motion_mlp': {'hidden': 8}}
IMAGE = ('x2cnet', 'bc_z')
EXACT = {'precision': 'float32'}


def random_image(height=40, width=40, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


@pytest.fixture
def trained(tmp_path):
    """Makes weights of a small network; returns (folder, network, configuration)."""
    def make(family, **changes):
        config = find_family(family).Config(**{**RANGES, **SMALL[family], **changes})
        (name, network), = build_networks(family, config).items()
        network = filled(network)
        made = Checkpoint(tmp_path, family, 'own', config, {name: network.state_dict()}, ())
        return str(made.save(tmp_path / family)), network, config
    return make


@pytest.mark.parametrize('policy', IMAGE)
@pytest.mark.parametrize('shape', [(32, 32), (224, 224), (7, 9), (100, 40)])
def test_pictures_of_any_size(policy, shape, trained):
    stage = load('policy', policy, {'weights': trained(policy)[0]}, SPEC)
    chunk = stage.act(Frame(random_image(*shape), 2.5))
    assert chunk.names == SPEC.names
    assert chunk.stamp_s == 2.5
    assert ((SPEC.low <= chunk.values) & (chunk.values <= SPEC.high)).all()


@pytest.mark.parametrize('policy', IMAGE)
def test_scaled_outputs_become_robot_units(policy, trained):
    folder, network, config = trained(policy, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    observed = torch.from_numpy(random_image(32, 32)).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        predicted = network(normalise_image(observed, config)).reshape(-1, 30).double().numpy()
    expected = SPEC.low + (predicted + 1) * (SPEC.high - SPEC.low) / 2
    stage = load('policy', policy, {'weights': folder, **EXACT}, SPEC)
    got = stage.act(Frame(random_image(32, 32), 0.0))
    assert got.values.shape == ((4, 30) if policy == 'bc_z' else (1, 30))
    np.testing.assert_allclose(got.values, expected.clip(SPEC.low, SPEC.high), atol=1e-3)


@pytest.mark.parametrize('policy', IMAGE)
def test_strengths_scale_their_group_from_neutral(policy, trained):
    weights = {'weights': trained(policy)[0], **EXACT}

    def away(**options):
        stage = load('policy', policy, {**weights, **options}, SPEC)
        return stage.act(Frame(random_image(), 0.0)).values - SPEC.neutral

    half, expected = away(gain=0.5), away(gain=0.25, lid=0.4)
    factors = np.where([control.group == 'lid' for control in SPEC.controls], 0.2, 0.5)
    free = (SPEC.low < half + SPEC.neutral) & (half + SPEC.neutral < SPEC.high)
    assert free.mean() > 0.5
    np.testing.assert_allclose(expected[free], (factors * half)[free], atol=1e-9)
    larger = away(gain=3.0) + SPEC.neutral
    assert ((SPEC.low <= larger) & (larger <= SPEC.high)).all()


@pytest.mark.parametrize('policy', IMAGE)
def test_strengths_of_the_weights_multiply_ones_own(policy, trained):
    theirs = np.where([control.group == 'lid' for control in SPEC.controls], 0.5, 1.0)

    def away(folder, **options):
        stage = load('policy', policy, {'weights': folder, 'gain': 0.4, **EXACT, **options}, SPEC)
        return stage.act(Frame(random_image(), 0.0)).values - SPEC.neutral

    folder, *_ = trained(policy, strength=tuple(theirs.tolist()))
    plain = away(folder, own_strength=False)
    assert np.abs(plain).max() > 0
    np.testing.assert_allclose(away(folder), plain * theirs, atol=1e-9)


def test_strengths_that_are_not_one_for_each_control_are_refused():
    with pytest.raises(ValueError, match='2 strengths for 30 names'):
        find_family('bc_z').Config(**RANGES, strength=(1.0, 2.0))


def test_published_weights_speak_robot_units(trained):
    folder, network, config = trained('x2cnet', names=(), low=(), high=())
    with torch.inference_mode():
        observed = torch.from_numpy(random_image(32, 32)).permute(2, 0, 1)[None].float() / 255
        predicted = network(normalise_image(observed, config)).double().numpy()
    stage = load('policy', 'x2cnet', {'weights': folder, **EXACT}, SPEC)
    got = stage.act(Frame(random_image(32, 32), 0.0))
    np.testing.assert_allclose(got.values, predicted.clip(SPEC.low, SPEC.high), atol=1e-3)


def test_the_task_conditions(trained, tmp_path):
    folder, *_ = trained('bc_z')
    np.save(tmp_path / 'z.npy', np.ones(6))
    plain = load('policy', 'bc_z', {'weights': folder}, SPEC)
    frame = Frame(random_image(), 0.0)
    before = plain.act(frame).values
    plain.set_task(np.zeros(6))
    np.testing.assert_allclose(plain.act(frame).values, before, atol=1e-5)
    other = load('policy', 'bc_z', {'weights': folder, 'task': str(tmp_path / 'z.npy')}, SPEC)
    assert np.abs(other.act(frame).values - before).max() > 1e-3
    with pytest.raises(ConfigurationError, match='task embedding'):
        plain.set_task(np.zeros(5))
    with pytest.raises(ConfigurationError, match='nowhere'):
        load('policy', 'bc_z', {'weights': folder, 'task': 'nowhere.npy'}, SPEC)


def test_motion_is_features():
    motion = Motion('mediapipe', 1.0, rotation=np.eye(3), expression={'jawOpen': 0.5})
    vector = features(motion)
    assert vector.shape == (FEATURES,)
    assert vector[BLENDSHAPES.index('jawOpen')] == 0.5
    assert np.count_nonzero(vector) == 1


def test_motion_to_actions(trained):
    folder, *_ = trained('motion_mlp')
    policy = load('policy', 'motion_mlp', {'weights': folder}, SPEC)
    chunk = policy.act(Motion('mediapipe', 1.0, rotation=np.eye(3), expression={'jawOpen': 0.5}))
    assert chunk.values.shape == (1, 30)
    with pytest.raises(TypeError, match='motion'):
        policy.act(Frame(random_image(), 0.0))


def test_controls_are_found_by_name(trained):
    folder, *_ = trained('x2cnet')
    frame = Frame(random_image(), 0.0)
    whole = load('policy', 'x2cnet', {'weights': folder}, SPEC).act(frame)
    less = dataclasses.replace(SPEC, controls=SPEC.controls[::-2])
    part = load('policy', 'x2cnet', {'weights': folder}, less).act(frame)
    np.testing.assert_array_equal(part.values, whole.values[:, ::-2])


def test_weights_for_another_robot_are_refused(trained):
    other = load_spec('servo_head')
    with pytest.raises(ConfigurationError, match='another robot'):
        load('policy', 'x2cnet', {'weights': trained('x2cnet')[0]}, other)
    with pytest.raises(ConfigurationError, match='for 30 controls'):
        load('policy', 'x2cnet', {'weights': trained('x2cnet', names=(), low=(), high=())[0]},
             other)


@pytest.mark.parametrize('policy', IMAGE)
def test_motion_is_no_image(policy, trained):
    with pytest.raises(TypeError, match='images'):
        load('policy', policy, {'weights': trained(policy)[0]}, SPEC).act(Motion('any', 0.0))


@pytest.mark.parametrize('shape', [(48, 64), (64, 48), (20, 20), (7, 300)])
def test_the_middle_square_is_kept(shape):
    image = np.zeros((*shape, 3), np.uint8)
    image[shape[0] // 2, shape[1] // 2] = 255
    cut = centre_crop(image, 32)
    assert cut.shape == (32, 32, 3) and cut[12:20, 12:20].max() > 0


def test_the_middle_square_is_seen():
    wide = random_image(20, 60)
    np.testing.assert_array_equal(centre_crop(wide, 20), wide[:, 20:40])
    assert centre_crop(wide, 7).shape == (7, 7, 3)
    np.testing.assert_array_equal(centre_crop(wide, 10, view=0.5), wide[5:15, 25:35])
    assert centre_crop(wide, 8, view=0.1).shape == (8, 8, 3)


@pytest.mark.parametrize('policy', IMAGE)
def test_narrow_numbers_say_nearly_the_same(policy, trained):
    folder, *_ = trained(policy)
    exact, narrow = (load('policy', policy, {'weights': folder, 'precision': precision}, SPEC).act(
        Frame(random_image(), 0.0)).values for precision in ('float32', 'bf16'))
    assert np.abs((exact - narrow) / (SPEC.high - SPEC.low)).max() < 0.02


@pytest.mark.parametrize('policy', IMAGE)
def test_outputs_that_are_not_finite_are_an_error(policy, trained):
    stage = load('policy', policy, {'weights': trained(policy)[0]}, SPEC)
    for parameter in stage.network.parameters():
        parameter.data.fill_(float('nan'))
    with pytest.raises(UserError, match=f'the policy {policy} is not finite'):
        stage.act(Frame(random_image(), 0.0))
