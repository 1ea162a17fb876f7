"""Frames of head and gaze in the camera's optical frame."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.face.head_frames import (
    BETWEEN_EYES_M,
    LOOK_DOWN_DEG,
    LOOK_SIDE_DEG,
    face_frame,
    gaze_angles_deg,
    gaze_frame,
    quaternion,
)
from ros_animate.face.virtual.anatomy import canonical_anatomy
from ros_animate.face.virtual.muscles import rotation
from ros_animate.types import Motion

AHEAD = {'eyeLookOutLeft': 0.0}
ANGLES = st.tuples(*(st.floats(-180, 180) for _ in range(3)))


def motion(turn=(0, 0, 0), at=(0.1, 0.2, -0.8), **expression):
    return Motion('test', 1.0, rotation=rotation(*turn), translation=np.array(at),
                  expression={**AHEAD, **expression})


def matrix(q):
    """(3, 3) of a quaternion (x, y, z, w)."""
    x, y, z, w = q
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def test_a_face_that_looks_into_the_camera():
    frame = face_frame(motion())
    assert frame.translation == pytest.approx([0.1, -0.2, 0.8])  # right, down, forward
    out, left, up = frame.rotation.T
    assert (list(out), list(left), list(up)) == ([0, 0, -1], [1, 0, 0], [0, -1, 0])
    gaze = gaze_frame(motion())
    assert gaze.rotation[:, 2] == pytest.approx([0, 0, -1])  # z along the gaze, to the camera
    assert gaze.rotation[:, 1] == pytest.approx([0, 1, 0])  # y down
    assert gaze.translation == pytest.approx(frame.translation + BETWEEN_EYES_M * (1, -1, -1))


def test_a_head_that_turns_to_its_left_looks_right_in_the_image():
    frame, gaze = face_frame(motion((30, 0, 0))), gaze_frame(motion((30, 0, 0)))
    assert frame.rotation[:, 0] == pytest.approx([0.5, 0, -np.sqrt(0.75)])
    assert gaze.rotation[:, 2] == pytest.approx(frame.rotation[:, 0])


@pytest.mark.parametrize('expression, angles', [
    ({'eyeLookOutLeft': 1.0, 'eyeLookInRight': 1.0}, (LOOK_SIDE_DEG, 0)),
    ({'eyeLookInLeft': 0.5, 'eyeLookOutRight': 0.5}, (-0.5 * LOOK_SIDE_DEG, 0)),
    ({'eyeLookInLeft': 1.0, 'eyeLookInRight': 1.0}, (0, 0)),
    ({'eyeLookDownLeft': 1.0, 'eyeLookDownRight': 0.5}, (0, -0.75 * LOOK_DOWN_DEG))])
def test_the_gaze_follows_the_eyes(expression, angles):
    assert gaze_angles_deg({**AHEAD, **expression}) == pytest.approx(angles)
    sight = gaze_frame(motion(**expression)).rotation[:, 2]
    azimuth, elevation = np.radians(angles)
    assert sight == pytest.approx([np.sin(azimuth) * np.cos(elevation), -np.sin(elevation),
                                   -np.cos(azimuth) * np.cos(elevation)])


def test_what_an_extractor_does_not_tell_has_no_frame():
    assert gaze_frame(Motion('m', 1.0, rotation=np.eye(3), translation=np.zeros(3))) is None
    assert face_frame(Motion('m', 1.0, rotation=np.eye(3), expression=AHEAD)) is None
    assert gaze_frame(Motion('m', 1.0, translation=np.zeros(3), expression=AHEAD)) is None


@given(ANGLES)
def test_quaternions(angles):
    turn = rotation(*angles)
    q = quaternion(turn)
    assert np.linalg.norm(q) == pytest.approx(1) and q[3] >= 0
    assert matrix(q) == pytest.approx(turn, abs=1e-9)


@given(ANGLES, st.floats(0, 1), st.floats(0, 1))
def test_frames_are_rotations(angles, out, up):
    subject = motion(angles, eyeLookOutLeft=out, eyeLookUpLeft=up)
    for frame in (face_frame(subject), gaze_frame(subject)):
        assert frame.rotation @ frame.rotation.T == pytest.approx(np.eye(3), abs=1e-9)
        assert np.linalg.det(frame.rotation) == pytest.approx(1)


def test_the_eyes_are_those_of_the_canonical_face():
    middle = canonical_anatomy().eyes.mean(0) / 100
    assert middle == pytest.approx(BETWEEN_EYES_M, abs=1e-4)
