"""The error of control values by the definition of X2CNet."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.robot.control_error import compare, scaled, visible
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
GAZE = [SPEC.index('Gaze Target Phi'), SPEC.index('Gaze Target Theta')]
LIDS = [SPEC.index('Eyelid Upper Left'), SPEC.index('Eyelid Upper Right')]


def poses(count=5, seed=0):
    rng = np.random.default_rng(seed)
    values = SPEC.low + rng.uniform(size=(count, 30)) * (SPEC.high - SPEC.low)
    values[:, LIDS] = 1
    return values


def test_ranges_become_minus_one_to_one():
    np.testing.assert_array_equal(scaled(SPEC.low, SPEC), -np.ones(30))
    np.testing.assert_array_equal(scaled(SPEC.high, SPEC), np.ones(30))


@given(st.integers(0, 29), st.floats(0, 1))
def test_the_mean_over_controls(index, share):
    targets = np.tile(SPEC.low, (4, 1))
    targets[:, LIDS] = 1
    predicted = targets.copy()
    predicted[:, index] += share * (SPEC.high - SPEC.low)[index]
    error = compare(targets, predicted, SPEC)
    assert error.mae == pytest.approx(2 * share / 30)
    assert error.controls[index] == pytest.approx(2 * share)
    group = SPEC.controls[index].group
    assert error.groups[group] == pytest.approx(2 * share / len(SPEC.groups[group]))


def test_the_gaze_is_not_visible_behind_closed_lids():
    targets = poses(2)
    targets[0, LIDS] = -0.1
    targets[1, LIDS] = -0.1, 0
    assert visible(targets, SPEC).sum() == 58
    predicted = targets.copy()
    predicted[:, GAZE] = SPEC.high[GAZE]
    error = compare(targets, predicted, SPEC)
    assert error.poses[0] == 0
    assert error.poses[1] > 0


def test_r2():
    targets = poses(50)
    assert np.nanmin(compare(targets, targets, SPEC).r2) == 1
    middle = np.tile(targets.mean(0), (50, 1))
    r2 = compare(targets, middle, SPEC).r2
    assert np.isnan(r2[LIDS]).all()
    np.testing.assert_allclose(np.delete(r2, LIDS), 0, atol=1e-9)
