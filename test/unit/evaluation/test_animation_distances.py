"""Measures of animation against values worked out by hand."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ros_animate.evaluation.animation.distances import (
    embedding_distance,
    jitter,
    keypoint_distance,
    l1,
    missing,
    pose_error,
)
from ros_animate.evaluation.animation.frechet import frechet_distance

FLOATS = st.floats(-5, 5)


def frames(*values: int) -> np.ndarray:
    """(T, 2, 2, 3), each of one grey."""
    return np.stack([np.full((2, 2, 3), value, np.uint8) for value in values])


def test_l1_is_the_mean_over_pixels_and_colours() -> None:
    np.testing.assert_allclose(l1(frames(0, 200, 10), frames(255, 149, 10)), [1, 0.2, 0])
    one = frames(100)
    one[0, 0, 0] = (100, 130, 40)  # 30 and 60 of 12 values
    np.testing.assert_allclose(l1(one, frames(100)), [90 / 12 / 255])


def test_akd_is_the_mean_euclidean_distance() -> None:
    true = np.zeros((3, 2, 3))
    made = true + 0.0
    made[0] = [(3, 4, 9), (0, 0, 9)]  # depth does not count: (5 + 0) / 2
    made[1] += (6, 8, 0)
    made[2] = np.nan
    np.testing.assert_allclose(keypoint_distance(made, true), [2.5, 10, np.nan])
    np.testing.assert_allclose(keypoint_distance(true, made), [2.5, 10, np.nan])


def test_mkr_counts_only_faces_that_are_there_in_truth() -> None:
    found, lost = np.zeros((5, 2)), np.full((5, 2), np.nan)
    made, true = np.stack([found, lost, found, lost]), np.stack([found, found, lost, lost])
    np.testing.assert_equal(missing(made, true), [0, 1, np.nan, np.nan])


def test_aed_is_to_every_frame_or_to_one_image() -> None:
    made = np.array([(3.0, 4.0), (0.0, 0.0), (np.nan, 1.0)])
    np.testing.assert_allclose(embedding_distance(made, np.zeros((3, 2))), [5, 0, np.nan])
    np.testing.assert_allclose(embedding_distance(made, np.array([0.0, 4.0])), [3, 4, np.nan])


def test_the_error_of_the_head_is_in_degrees() -> None:
    true = np.array([(0.0, 0, 0), (10, 0, 0), (np.nan,) * 3, (179, 0, 0)])
    made = np.array([(3.0, -3, 0), (13, -3, 6), (0, 0, 0), (-179, 0, 0)])
    np.testing.assert_allclose(pose_error(made, true), [2, 4, np.nan, 2 / 3])
    relative = pose_error(made, true, relative=True)  # a constant offset is no error
    np.testing.assert_allclose(relative[:2], [0, 2])


@given(arrays(float, (4, 2), elements=FLOATS), arrays(float, (4, 2), elements=FLOATS))
def test_steady_motion_does_not_jitter(start: np.ndarray, step: np.ndarray) -> None:
    points = start + np.arange(6)[:, None, None] * step
    np.testing.assert_allclose(jitter(points)[1:-1], 0, atol=1e-9)


def test_jitter_of_a_face_that_jumps_to_and_fro() -> None:
    points = np.zeros((5, 3, 2))
    points[1::2, :, 0] = 2  # 0 2 0 2 0: every bend is 4
    np.testing.assert_allclose(jitter(points), [np.nan, 4, 4, 4, np.nan])
    points[4] = np.nan
    np.testing.assert_allclose(jitter(points), [np.nan, 4, 4, np.nan, np.nan])
    assert np.isnan(jitter(points[:2])).all()


def rows(rng: np.random.Generator, mean: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """(400, F) whose moments are exactly these, without correlations."""
    values = rng.standard_normal((400, len(mean)))
    values -= values.mean(0)
    white = values @ np.linalg.inv(np.linalg.cholesky(np.cov(values, rowvar=False))).T
    return mean + deviations * white


@given(arrays(float, 3, elements=FLOATS), arrays(float, 3, elements=FLOATS),
       arrays(float, 3, elements=st.floats(0.1, 3)), arrays(float, 3, elements=st.floats(0.1, 3)),
       st.integers(0, 99))
def test_frechet_distance_of_normal_distributions(m: np.ndarray, n: np.ndarray, s: np.ndarray,
                                                  t: np.ndarray, seed: int) -> None:
    """With commuting covariances it is |m - n|^2 + |s - t|^2, in any axes."""
    rng = np.random.default_rng(seed)
    expected = float(((m - n) ** 2).sum() + ((s - t) ** 2).sum())
    made, true = rows(rng, m, s), rows(rng, n, t)
    assert frechet_distance(made, true) == pytest.approx(expected, abs=1e-6)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    assert frechet_distance(made @ turn, true @ turn) == pytest.approx(expected, abs=1e-6)


def test_frechet_distance_against_eigenvalues_of_the_plain_product() -> None:
    """The trace of (C D)^(1/2) is the sum of the roots of the eigenvalues of C D."""
    rng = np.random.default_rng(3)
    made, true = (rng.standard_normal((50, 4)) @ rng.standard_normal((4, 4)) for _ in range(2))
    c, d = (np.cov(x, rowvar=False) for x in (made, true))
    root = np.sqrt(np.linalg.eigvals(c @ d).real).sum()
    gap = made.mean(0) - true.mean(0)
    expected = gap @ gap + np.trace(c) + np.trace(d) - 2 * root
    assert frechet_distance(made, true) == pytest.approx(expected)


def test_frechet_distance_of_few_rows() -> None:
    assert np.isnan(frechet_distance(np.zeros((1, 4)), np.zeros((9, 4))))
    few = np.random.default_rng(0).standard_normal((5, 40))  # a covariance of rank 4
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
