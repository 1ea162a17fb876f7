"""Pairs through an animator."""
import contextlib
import dataclasses

import numpy as np
import pytest

from ros_animate.collection.animated import AnimatedPairs
from ros_animate.collection.fitting import ControlFit
from ros_animate.collection.pairs import CONTROLS, random_stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.collection.virtual_person import PersonTracker, random_virtual_person
from ros_animate.face.head_pose import PosedShape
from ros_animate.images import decode_image
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.settings import load_settings

SIZE, COUNT = 96, 6
SPEC = load_spec('mock')


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
    assert [p.jpeg for p in again] == [p.jpeg for p in pairs[3:]]
    assert all(np.array_equal(a.values, b.values) for a, b in zip(again, pairs[3:]))


def test_images_have_the_requested_size_and_differ(pairs):
    shown = [decode_image(p.jpeg) for p in pairs]
    assert all(image.shape == (SIZE, SIZE, 3) for image in shown)
    assert len({p.jpeg for p in pairs}) == COUNT


def test_the_portrait_shows_the_pose(monkeypatch):
    """A jaw that opens while all else is at rest opens the portrait's mouth."""
    poses = [SPEC.neutral.copy() for _ in range(2)]
    poses[1][SPEC.index('Jaw Pitch')] = 0.3
    waiting = iter([ControlSampler(SPEC).allowed(pose) for pose in poses])
    monkeypatch.setattr(ControlSampler, 'sample', lambda self, rng: next(waiting))
    monkeypatch.setattr('ros_animate.collection.animated.PHOTOGRAPHED_SHARE', 0.0)
    monkeypatch.setattr('ros_animate.collection.animated.OWN_PORTRAIT_SHARE', 1.0)
    with contextlib.closing(maker()) as made:
        shut, opened = (decode_image(pair.jpeg).astype(float).mean(2)
                        for pair in made.make(0, 0, 2))
    mouth, brow = slice(55, 80), slice(20, 36)
    change = np.abs(opened - shut)
    assert change[mouth, 30:66].mean() > 5 * change[brow, 30:66].mean()


def test_poses_without_a_face_are_replaced(monkeypatch):
    # The person at rest, then the first pose and the one that replaces it.
    lost = iter([False, True, False])
    motion = PersonTracker.motion
    monkeypatch.setattr(PersonTracker, 'motion', lambda self, person, muscles: (
        None if next(lost, False) else motion(self, person, muscles)))
    monkeypatch.setattr(ControlFit, '__call__', lambda self, source, target, start: start)
    with contextlib.closing(maker()) as made:
        values = next(made.make(0, 0, 1)).values
    sampler = ControlSampler(SPEC)
    second = sampler.sample(random_stream(5, CONTROLS, 0, 1))
    assert np.array_equal(values, sampler.allowed(second))


def test_the_values_are_those_with_which_the_robot_looks_like_the_portrait(monkeypatch):
    """The tracker does not find all that the person does; the values follow the portrait."""
    made = maker()
    asked, shown = [], []
    values = made._robot_values
    monkeypatch.setattr(made, '_robot_values', lambda animator, person: asked.append(person) or
                        shown.append((made._rest, animator.landmarks)) or values(animator, person))
    try:
        fitted = [pair.values for pair in made.make(2, 0, COUNT)]
    finally:
        made.close()
    fit = made._fit

    def misfit(values, rest, landmarks):
        goal = fit._target_points(PosedShape.of(rest), PosedShape.of(landmarks))
        at = (values - SPEC.low) / (SPEC.high - SPEC.low)
        apart = fit._image_points(at) - goal
        return np.linalg.norm(apart - apart.mean(0), axis=1).mean()

    theirs = np.mean([misfit(v, *s) for v, s in zip(asked, shown)])
    ours = np.mean([misfit(v, *s) for v, s in zip(fitted, shown)])
    assert ours < 0.8 * theirs


@pytest.mark.parametrize('share', [0.0, 0.3, 1.0])
def test_landmarks_lie_between_the_true_and_the_tracked_ones(share):
    person = random_virtual_person(np.random.default_rng(3))
    person = dataclasses.replace(person, tracked_share=share, rest={})
    with contextlib.closing(load('motion', 'mediapipe')) as extractor:
        tracked = []
        extract = extractor.extract
        extractor.extract = lambda frame: tracked.append(extract(frame)) or tracked[-1]
        landmarks = PersonTracker(extractor).motion(person, {'jaw_open': 0.5}).landmarks
    true = person.face.landmarks({'jaw_open': 0.5})
    assert np.allclose(landmarks, (1 - share) * true + share * tracked[-1].landmarks)
    assert np.abs(true - tracked[-1].landmarks)[:468, :2].mean() < 4  # of 320 pixels
