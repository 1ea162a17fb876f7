"""The inverse of a forward model: near to the person's face, in range, neutral to neutral."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import rotation_of
from ros_animate.plugins import load
from ros_animate.policy.forward_model import (
    OUTPUTS,
    ForwardModel,
    ForwardModelError,
    ModelConfig,
)
from ros_animate.policy.rig_map import RigMap
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame, Motion

SPEC = load_spec('ameca')


def known_model(spec=SPEC, inverted=()):
    """A face of which each control moves what drives it in the rig.

    Args:
        spec: The robot.
        inverted: Controls that move the other way than the rig expects.
    """
    count, half = len(spec.names), (spec.high - spec.low) / 2
    linear = np.zeros((len(OUTPUTS), count))
    for index, row in RigMap(spec).rows.items():
        sign = -1.0 if spec.names[index] in inverted else 1.0
        for feature, gain in row.items():
            unit = half[index] / 30.0 / max(gain, 0.1) if feature.startswith('head') else 4.0
            linear[OUTPUTS.index(feature), index] = sign * np.sign(gain) * unit
    hidden = np.zeros((4, count))
    offset = np.full(len(OUTPUTS), -2.0)
    offset[len(BLENDSHAPES):] = 0.0
    config = ModelConfig(spec.name, spec.transport, spec.names, tuple(spec.neutral), tuple(half),
                         (0.0,) * len(OUTPUTS), (0.0,) * len(OUTPUTS), 1)
    return ForwardModel(config, {'A': hidden, 'a': np.zeros(4), 'B': np.zeros((4, 4)),
                                 'b': np.zeros(4), 'C': np.zeros((len(OUTPUTS), 4)), 'c': offset,
                                 'D': linear})


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('calibrated')
    known_model().save(path)
    return str(path)


def policy(folder, **options):
    return load('policy', 'calibrated', {'weights': folder, **options}, SPEC)


def motion_of(face, stamp_s=0.0):
    """The motion of a face as OUTPUTS."""
    return Motion('mediapipe', stamp_s, expression=dict(zip(BLENDSHAPES, face)),
                  rotation=rotation_of(face[len(BLENDSHAPES):]))


def pose_with(**moved):
    """A pose with some controls some part of the way to the upper end."""
    pose = SPEC.neutral.copy()
    for name, share in moved.items():
        k = SPEC.index(name.replace('_', ' '))
        pose[k] += share * (SPEC.high[k] - SPEC.low[k])
    return pose


@pytest.mark.parametrize('moved', [
    {'Brow_Inner_Left': 0.2}, {'Brow_Outer_Right': 0.2, 'Brow_Inner_Right': -0.2},
    {'Lip_Corner_Raise_Left': 0.2, 'Lip_Corner_Raise_Right': 0.1}, {'Jaw_Pitch': -0.3}], ids=str)
def test_the_robot_shows_the_persons_face(folder, moved):
    model = known_model()
    person = model.predict(pose_with(**moved))
    shown = model.predict(policy(folder, rig=0.005, crooked=0.0).act(motion_of(person)).values[0])
    still = model.predict(SPEC.neutral)
    shapes = len(BLENDSHAPES)
    assert np.abs((shown - person)[:shapes]).sum() < 0.5 * np.abs((still - person)[:shapes]).sum()


def test_a_face_is_hardly_more_crooked_than_the_rig_makes_it(folder):
    person = motion_of(known_model().predict(pose_with(Jaw_Yaw=0.3, Lip_Top_Raise_Left=0.2)))
    rig = load('policy', 'blendshape_map', {}, SPEC).act(person).values[0]
    free, held = (policy(folder, crooked=weight).act(person).values[0] - rig
                  for weight in (0.0, 10.0))
    left, right, jaw = (SPEC.index(name) for name in ('Lip Top Raise Left', 'Lip Top Raise Right',
                                                      'Jaw Yaw'))
    assert abs(held[left] - held[right]) < 0.3 * abs(free[left] - free[right])
    assert abs(held[jaw]) < 0.3 * abs(free[jaw])


def test_the_head_follows_and_does_nothing_else(folder):
    chunk = policy(folder).act(motion_of(np.r_[known_model().predict(SPEC.neutral)[:52], 9, 6, 4]))
    shown = known_model().predict(chunk.values[0])
    np.testing.assert_allclose(shown[52:], [9, 6, 4], atol=1.5)
    brows = known_model().predict(pose_with(Brow_Inner_Left=0.2, Brow_Inner_Right=0.2))
    pose = policy(folder).act(motion_of(brows)).values[0]
    head = [c.group == 'head' for c in SPEC.controls]
    np.testing.assert_allclose(pose[head], SPEC.neutral[head], atol=0.5)


def test_a_camera_beside_the_head_does_not_turn_it(tmp_path):
    model = known_model()
    model.weights['c'][len(BLENDSHAPES):] = 8 / 30, -5 / 30, 0.0
    model.save(tmp_path)
    person = np.r_[model.predict(SPEC.neutral)[:len(BLENDSHAPES)], 0.0, 0.0, 0.0]
    head = [c.group == 'head' for c in SPEC.controls]
    for face, turned in ((person, 0.0), (person + np.r_[np.zeros(52), 9, 0, 0], 9.0)):
        pose = policy(str(tmp_path)).act(motion_of(face)).values[0]
        assert model.predict(pose)[52] == pytest.approx(8.0 + turned, abs=1.5)
    pose = policy(str(tmp_path)).act(motion_of(person)).values[0]
    np.testing.assert_allclose(pose[head], SPEC.neutral[head], atol=0.5)


def test_a_control_that_moves_the_other_way_is_followed(tmp_path):
    name = 'Lip Corner Raise Left'
    model, k = known_model(inverted=(name,)), SPEC.index(name)
    model.save(tmp_path)
    person = model.predict(pose_with(Lip_Corner_Raise_Left=-0.3))
    smile = BLENDSHAPES.index('mouthSmileLeft')
    assert person[smile] > model.predict(SPEC.neutral)[smile]
    follower = policy(str(tmp_path), rig=0.005, crooked=0.0)
    for _ in range(5):
        pose = follower.act(motion_of(person)).values[0]
    assert pose[k] < SPEC.neutral[k] - 0.1


def test_a_row_of_the_rig_that_was_found_wrong_is_not_the_prior(tmp_path):
    name, row = 'Lip Corner Raise Left', SPEC.rig['controls']['Lip Corner Raise Left']
    k, other = SPEC.index(name), {feature: -gain for feature, gain in row.items()}
    model = known_model(inverted=(name,))
    model = ForwardModel(dataclasses.replace(model.config, rig_was={name: dict(row)},
                                             rig_is={name: other}), model.weights)
    model.save(tmp_path)
    smile = Motion('mediapipe', 0.0, expression={**SPEC.rig['baseline'], 'mouthSmileLeft': 0.6})

    def answer(spec):
        options = {'weights': str(tmp_path), 'rig': 100.0, 'crooked': 0.0}
        return load('policy', 'calibrated', options, spec).act(smile).values[0, k]
    assert answer(SPEC) < SPEC.neutral[k] - 0.1
    controls = {**SPEC.rig['controls'], name: {'mouthSmileLeft': 0.5}}
    mended = dataclasses.replace(SPEC, rig={**SPEC.rig, 'controls': controls})
    assert answer(mended) > SPEC.neutral[k] + 0.1  # somebody has written another row


def test_rows_for_unknown_controls_and_blendshapes_are_refused(tmp_path):
    known_model().save(tmp_path)
    config = (tmp_path / 'config.yaml').read_text()
    for row, message in (('Jow: {jawOpen: 1}', "no control 'Jow'"),
                         ('Jaw Pitch: {jawOpn: 1}', "did you mean 'jawOpen'")):
        (tmp_path / 'config.yaml').write_text(f'{config}  rig_is: {{{row}}}\n')
        with pytest.raises(ForwardModelError, match=message):
            policy(str(tmp_path))


def test_after_calibration_the_persons_face_is_neutral(folder):
    face = np.r_[np.random.default_rng(3).uniform(0.1, 0.5, 52), 4.0, -3.0, 2.0]
    follower = policy(folder)
    follower.calibrate(motion_of(face))
    np.testing.assert_allclose(follower.act(motion_of(face)).values,
                               np.tile(SPEC.neutral, (2, 1)), atol=1e-6)
    follower.reset()
    assert np.abs(follower.act(motion_of(face)).values[0] - SPEC.neutral).max() > 0.05


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=52, max_size=52), st.floats(0, 3),
       st.tuples(*[st.floats(-60, 60)] * 3))
def test_ranges_and_coupled_limits_hold(folder, shapes, gain, angles):
    chunk = policy(folder).act(motion_of(np.r_[shapes, angles]))
    allowed = chunk.values[0].copy()
    CoupledSet(SPEC, SPEC.low, SPEC.high).project(allowed)
    np.testing.assert_allclose(chunk.values[0], allowed, atol=1e-9)
    stronger = policy(folder, gain=gain).act(motion_of(np.r_[shapes, angles])).values
    assert (stronger >= SPEC.low).all() and (stronger <= SPEC.high).all()


def test_gains_scale_their_region_alone(folder):
    face = motion_of(known_model().predict(pose_with(Brow_Inner_Left=0.2, Jaw_Pitch=-0.3)))
    usual, doubled = (policy(folder, brow=gain).act(face).values[0] for gain in (1.0, 2.0))
    brow, jaw = SPEC.index('Brow Inner Left'), SPEC.index('Jaw Pitch')
    assert doubled[brow] - SPEC.neutral[brow] == pytest.approx(
        2 * (usual[brow] - SPEC.neutral[brow]), rel=0.01)
    assert doubled[jaw] == usual[jaw]


def test_a_movement_is_continued_and_noise_is_not(folder):
    follower, k = policy(folder), SPEC.index('Jaw Pitch')
    rest = known_model().predict(SPEC.neutral)
    moving = known_model().predict(pose_with(Jaw_Pitch=-0.3))
    follower.act(motion_of(rest))
    now, ahead = follower.act(motion_of(moving, 1 / 30)).values
    assert ahead[k] < now[k] - 0.05
    rng = np.random.default_rng(0)
    for frame in range(2, 30):
        noisy = moving + np.r_[0.01 * rng.standard_normal(52), 0.3 * rng.standard_normal(3)]
        now, ahead = follower.act(motion_of(noisy, frame / 30)).values
        if frame > 5:
            np.testing.assert_array_equal(ahead, now)
    late = policy(folder, lead=0.0)
    late.act(motion_of(rest))
    now, ahead = late.act(motion_of(moving, 1 / 30)).values
    np.testing.assert_array_equal(now, ahead)


def test_a_robot_without_a_calibration_follows_its_rig(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.delenv('ROS_ANIMATE_WEIGHTS', raising=False)
    spec = dataclasses.replace(SPEC, name='another')
    face = motion_of(np.random.default_rng(0).uniform(0, 0.6, 55))
    rig = load('policy', 'blendshape_map', {}, spec).act(face).values[0]
    np.testing.assert_array_equal(load('policy', 'calibrated', {}, spec).act(face).values[0], rig)
    with pytest.raises(ConfigurationError, match='neither a calibration nor a rig'):
        load('policy', 'calibrated', {}, dataclasses.replace(spec, rig={}))


def test_a_calibration_is_found_by_the_robots_name(monkeypatch, tmp_path):
    monkeypatch.setenv('ROS_ANIMATE_WEIGHTS', str(tmp_path))
    place = tmp_path / 'calibrated' / 'ameca'
    place.mkdir(parents=True)
    known_model().save(place)
    face = motion_of(np.random.default_rng(0).uniform(0, 0.6, 55))
    expected = policy(str(place)).act(face).values
    np.testing.assert_array_equal(load('policy', 'calibrated', {}, SPEC).act(face).values, expected)
    real = load_spec('ameca_zmq')
    rig = load('policy', 'blendshape_map', {}, real).act(face).values[0]
    np.testing.assert_array_equal(load('policy', 'calibrated', {}, real).act(face).values[0], rig)


def test_the_order_of_the_controls_is_the_robots(folder):
    spec = dataclasses.replace(SPEC, controls=SPEC.controls[::-1])
    face = motion_of(np.random.default_rng(1).uniform(0, 0.6, 55))
    there = load('policy', 'calibrated', {'weights': folder}, spec).act(face).values
    np.testing.assert_allclose(there[:, ::-1], policy(folder).act(face).values, atol=1e-4)


def test_folders_of_others_are_refused_by_name(folder, tmp_path):
    with pytest.raises(ForwardModelError, match='another robot than servo_head'):
        load('policy', 'calibrated', {'weights': folder}, load_spec('servo_head'))
    with pytest.raises(ForwardModelError, match='there is no calibration in .*nowhere'):
        policy(str(tmp_path / 'nowhere'))
    with pytest.raises(TypeError, match='observes motion'):
        policy(folder).act(Frame(np.zeros((8, 8, 3), np.uint8), 0.0))
