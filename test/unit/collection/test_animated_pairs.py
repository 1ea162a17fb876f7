"""Pairs through an animator."""
import dataclasses

import cv2
import numpy as np
import pytest

from ros_animate.collection.animated import AnimatedPairs
from ros_animate.face.head_pose import PosedShape
from ros_animate.settings import load_settings

SIZE, COUNT = 96, 6


def maker(seed=5):
    settings = load_settings(robot='mock', animation={'plugin': 'mesh_warp', 'size': 128})
    return AnimatedPairs(settings, seed, SIZE)


@pytest.fixture(scope='module')
def pairs():
    made = maker()
    yield list(made.make(0, 0, COUNT))
    made.close()


def test_a_block_is_the_same_each_time_and_from_any_pair_on(pairs):
    made = maker()
    try:
        next(made.make(1, 0, 1))  # what was made before does not count
        again = list(made.make(0, 3, COUNT))
    finally:
        made.close()
    assert [p.picture for p in again] == [p.picture for p in pairs[3:]]
    assert all(np.array_equal(a.values, b.values) for a, b in zip(again, pairs[3:]))


def test_pictures_have_the_wanted_size_and_differ(pairs):
    shown = [cv2.imdecode(np.frombuffer(p.picture, np.uint8), cv2.IMREAD_COLOR) for p in pairs]
    assert all(picture.shape == (SIZE, SIZE, 3) for picture in shown)
    assert len({p.picture for p in pairs}) == COUNT


def test_the_portrait_shows_the_pose(pairs, monkeypatch):
    """A jaw that opens while all else is at rest opens the portrait's mouth."""
    made = maker()
    spec = made._spec
    poses = [spec.neutral.copy() for _ in range(2)]
    poses[1][spec.index('Jaw Pitch')] = 0.3
    poses = [made._sampler.allowed(pose) for pose in poses]
    waiting = iter(poses)
    monkeypatch.setattr(made._sampler, 'sample', lambda rng: next(waiting))
    monkeypatch.setattr('ros_animate.collection.animated.PHOTOGRAPHED', 0.0)
    monkeypatch.setattr('ros_animate.collection.animated.OWN_PORTRAIT', 1.0)
    try:
        shut, opened = (cv2.imdecode(np.frombuffer(p.picture, np.uint8), 0).astype(float)
                        for p in made.make(0, 0, 2))
    finally:
        made.close()
    mouth, brow = slice(55, 80), slice(20, 36)
    change = np.abs(opened - shut)
    assert change[mouth, 30:66].mean() > 5 * change[brow, 30:66].mean()


def test_poses_without_a_face_are_replaced(monkeypatch):
    made = maker()
    unseen = iter([False, True, False])  # the person at rest, then the first pose and its stand-in
    extract = made._see
    monkeypatch.setattr(made, '_see', lambda person, values: (
        None if next(unseen, False) else extract(person, values)))
    monkeypatch.setattr(made, '_values', lambda animator, values: values)
    try:
        values = next(made.make(0, 0, 1)).values
    finally:
        made.close()
    from ros_animate.collection.pairs import CONTROLS, stream
    assert np.array_equal(values, made._sampler.sample(stream(5, CONTROLS, 0, 1)))


def test_the_values_are_those_with_which_the_robot_looks_like_the_portrait(monkeypatch):
    """The tracker does not see all that the person does; what the portrait shows is what counts."""
    made = maker()
    asked, shown = [], []
    values = made._values
    monkeypatch.setattr(made, '_values', lambda animator, person: asked.append(person) or
                        shown.append((made._rest, animator.landmarks)) or values(animator, person))
    try:
        fitted = [pair.values for pair in made.make(2, 0, COUNT)]
    finally:
        made.close()
    fit = made._fit

    def misfit(values, rest, landmarks):
        wanted = fit._wanted(PosedShape.of(rest), PosedShape.of(landmarks))
        at = (values - made._spec.low) / (made._spec.high - made._spec.low)
        apart = fit._shown(at) - wanted
        return np.linalg.norm(apart - apart.mean(0), axis=1).mean()

    theirs = np.mean([misfit(v, *s) for v, s in zip(asked, shown)])
    ours = np.mean([misfit(v, *s) for v, s in zip(fitted, shown)])
    assert ours < 0.8 * theirs


@pytest.mark.parametrize('unseen', [0.0, 0.3, 1.0])
def test_landmarks_lie_between_the_real_and_the_tracked_ones(monkeypatch, unseen):
    made = maker()
    try:
        person = dataclasses.replace(made._introduce(0)[0], unseen=unseen, rest={})
        tracked = []
        extract = made._stages.extractor.extract
        monkeypatch.setattr(made._stages.extractor, 'extract', lambda frame: tracked.append(
            extract(frame)) or tracked[-1])
        seen = made._see(person, {'jaw_open': 0.5}).landmarks
    finally:
        made.close()
    real = person.face.landmarks({'jaw_open': 0.5})
    assert np.allclose(seen, (1 - unseen) * real + unseen * tracked[-1].landmarks)
    assert np.abs(real - tracked[-1].landmarks)[:468, :2].mean() < 4  # of 320 pixels
