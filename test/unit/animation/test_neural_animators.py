"""The neural animators and their extractors, with small random networks."""
from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from typing import Any

import cv2
import numpy as np
import pytest
from helpers import tiny_models

from ros_animate import plugins
from ros_animate.animation.base import Animator, SourceImageError
from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.face.opening_ratios import EYE_LEFT, EYE_RIGHT, LIPS
from ros_animate.motion.base import Extractor
from ros_animate.types import Frame, Image, Motion

Weights = dict[str, pathlib.Path]
FAMILIES = tiny_models.FAMILIES


def animator(family: str, weights: Weights, **options: Any) -> Animator:
    return plugins.load('animation', family, {'weights': str(weights[family]), **options})


def extractor(family: str, weights: Weights, **options: Any) -> Extractor:
    return plugins.load('motion', family, {'weights': str(weights[family]), **options})


@pytest.fixture(scope='module')
def motions(weights: Weights, frames: list[Image]) -> dict[str, list[Motion]]:
    """The motions of the clip by every family."""
    found = {}
    for family in FAMILIES:
        eyes = extractor(family, weights)
        found[family] = [eyes.extract(Frame(f, 0.2 * i)) for i, f in enumerate(frames)]
        eyes.close()
    return found


@pytest.mark.parametrize('family', FAMILIES)
def test_animates_a_portrait(family: str, weights: Weights, portrait: Image,
                             motions: dict[str, list[Motion]]) -> None:
    moving = animator(family, weights)
    moving.set_source(portrait)
    images = [moving.animate(motion) for motion in motions[family]]
    size = tiny_models.CONFIGS[family]['image_size'] * (2 if family == 'live_portrait' else 1)
    assert all(p.image.shape == (size, size, 3) for p in images)
    assert [p.stamp_s for p in images] == pytest.approx([0.2 * i for i in range(6)])
    assert not np.array_equal(images[0].image, images[5].image)


@pytest.mark.parametrize('family', FAMILIES)
def test_the_reference_motion_leaves_the_source_as_it_is(
        family: str, weights: Weights, portrait: Image,
        motions: dict[str, list[Motion]]) -> None:
    """Whatever face is the reference, it gives the same image: the source at rest."""
    options = {'live_portrait': {'stitching': False}, 'monkey_net': {'adapt_covariance': True}}
    moving = animator(family, weights, **options.get(family, {}))
    moving.set_source(portrait)
    at_rest = []
    for motion in motions[family][::5]:
        moving.calibrate(motion)
        at_rest.append(moving.animate(motion).image.astype(int))
    assert np.abs(at_rest[0] - at_rest[1]).max() <= 1


@pytest.mark.parametrize('family', FAMILIES)
def test_the_first_motion_is_the_reference_until_reset(
        family: str, weights: Weights, portrait: Image,
        motions: dict[str, list[Motion]]) -> None:
    first, last = motions[family][0], motions[family][5]
    moving = animator(family, weights)
    moving.set_source(portrait)
    moving.animate(first)
    after_first = moving.animate(last).image
    moving.reset()
    alone = moving.animate(last).image
    moving.calibrate(first)
    assert not np.array_equal(after_first, alone)
    np.testing.assert_array_equal(moving.animate(last).image, after_first)


@pytest.mark.parametrize('family', FAMILIES)
def test_a_new_source_keeps_the_reference(family: str, weights: Weights, portrait: Image,
                                          motions: dict[str, list[Motion]]) -> None:
    first, last = motions[family][0], motions[family][5]
    moving = animator(family, weights, crop=False)
    moving.set_source(portrait[::-1].copy())
    moving.animate(first)
    moving.set_source(portrait)
    after = moving.animate(last).image
    fresh = animator(family, weights, crop=False)
    fresh.set_source(portrait)
    fresh.animate(first)
    np.testing.assert_array_equal(after, fresh.animate(last).image)


@pytest.mark.parametrize('family', FAMILIES)
def test_absolute_motion_needs_no_reference(family: str, weights: Weights, portrait: Image,
                                            motions: dict[str, list[Motion]]) -> None:
    moving = animator(family, weights, relative=False)
    moving.set_source(portrait)
    first = moving.animate(motions[family][5]).image
    moving.animate(motions[family][0])
    np.testing.assert_array_equal(moving.animate(motions[family][5]).image, first)


@pytest.mark.parametrize('family', FAMILIES)
def test_paste_back_changes_the_face_alone(family: str, weights: Weights, portrait: Image,
                                           motions: dict[str, list[Motion]]) -> None:
    moving = animator(family, weights, paste_back=True)
    moving.set_source(portrait)
    image = moving.animate(motions[family][3]).image
    assert image.shape == portrait.shape
    np.testing.assert_array_equal(image[:, :8], portrait[:, :8])
    assert not np.array_equal(image[180:220, 200:240], portrait[180:220, 200:240])


@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 300, 3), (7, 5, 3), (64, 64, 3),
                                   (2160, 3840, 3)])
@pytest.mark.parametrize('family', FAMILIES)
def test_pictures_without_a_face(family: str, shape: tuple[int, ...], weights: Weights,
                                 motions: dict[str, list[Motion]]) -> None:
    """Refused where a face is looked for; animated as they are where none is wanted."""
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    with pytest.raises(SourceImageError, match='no face'):
        animator(family, weights).set_source(image)
    moving = animator(family, weights, crop=False, paste_back=True)
    moving.set_source(image)
    made = moving.animate(motions[family][1]).image
    assert max(made.shape[:2]) <= 1280
    assert abs(made.shape[1] / made.shape[0] - shape[1] / shape[0]) < 2


@pytest.mark.parametrize('family', FAMILIES)
def test_a_large_portrait(family: str, weights: Weights, portrait: Image,
                          motions: dict[str, list[Motion]]) -> None:
    large = np.asarray(cv2.resize(portrait, (3840, 3491), interpolation=cv2.INTER_LINEAR))
    moving = animator(family, weights)
    moving.set_source(large)
    small = animator(family, weights)
    small.set_source(portrait)
    difference = (moving.animate(motions[family][0]).image.astype(int)
                  - small.animate(motions[family][0]).image)
    assert np.abs(difference).mean() < 40


@pytest.mark.parametrize('family', FAMILIES)
def test_a_grey_portrait(family: str, weights: Weights, portrait: Image,
                         motions: dict[str, list[Motion]]) -> None:
    grey = np.repeat(portrait.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    moving = animator(family, weights)
    moving.set_source(grey)
    assert moving.animate(motions[family][0]).image.dtype == np.uint8


@pytest.mark.parametrize('family', FAMILIES)
def test_wrong_order_and_wrong_motion_are_explained(
        family: str, weights: Weights, portrait: Image,
        motions: dict[str, list[Motion]]) -> None:
    moving = animator(family, weights)
    with pytest.raises(SourceImageError, match='set_source'):
        moving.animate(motions[family][0])
    moving.set_source(portrait)
    with pytest.raises(ConfigurationError, match=f'{family}.*mediapipe'):
        moving.animate(Motion('mediapipe', 0.0))
    with pytest.raises(ConfigurationError, match='mediapipe'):
        moving.calibrate(Motion('mediapipe', 0.0))


@pytest.mark.parametrize('family', FAMILIES)
def test_weights_are_asked_for(family: str, tmp_path: pathlib.Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('ROS_ANIMATE_WEIGHTS', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setattr('ros_animate.checkpoints.weights._package_folder', lambda: iter(()))
    for stage in ('animation', 'motion'):
        with pytest.raises(UserError, match=f'(?s){family}.*http.*licence.*{tmp_path}'):
            plugins.load(stage, family)


def test_weights_of_another_family_are_named(weights: Weights) -> None:
    with pytest.raises(UserError, match='fomm, not of monkey_net'):
        plugins.load('animation', 'monkey_net', {'weights': str(weights['fomm'])})


@pytest.mark.parametrize('family', FAMILIES)
def test_a_face_lost_and_found_again(family: str, weights: Weights, frames: list[Image]) -> None:
    eyes = extractor(family, weights)
    blank = np.full_like(frames[0], 90)
    sequence = [blank, blank, frames[0], frames[1], *[blank] * 4, frames[2], frames[3]]
    seen = [eyes.extract(Frame(image, 0.1 * i)) is not None for i, image in enumerate(sequence)]
    eyes.close()
    assert seen[:4] == [False, False, True, True]
    assert not any(seen[5:8])
    assert seen[9]


@pytest.mark.parametrize('family', FAMILIES)
def test_another_person_elsewhere_in_the_frame(family: str, weights: Weights,
                                               frames: list[Image]) -> None:
    """The square jumps to the new face: the motion is that of a fresh start there."""
    side = len(frames[0])
    left = np.pad(frames[0], ((0, 0), (0, side), (0, 0)), constant_values=90)
    right = np.pad(frames[0], ((0, 0), (side, 0), (0, 0)), constant_values=90)
    eyes = extractor(family, weights)
    eyes.extract(Frame(left, 0.0))
    for i in range(6):  # the tracker takes a moment to let go of the first face
        after = eyes.extract(Frame(right, 0.1 + 0.1 * i))
    eyes.reset()
    fresh = eyes.extract(Frame(right, 0.0))
    eyes.close()
    assert after is not None
    field = next(f for f in ('keypoints', 'deformations', 'latent')
                 if getattr(fresh, f) is not None)
    np.testing.assert_allclose(getattr(after, field), getattr(fresh, field), atol=0.05)


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 300, 3), (480, 640, 3), (2160, 3840, 3)])
def test_frames_of_any_size(family: str, shape: tuple[int, ...], weights: Weights) -> None:
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    with_face = extractor(family, weights)
    assert with_face.extract(Frame(image, 0.0)) is None
    with_face.close()
    motion = extractor(family, weights, crop=False).extract(Frame(image, 0.5))
    assert motion.model == family
    assert motion.stamp_s == 0.5


def test_monkey_net_and_fomm_tell_keypoints(motions: dict[str, list[Motion]]) -> None:
    for family, field in (('monkey_net', 'covariances'), ('fomm', 'jacobians')):
        for motion in motions[family]:
            assert motion.keypoints.shape == (4, 2)
            assert np.abs(motion.keypoints).max() <= 1
            assert getattr(motion, field).shape == (4, 2, 2)


def test_monkey_net_clips_keypoints(weights: Weights, portrait: Image,
                                    motions: dict[str, list[Motion]]) -> None:
    first = motions['monkey_net'][0]
    outside = dataclasses.replace(first, keypoints=first.keypoints + 3.0)
    edge = dataclasses.replace(first, keypoints=np.ones_like(first.keypoints))
    moving = animator('monkey_net', weights, relative=False, clip=True)
    moving.set_source(portrait)
    np.testing.assert_array_equal(moving.animate(outside).image, moving.animate(edge).image)


def test_free_view_turns_the_head(weights: Weights, portrait: Image,
                                  motions: dict[str, list[Motion]]) -> None:
    first, last = motions['face_vid2vid'][0], motions['face_vid2vid'][5]
    images = []
    for options in ({}, {'yaw_deg': 40.0}, {'shift_x': 0.5}):
        moving = animator('face_vid2vid', weights, relative=False, **options)
        moving.set_source(portrait)
        images.append(moving.animate(first).image.astype(int))
    assert np.abs(images[1] - images[0]).max() > 0
    assert np.abs(images[2] - images[0]).max() > 0
    held = animator('face_vid2vid', weights, relative=False, follow_head=False)
    held.set_source(portrait)
    turned = dataclasses.replace(last, rotation=first.rotation)
    np.testing.assert_array_equal(held.animate(last).image, held.animate(turned).image)


@pytest.mark.parametrize('region', ['pose', 'exp', 'lip', 'eyes'])
def test_a_region_ignores_the_rest(region: str, weights: Weights, portrait: Image,
                                   motions: dict[str, list[Motion]]) -> None:
    first, last = motions['live_portrait'][0], motions['live_portrait'][5]
    moving = animator('live_portrait', weights, region=region, stitching=False)
    moving.set_source(portrait)
    at_rest = moving.animate(first).image
    other = ({'deformations': last.deformations} if region == 'pose' else
             {'rotation': last.rotation, 'translation': last.translation, 'scale': 2.0})
    np.testing.assert_array_equal(
        moving.animate(dataclasses.replace(first, **other)).image, at_rest)


def test_the_multiplier_of_nothing_is_the_source(weights: Weights, portrait: Image,
                                                 motions: dict[str, list[Motion]]) -> None:
    moving = animator('live_portrait', weights, multiplier=0.0)
    moving.set_source(portrait)
    images = [moving.animate(motion).image for motion in motions['live_portrait']]
    assert all(np.array_equal(p, images[0]) for p in images)


def test_live_portrait_measures_eyes_and_lips(motions: dict[str, list[Motion]]) -> None:
    for motion in motions['live_portrait']:
        assert set(motion.expression) == {EYE_RIGHT, EYE_LEFT, LIPS}
        assert 0.05 < motion.expression[EYE_RIGHT] < 0.8
        assert 0.0 <= motion.expression[LIPS] < 0.8


@pytest.mark.parametrize('options', [{'eye_retargeting': True}, {'lip_retargeting': True},
                                     {'eye_retargeting': True, 'lip_retargeting': True}])
def test_retargeting_follows_the_measured_openness(options: dict[str, bool], weights: Weights,
                                                   portrait: Image,
                                                   motions: dict[str, list[Motion]]) -> None:
    first, last = motions['live_portrait'][0], motions['live_portrait'][5]
    moving = animator('live_portrait', weights, **options)
    moving.set_source(portrait)
    opened = {name: value + 20 for name, value in first.expression.items()}
    images = [moving.animate(m).image for m in (
        first, dataclasses.replace(last, expression=first.expression),
        dataclasses.replace(first, expression=opened))]
    np.testing.assert_array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])
    with pytest.raises(ConfigurationError, match='openness'):
        moving.animate(dataclasses.replace(first, expression={}))


def test_open_lips_of_the_source_can_count_as_closed(weights: Weights, portrait: Image,
                                                     motions: dict[str, list[Motion]],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    motion = motions['live_portrait'][0]
    images = []
    for openness in (0.01, 0.5):
        for normalize in (False, True):
            monkeypatch.setattr('ros_animate.animation.animators.live_portrait.opening_ratios',
                                lambda _, openness=openness: {LIPS: openness})
            moving = animator('live_portrait', weights, normalize_lip=normalize)
            moving.set_source(portrait)
            images.append(moving.animate(motion).image)
    np.testing.assert_array_equal(images[0], images[1])
    assert not np.array_equal(images[2], images[3])


def test_without_the_stitching_file(weights: Weights, tmp_path: pathlib.Path, portrait: Image,
                                    motions: dict[str, list[Motion]],
                                    caplog: pytest.LogCaptureFixture) -> None:
    parts = tuple(f'stitching_retargeting_module.{n}' for n in ('stitching', 'eye', 'lip'))
    bare = {'live_portrait': tiny_models.save('live_portrait', tmp_path / 'bare', without=parts)}
    moving = animator('live_portrait', bare)
    assert 'unstitched' in caplog.text
    moving.set_source(portrait)
    unstitched = animator('live_portrait', weights, stitching=False)
    unstitched.set_source(portrait)
    for motion in motions['live_portrait'][::3]:
        np.testing.assert_array_equal(moving.animate(motion).image,
                                      unstitched.animate(motion).image)
    for option in ('eye_retargeting', 'lip_retargeting', 'normalize_lip'):
        with pytest.raises(ConfigurationError, match='stitching_retargeting_module'):
            animator('live_portrait', bare, **{option: True})


def break_weights(networks: dict[str, Any]) -> None:
    for network in networks.values():
        for parameter in network.parameters():
            parameter.data.fill_(float('nan'))


@pytest.mark.parametrize('family', ['fomm', 'live_portrait'])
def test_outputs_that_are_not_finite_are_an_error(
        family: str, weights: Weights, portrait: Image, frames: list[Image],
        motions: dict[str, list[Motion]]) -> None:
    moving = animator(family, weights)
    moving.set_source(portrait)
    break_weights(moving.networks)
    with pytest.raises(UserError, match='output of the animator is not finite'):
        moving.animate(motions[family][0])
    with contextlib.closing(extractor(family, weights)) as eyes:
        break_weights(eyes.networks)
        with pytest.raises(UserError, match=f'output of the extractor {family} is not finite'):
            eyes.extract(Frame(frames[0], 0.0))
