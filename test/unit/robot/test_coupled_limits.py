"""Coupled limits as half-spaces, against their definition as maps."""

import numpy as np
import pytest
from helpers.random_robots import robots
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')


def violation(spec, pose):
    """Greatest violation of the maps by a pose, by their definition."""
    values, worst = dict(zip(spec.names, pose, strict=True)), 0.0
    for limit in spec.coupled:
        x = sum(weight * values[name] for name, weight in limit.limiting)
        bound = np.interp(x, *np.array(limit.points).T)
        sign = 1 if limit.side == 'upper' else -1
        worst = max(worst, sign * (values[limit.limited] - bound))
    return worst


@settings(max_examples=200, deadline=None)
@given(robots(), st.integers(0, 2 ** 32))
def test_a_projected_pose_is_allowed_and_an_allowed_one_stays(spec, seed):
    allowed = CoupledSet(spec, spec.low, spec.high)
    pose = np.random.default_rng(seed).uniform(spec.low, spec.high)
    inside = violation(spec, pose) <= 0
    projected = pose.copy()
    allowed.project(projected)
    assert violation(spec, projected) <= 1e-9 * np.abs(spec.high - spec.low).max()
    assert (projected >= spec.low - 1e-9).all()
    assert (projected <= spec.high + 1e-9).all()
    if inside:
        np.testing.assert_allclose(projected, pose, atol=1e-9)


@settings(max_examples=200, deadline=None)
@given(robots(), st.integers(0, 2 ** 32), st.floats(0, 1))
def test_allowed_poses_form_a_convex_set(spec, seed, share):
    allowed, rng = CoupledSet(spec, spec.low, spec.high), np.random.default_rng(seed)
    a, b = rng.uniform(spec.low, spec.high, (2, len(spec.names)))
    allowed.project(a)
    allowed.project(b)
    between = share * a + (1 - share) * b
    assert violation(spec, between) <= 1e-9 * np.abs(spec.high - spec.low).max()


@pytest.mark.parametrize('seed', range(20))
def test_half_spaces_of_ameca_say_what_the_maps_say(seed):
    allowed = CoupledSet(SPEC, SPEC.low, SPEC.high)
    for pose in np.random.default_rng(seed).uniform(SPEC.low, SPEC.high, (200, 30)):
        inside = (allowed.matrix @ pose <= allowed.bound).all()
        assert inside == (violation(SPEC, pose) <= 0)


def test_limiting_controls_have_priority():
    allowed = CoupledSet(SPEC, SPEC.low, SPEC.high)
    pose = SPEC.neutral.copy()
    pose[SPEC.index('Jaw Pitch')] = 1.0
    pose[SPEC.index('Lip Bottom Depress Middle')] = 0.0
    pose[SPEC.index('Lip Bottom Curl')] = 0.0
    allowed.project(pose)
    assert pose[SPEC.index('Jaw Pitch')] == 1.0
    assert pose[SPEC.index('Lip Bottom Depress Middle')] == pytest.approx(0.4)
    assert pose[SPEC.index('Lip Bottom Curl')] == pytest.approx(0.1 + 0.75 * 0.4)


def test_ranges_that_leave_a_control_no_value_are_refused():
    high = SPEC.high.copy()
    high[SPEC.index('Lip Bottom Curl')] = 0.5
    with pytest.raises(ValueError, match='Lip Bottom Curl'):
        CoupledSet(SPEC, SPEC.low, high)
