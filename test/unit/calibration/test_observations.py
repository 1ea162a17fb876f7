"""Observations of a robot's face."""
import numpy as np
import pytest

from ros_animate.calibration.observations import (
    Observations,
    ObservationsError,
    read_observations,
)
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import rotation_of
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Motion

SPEC = load_spec('ameca')


@pytest.fixture
def observed():
    rng = np.random.default_rng(0)
    return Observations(SPEC.names, rng.random((7, len(SPEC.names))), rng.random((7, 52)),
                        rng.normal(size=(7, 3)))


def test_a_file_holds_what_was_written(tmp_path, observed):
    observed.write(tmp_path / 'observations.npz')
    read = read_observations(tmp_path / 'observations.npz')
    assert read.names == SPEC.names and len(read) == 7
    np.testing.assert_array_equal(read.controls, observed.controls)
    np.testing.assert_allclose(read.expression, observed.expression, atol=1e-6)
    np.testing.assert_allclose(read.angles_deg, observed.angles_deg, atol=1e-6)


def test_faces_are_appended(observed):
    motion = Motion('mediapipe', 0.0, expression={'jawOpen': 0.4}, rotation=rotation_of([5, 3, 2]))
    more = observed.with_face(SPEC.neutral, motion)
    assert len(more) == 8 and len(observed) == 7
    np.testing.assert_allclose(more.controls[-1], SPEC.neutral)
    np.testing.assert_allclose(more.angles_deg[-1], [5, 3, 2], atol=1e-9)
    assert more.expression[-1, BLENDSHAPES.index('jawOpen')] == 0.4


def test_the_order_of_a_robot_is_restored(observed):
    back = Observations(observed.names[::-1], observed.controls[:, ::-1], observed.expression,
                        observed.angles_deg)
    np.testing.assert_array_equal(back.in_order_of(SPEC).controls, observed.controls)
    with pytest.raises(ObservationsError, match='another robot than servo_head'):
        observed.in_order_of(load_spec('servo_head'))


def test_wrong_rows_are_refused(observed):
    with pytest.raises(ValueError, match='expression: expected 7 rows of 52'):
        Observations(SPEC.names, observed.controls, observed.expression[:, 1:],
                     observed.angles_deg)
    with pytest.raises(ValueError, match='controls: NaN'):
        Observations(SPEC.names, observed.controls * np.nan, observed.expression,
                     observed.angles_deg)


@pytest.mark.parametrize('content', [None, b'', b'no archive', 'other arrays'])
def test_a_file_that_is_none_is_named(tmp_path, content):
    path = tmp_path / 'observations.npz'
    if content == 'other arrays':
        np.savez(path, controls=np.zeros(3))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ObservationsError, match=r'cannot read the observations .*\.npz'):
        read_observations(path)


def test_nan_in_a_file_is_refused(tmp_path, observed):
    path = tmp_path / 'observations.npz'
    np.savez(path, names=SPEC.names, blendshapes=BLENDSHAPES, controls=observed.controls,
             expression=observed.expression * np.nan, angles_deg=observed.angles_deg)
    with pytest.raises(ObservationsError, match='expression: NaN'):
        read_observations(path)
