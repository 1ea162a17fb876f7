"""Mirroring a motion is exact, and means what flipping the image means."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ros_animate.errors import UserError
from ros_animate.motion.mirror import mirrored, symmetric_landmarks
from ros_animate.plugins import load
from ros_animate.types import Frame, Motion

NAMES = ('jawOpen', 'jawLeft', 'jawRight', 'eyeLookInLeft', 'eyeLookInRight', 'browDownLeft',
         'browDownRight')
numbers = st.floats(-100, 100)


@st.composite
def motions(draw):
    rotation, _ = np.linalg.qr(draw(npst.arrays(float, (3, 3), elements=numbers)) + np.eye(3))
    return Motion(
        model='m', stamp_s=1.0, image_size=(640, 480),
        landmarks=draw(npst.arrays(float, (478, 3), elements=st.floats(0, 640, width=16))),
        rotation=rotation, translation=draw(npst.arrays(float, 3, elements=numbers)),
        expression=dict(zip(NAMES, draw(npst.arrays(float, len(NAMES), elements=numbers)),
                            strict=True)))


@given(motions())
def test_twice_is_the_motion_itself(motion):
    again = mirrored(mirrored(motion))
    np.testing.assert_allclose(again.landmarks, motion.landmarks, atol=1e-9)
    np.testing.assert_array_equal(again.rotation, motion.rotation)
    np.testing.assert_array_equal(again.translation, motion.translation)
    assert again.expression == motion.expression


@given(motions())
def test_left_and_right_change_places(motion):
    other = mirrored(motion)
    assert other.expression['jawOpen'] == motion.expression['jawOpen']
    assert other.expression['jawLeft'] == motion.expression['jawRight']
    assert other.expression['eyeLookInLeft'] == motion.expression['eyeLookInRight']
    assert np.linalg.det(other.rotation) == pytest.approx(np.linalg.det(motion.rotation))


def test_the_partners_are_a_pairing():
    partner = symmetric_landmarks()
    np.testing.assert_array_equal(partner[partner], np.arange(478))
    assert partner[33] == 263 and partner[61] == 291 and partner[1] == 1


def test_what_is_unknown_stays_unknown():
    other = mirrored(Motion(model='m', stamp_s=0.0, expression={'jawOpen': 1.0}))
    assert other.landmarks is None and other.rotation is None and other.translation is None


def test_learned_motion_cannot_be_mirrored():
    for learned in ({'keypoints': np.zeros((10, 2))}, {'deformations': np.zeros((10, 3))},
                    {'latent': np.zeros(128)}):
        with pytest.raises(UserError, match='fomm'):
            mirrored(Motion(model='fomm', stamp_s=0.0, **learned))


def test_it_is_what_the_tracker_sees_in_the_flipped_image(clip):
    extractor = load('motion', 'mediapipe')
    motion = mirrored(extractor.extract(Frame(clip[0], 0.0)))
    extractor.reset()
    flipped = extractor.extract(Frame(np.ascontiguousarray(clip[0][:, ::-1]), 0.0))
    extractor.close()
    np.testing.assert_allclose(motion.landmarks[:, :2], flipped.landmarks[:, :2], atol=8)
    np.testing.assert_allclose(motion.rotation, flipped.rotation, atol=0.1)
    np.testing.assert_allclose(motion.translation, flipped.translation, atol=0.02)
    for name, value in motion.expression.items():
        assert value == pytest.approx(flipped.expression[name], abs=0.25), name
