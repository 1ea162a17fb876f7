"""The error of control values by X2CNet's definition."""
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
    wanted = np.tile(SPEC.low, (4, 1))
    wanted[:, LIDS] = 1
    got = wanted.copy()
    got[:, index] += share * (SPEC.high - SPEC.low)[index]
    error = compare(wanted, got, SPEC)
    assert error.mae == pytest.approx(2 * share / 30)
    assert error.controls[index] == pytest.approx(2 * share)
    group = SPEC.controls[index].group
    assert error.groups[group] == pytest.approx(2 * share / len(SPEC.groups[group]))


def test_nobody_sees_the_gaze_behind_closed_lids():
    wanted = poses(2)
    wanted[0, LIDS] = -0.1
    wanted[1, LIDS] = -0.1, 0
    assert visible(wanted, SPEC).sum() == 58
    got = wanted.copy()
    got[:, GAZE] = SPEC.high[GAZE]
    error = compare(wanted, got, SPEC)
    assert error.poses[0] == 0
    assert error.poses[1] > 0


def test_r2():
    wanted = poses(50)
    assert np.nanmin(compare(wanted, wanted, SPEC).r2) == 1
    middle = np.tile(wanted.mean(0), (50, 1))
    r2 = compare(wanted, middle, SPEC).r2
    assert np.isnan(r2[LIDS]).all()
    np.testing.assert_allclose(np.delete(r2, LIDS), 0, atol=1e-9)
