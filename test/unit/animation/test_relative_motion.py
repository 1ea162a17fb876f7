"""Transfer of motion: the laws it obeys."""
from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.animation import relative_motion
from ros_animate.animation.geometry import hull_size, shape_distance
from ros_animate.types import Array, Motion

seeds = st.integers(0, 2 ** 32 - 1)


def first_order(rng: np.random.Generator, dimensions: int = 2) -> Motion:
    spread = rng.normal(size=(10, 2, 2))
    return Motion('any', 0.0, keypoints=rng.uniform(-1, 1, (10, dimensions)),
                  jacobians=np.eye(2) + 0.2 * rng.normal(size=(10, 2, 2)),
                  covariances=0.01 * (spread @ spread.swapaxes(1, 2) + 0.1 * np.eye(2)))


def rotation(rng: np.random.Generator) -> Array:
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def implicit(rng: np.random.Generator) -> Motion:
    return Motion('live_portrait', 0.0, rotation=rotation(rng), translation=rng.normal(size=3),
                  scale=float(rng.uniform(0.5, 2)), deformations=rng.normal(size=(21, 3)))


@given(seeds, st.floats(0.1, 5), st.sampled_from([2, 3]))
def test_no_motion_is_the_source(seed: int, scale: float, dimensions: int) -> None:
    rng = np.random.default_rng(seed)
    source, reference = first_order(rng, dimensions), first_order(rng, dimensions)
    moved = relative_motion.relative_keypoints(source, reference, reference, scale=scale,
                                     adapt_covariance=True)
    np.testing.assert_allclose(moved.keypoints, source.keypoints)
    np.testing.assert_allclose(moved.jacobians, source.jacobians, atol=1e-8)
    np.testing.assert_allclose(moved.covariances, source.covariances, rtol=1e-5, atol=1e-8)


@given(seeds)
def test_the_source_as_its_own_reference_takes_the_driving_motion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, driving = first_order(rng), first_order(rng)
    moved = relative_motion.relative_keypoints(source, driving, source)
    np.testing.assert_allclose(moved.keypoints, driving.keypoints)
    np.testing.assert_allclose(moved.jacobians, driving.jacobians, atol=1e-8)


@given(seeds)
def test_a_latent_code_changes_as_the_driving_one(seed: int) -> None:
    source, driving, reference = (
        Motion('x2face', float(stamp), latent=vector)
        for stamp, vector in enumerate(np.random.default_rng(seed).normal(size=(3, 8))))
    moved = relative_motion.relative_latent(source, driving, reference)
    np.testing.assert_allclose(moved.latent - source.latent, driving.latent - reference.latent)
    assert moved.stamp_s == driving.stamp_s
    at_rest = relative_motion.relative_latent(source, reference, reference)
    np.testing.assert_allclose(at_rest.latent, source.latent)
    with pytest.raises(ValueError, match='lacks'):
        relative_motion.relative_latent(source, Motion('x2face', 0.0), reference)


@given(seeds, st.floats(0.1, 5))
def test_a_larger_face_moves_more(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    for dimensions in (2, 3):
        points = rng.uniform(-1, 1, (10, dimensions))
        grown = relative_motion.movement_scale(points * factor, points)
        assert grown == pytest.approx(factor ** (dimensions / 2), rel=1e-4)


def test_a_face_without_extent_scales_nothing() -> None:
    assert relative_motion.movement_scale(np.eye(10)[:, :2], np.zeros((10, 2))) == 1.0
    assert relative_motion.movement_scale(np.eye(10)[:, :3], np.zeros((10, 3))) == 1.0


@given(seeds)
def test_covariances_stay_covariances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    moved = relative_motion.relative_keypoints(*(first_order(rng) for _ in range(3)),
                                               adapt_covariance=True)
    np.testing.assert_allclose(moved.covariances, moved.covariances.swapaxes(1, 2), atol=1e-12)
    assert np.linalg.eigvalsh(moved.covariances).min() > 0


def test_a_singular_jacobian_raises_nothing() -> None:
    rng = np.random.default_rng(0)
    flat = dataclasses.replace(first_order(rng), jacobians=np.zeros((10, 2, 2)))
    moved = relative_motion.relative_keypoints(first_order(rng), first_order(rng), flat)
    assert np.isfinite(moved.jacobians).all()


def test_a_motion_that_lacks_something_is_explained() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match='another extractor'):
        relative_motion.relative_keypoints(first_order(rng), implicit(rng), first_order(rng))


@given(seeds, st.sampled_from(relative_motion.REGIONS))
def test_portrait_at_rest_is_the_source(seed: int, region: str) -> None:
    rng = np.random.default_rng(seed)
    source, reference = implicit(rng), implicit(rng)
    moved = relative_motion.live_portrait_motion(source, reference, reference, region)
    for field in ('rotation', 'translation', 'scale', 'deformations'):
        np.testing.assert_allclose(getattr(moved, field), getattr(source, field), atol=1e-9)


@given(seeds, st.sampled_from(relative_motion.REGIONS), st.booleans())
def test_regions_move_what_they_say(seed: int, region: str, relative: bool) -> None:
    rng = np.random.default_rng(seed)
    source, driving, reference = (implicit(rng) for _ in range(3))
    moved = relative_motion.live_portrait_motion(source, driving,
                                                 reference if relative else None, region)
    turns = not np.allclose(moved.rotation, source.rotation)
    assert turns == (region in ('all', 'pose'))
    assert np.linalg.det(moved.rotation) == pytest.approx(1)
    changed = set(np.flatnonzero((moved.deformations != source.deformations).any(1)))
    expected = {'lip': set(relative_motion.LIP_KEYPOINTS),
                'eyes': set(relative_motion.EYE_KEYPOINTS),
                'pose': set()}.get(region)
    if expected is None:
        expected = set(range(21)) if relative else set(range(21)) - {0, 7, 10}
    assert changed == expected


def test_an_unknown_region_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match='nose'):
        relative_motion.live_portrait_motion(implicit(rng), implicit(rng), None, 'nose')


@given(seeds, st.floats(0, 3))
def test_the_multiplier_scales_the_difference(seed: int, multiplier: float) -> None:
    rng = np.random.default_rng(seed)
    source, moved = rng.normal(size=(2, 21, 3))
    made = relative_motion.final_keypoints(source, moved, relative=True, multiplier=multiplier)
    np.testing.assert_allclose(made - source, multiplier * (moved - source), atol=1e-9)


@given(seeds)
def test_smoothing_keeps_what_is_constant_and_calms_the_rest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    constant = np.ones((4, 3))
    np.testing.assert_allclose(relative_motion.kalman_smooth([constant] * 5), [constant] * 5)
    noise = list(rng.normal(size=(60, 3)))
    calm = relative_motion.kalman_smooth(noise, measurement_variance=1e-3)
    assert np.diff(calm, axis=0).std() < 0.5 * np.diff(noise, axis=0).std()
    assert len(relative_motion.kalman_smooth(noise[:1])) == 1


@pytest.mark.parametrize(('points', 'size'), [
    (list(itertools.product((0, 2), repeat=2)), 4.0),
    (list(itertools.product((0, 2), repeat=3)), 8.0),
    ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], 1 / 6),
    ([*itertools.product((0, 1), repeat=3), (0.5, 0.5, 0.5), (0.5, 0.5, 0)], 1.0),
    ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], 0.0),
    ([(0, 0), (1, 1), (2, 2)], 0.0),
    ([(3, 4)], 0.0),
    ([(0, 0, 0), (1, 1, 1)], 0.0),
])
def test_sizes_of_known_hulls(points: list, size: float) -> None:
    assert hull_size(np.array(points, float)) == pytest.approx(size, abs=1e-6)
    assert hull_size(np.array(points, float) + 100) == pytest.approx(size, abs=1e-6)


@given(seeds)
@settings(max_examples=25)
def test_a_point_inside_changes_no_volume(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, 3))
    inside = rng.dirichlet(np.ones(12)) @ points
    assert hull_size(np.vstack([points, inside])) == pytest.approx(hull_size(points), rel=1e-6)


@given(seeds, st.floats(0.1, 50), st.floats(-500, 500))
def test_faces_are_compared_without_size_and_place(seed: int, size: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    face, other = rng.normal(size=(2, 478, 3))
    assert shape_distance(face, size * face + shift) == pytest.approx(0, abs=1e-3)
    assert shape_distance(face, other) == pytest.approx(shape_distance(face, size * other + shift),
                                                    rel=1e-3)
    assert shape_distance(face, other) > 0.1
