"""The measure of imitation knows a copy from a stranger."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.evaluation.fidelity import (
    RELIABLE,
    Track,
    compare,
    correlation,
    delayed,
    track,
)
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.motion.base import Extractor
from ros_animate.types import Frame, Motion

NAMES = ('browInnerUp', 'eyeBlinkLeft', 'jawOpen', 'mouthSmileLeft')


def performance(count=90, seed=1, scale=1.0, late=0):
    """Four blendshapes and a turning head."""
    rng = np.random.default_rng(seed)
    rate, phase = rng.uniform(0.1, 0.4, 4), rng.uniform(0, 6, 4)
    time = np.arange(count)[:, None] - late
    expression = 0.5 + scale * 0.3 * np.sin(rate * time + phase)
    angles = scale * 10 * np.sin(0.2 * time + np.arange(3))
    return Track(NAMES, expression, angles)


def test_a_face_imitates_itself_perfectly():
    result = compare(performance(), performance())
    assert result.expr_r == pytest.approx(1) and result.pose_r == pytest.approx(1)
    assert result.gain == pytest.approx(1) and result.lag == 0 and result.missed == 0
    assert set(result.regions) == {'brows', 'eyes', 'mouth'}
    assert set(result.blendshapes) == set(NAMES)


@given(st.integers(-4, 4))
def test_the_lag_is_found(late):
    result = compare(performance(), performance(late=late))
    assert result.lag == late and result.expr_r > 0.95


@given(st.floats(0.3, 1.5))
def test_the_gain_is_found(scale):
    assert compare(performance(), performance(scale=scale)).gain == pytest.approx(scale)


def test_a_stranger_does_not_imitate():
    assert abs(compare(performance(400), performance(400, seed=9), 0).expr_r) < 0.5


def test_what_does_not_move_does_not_count():
    still = performance(scale=0.0)
    result = compare(still, performance())
    assert result.expr_r is None and result.gain is None and result.pose_r is None
    assert compare(performance(), still).expr_r == 0


def test_missing_faces_are_counted():
    driving, robot = performance(), performance()
    robot.expression[:45] = robot.angles_deg[:45] = np.nan
    result = compare(driving, robot)
    assert result.missed == 0.5 and result.expr_r == pytest.approx(1)
    nothing = Track((), np.full((90, 0), np.nan), np.full((90, 3), np.nan))
    assert compare(driving, nothing).expr_r == 0 and compare(driving, nothing).missed == 1


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.integers(-30, 30))
def test_delaying_keeps_the_length_and_the_values(values, lag):
    series = np.array(values)
    moved = delayed(series, lag)
    assert len(moved) == len(series) and set(moved) <= set(series)
    if lag == 0:
        np.testing.assert_array_equal(moved, series)


def test_correlation_of_too_little_is_none():
    assert correlation(np.arange(5.0), np.arange(5.0)) == 0
    assert correlation(np.arange(20.0), np.full(20, np.nan)) == 0


def rotation_about(axis, degrees):
    angle = np.radians(degrees)
    matrix = np.eye(3)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[i, i] = matrix[j, j] = np.cos(angle)
    matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
    return matrix


@given(st.floats(-60, 60))
def test_head_angles(degrees):
    yaw, pitch, roll = (head_angles_deg(rotation_about(axis, degrees)) for axis in (1, 0, 2))
    np.testing.assert_allclose(yaw, [degrees, 0, 0], atol=1e-9)
    np.testing.assert_allclose(pitch, [0, degrees, 0], atol=1e-9)
    np.testing.assert_allclose(roll, [0, 0, degrees], atol=1e-9)


def test_tracking_leaves_gaps_where_there_is_no_face():
    class EveryOther(Extractor):
        def extract(self, frame):
            if frame.stamp_s % 2:
                return None
            return Motion('m', frame.stamp_s, expression={'jawOpen': frame.stamp_s},
                          rotation=np.eye(3))
    black = np.zeros((2, 2, 3), np.uint8)
    found = track([Frame(black, float(k)) for k in range(4)], EveryOther())
    np.testing.assert_array_equal(found.expression[:, 0], [0, np.nan, 2, np.nan])
    np.testing.assert_array_equal(np.isnan(found.angles_deg[:, 0]), [0, 1, 0, 1])


def test_differences_are_absolute_and_of_medians():
    names = ('jawOpen', 'mouthLeft')
    moving = 0.3 + 0.2 * np.sin(np.arange(60.0) / 5)
    angles = np.zeros((60, 3))
    driving = Track(names, np.column_stack([moving, moving]), angles)
    robot = Track(names, np.column_stack([moving + 0.1, 0 * moving]), angles)
    found = compare(driving, robot, names=RELIABLE)
    assert set(found.blendshapes) == {'jawOpen'} and found.expr_r == pytest.approx(1.0)
    assert found.mae == pytest.approx(0.1) and found.offset == pytest.approx(0.1)
    assert set(compare(driving, robot).blendshapes) == set(names)
