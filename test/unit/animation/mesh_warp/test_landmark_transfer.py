"""Landmark transfer: poses, the neutral, lids, gaze, lips, limits."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.animation.mesh_warp.eye_motion import CORNERS, IRISES, LOWER_LIDS, UPPER_LIDS, gaze
from ros_animate.animation.mesh_warp.landmark_transfer import Gains, LandmarkTransfer, soft_limit
from ros_animate.animation.mesh_warp.neutral import AdaptiveNeutral
from ros_animate.face import face_mesh
from ros_animate.face.head_pose import (
    HeadPose,
    PosedShape,
    fit_pose,
    rotation_matrix,
    rotation_vector,
)
from ros_animate.motion.mirror import mirrored, symmetric_landmarks
from ros_animate.types import Motion

CALM = {'mouthSmileLeft': 0.05}
GRIMACE = {'mouthSmileLeft': 0.9, 'mouthSmileRight': 0.9, 'jawOpen': 0.6}


def face_shape(opening=0.3):
    """(478, 3) cm: the canonical face with open eyes that look straight ahead."""
    vertices = face_mesh.canonical_mesh().vertices
    shape = np.concatenate([vertices, np.zeros((10, 3))])
    for side in (0, 1):
        outer, inner = shape[CORNERS[side]]
        width = np.linalg.norm((inner - outer)[:2])
        along = np.linspace(0, 1, 9)[1:-1, None]
        line = outer + along * (inner - outer)
        bow = 0.5 * opening * width * np.sin(np.pi * along[:, 0])
        shape[UPPER_LIDS[side]] = line
        shape[LOWER_LIDS[side]] = line
        shape[UPPER_LIDS[side], 1] += bow
        shape[LOWER_LIDS[side], 1] -= bow
        ring = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)]) * 0.6
        shape[IRISES[side]] = shape[CORNERS[side]].mean(axis=0) + ring
    return shape


def motion(shape, angles_deg=(0, 0, 0), scale=20.0, at=(300.0, -250.0, 0.0), expression=CALM):
    pose = HeadPose(rotation_matrix(np.radians(angles_deg)), scale, np.array(at))
    return Motion('mediapipe', 0.0, landmarks=pose.project(shape), image_size=(640, 480),
                  expression=expression)


def transfer(relative=1.0, gains=None):
    return LandmarkTransfer(motion(face_shape()).landmarks, gains, relative)


def gap(shape):
    return float((shape[UPPER_LIDS, 1] - shape[LOWER_LIDS, 1]).mean())


@given(vector=st.tuples(*[st.floats(-1.5, 1.5)] * 3), scale=st.floats(0.01, 500),
       at=st.tuples(*[st.floats(-2000, 2000)] * 3))
def test_pose_is_found_and_removed(vector, scale, at):
    shape = face_shape()
    pose = HeadPose(rotation_matrix(np.array(vector)), scale, np.array(at))
    found = fit_pose(pose.project(shape))
    assert np.allclose(found.rotation, pose.rotation, atol=1e-5)
    assert found.scale == pytest.approx(scale, rel=1e-5)
    assert np.allclose(found.remove(pose.project(shape)), shape, atol=1e-4)


@pytest.mark.parametrize('bad', [np.zeros((478, 3)), np.full((478, 3), np.nan),
                                 np.full((478, 3), np.inf)])
def test_pose_of_no_face_is_refused(bad):
    with pytest.raises(ValueError, match='finite'):
        fit_pose(bad)


def test_motion_without_landmarks_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'fomm'.*mediapipe"):
        transfer()(Motion('fomm', 0.0))


@pytest.mark.parametrize('expression', [CALM, GRIMACE, {}])
@pytest.mark.parametrize('relative', [0.0, 0.5, 1.0])
def test_own_motion_changes_nothing(expression, relative):
    source = motion(face_shape(), expression=expression)
    target = LandmarkTransfer(source.landmarks, relative=relative)(source)
    assert np.abs(target.landmarks() - source.landmarks).max() < 1e-3


def test_calibration_makes_that_face_the_neutral():
    other = face_shape() * (1.1, 0.9, 1.0)
    retarget = transfer()
    retarget.calibrate(motion(other, (3, 8, 2), expression=GRIMACE))
    target = retarget(motion(other, (3, 8, 2), expression=GRIMACE))
    assert np.abs(target.landmarks() - motion(face_shape()).landmarks).max() < 1e-3
    retarget.reset()
    changed = retarget(motion(other, (3, 8, 2), expression=GRIMACE))
    assert np.abs(changed.landmarks() - motion(face_shape()).landmarks).max() > 1.0


def smiling(shape):
    shape = shape.copy()
    for index, side in ((61, -1), (291, 1)):
        shape[index] += (0.4 * side, 0.8, 0)
    return shape


def test_a_grimace_in_the_first_frame_is_shown_as_a_grimace():
    """Also after a second of it, and the calm face that follows is calm."""
    retarget = transfer(relative=1.0)
    for _ in range(30):
        grimace = retarget(motion(smiling(face_shape()), expression=GRIMACE))
    calm = retarget(motion(face_shape()))
    rest = face_shape()
    assert (grimace.shape - rest)[291, 1] > 0.6
    assert abs((calm.shape - rest)[291, 1]) < 0.1


def test_the_calmest_frames_are_the_neutral():
    prior = PosedShape.of(motion(face_shape()).landmarks)
    neutral = AdaptiveNeutral(prior.shape)
    brows_down = face_shape()
    brows_down[list(face_mesh.LEFT_BROW)] -= (0, 0.5, 0)
    calm = PosedShape.of(motion(brows_down).landmarks)
    lively = PosedShape.of(motion(smiling(brows_down)).landmarks)
    for _ in range(20):
        neutral.update(calm, CALM)
    for _ in range(100):
        found = neutral.update(lively, GRIMACE)
    assert np.abs(found.shape - calm.shape).max() < 0.02


@pytest.mark.parametrize('own', [0.2, 0.3, 0.42])
def test_closed_eyes_close_eyes_of_any_size(own):
    retarget = LandmarkTransfer(motion(face_shape(own)).landmarks, relative=1.0)
    retarget.calibrate(motion(face_shape(0.3)))
    assert gap(retarget(motion(face_shape(0.03))).shape) == pytest.approx(0.0, abs=0.02)
    half = gap(retarget(motion(face_shape(0.16))).shape)
    assert 0.25 < half / gap(face_shape(own)) < 0.75
    wide = gap(retarget(motion(face_shape(0.6))).shape)
    assert 1.4 < wide / gap(face_shape(own)) < 1.65


@pytest.mark.parametrize(('relative', 'shown'), [(1.0, 0.3), (0.5, 0.36), (0.0, 0.43)])
def test_eyes_that_are_always_wide_are_shown_so_unless_relative(relative, shown):
    retarget = transfer(relative)
    for _ in range(300):
        calm = retarget(motion(face_shape(0.42), expression=CALM))
    assert gap(calm.shape) == pytest.approx(shown * gap(face_shape(0.3)) / 0.3, rel=0.03)


def looking(turn):
    shape = face_shape()
    shape[IRISES] += np.array([turn, 0, 0])
    return shape


def test_both_eyes_look_where_the_driving_eyes_look():
    target = transfer()(motion(looking(0.5)))
    assert np.allclose(gaze(target.shape), gaze(looking(0.5)), atol=1e-3)
    still = transfer(gains=Gains(eyes=0.0))(motion(looking(0.5)))
    assert np.allclose(gaze(still.shape), gaze(face_shape()), atol=1e-3)


def test_lips_do_not_pass_through_each_other():
    open_mouth = face_shape()
    open_mouth[[14, 87, 317]] -= (0, 1.0, 0)
    retarget = transfer()
    retarget.calibrate(motion(open_mouth))
    target = retarget(motion(face_shape())).shape
    upper, lower = list(face_mesh.LIPS_INNER[:10:-1]), list(face_mesh.LIPS_INNER[1:10])
    assert (target[upper, 1] - target[lower, 1]).min() > -1e-9


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_head_turns_with_the_driving_head(axis):
    retarget = transfer(gains=Gains(translation=0.0))
    retarget.calibrate(motion(face_shape()))
    angles = np.zeros(3)
    angles[axis] = 15.0
    target = retarget(motion(face_shape(), angles))
    found = np.degrees(np.linalg.norm(target.pose.rotation - rotation_matrix(np.radians(angles))))
    assert found < 2.0


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.1, 1.0, 30.0]),
       angles=st.tuples(*[st.floats(-180, 180)] * 3), scale=st.floats(0.5, 400))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_stays_within_limits(seed, size, angles, scale):
    rng = np.random.default_rng(seed)
    wild = face_shape() + size * rng.normal(size=(478, 3))
    retarget = transfer(relative=0.5)
    target = retarget(motion(wild, angles, scale, expression=GRIMACE))
    assert np.isfinite(target.landmarks()).all()
    moved = np.linalg.norm((target.shape - face_shape())[:, :2], axis=1)
    assert moved.max() < 12.0
    assert np.linalg.norm(np.degrees(rotation_vector(target.pose.rotation))) < 35.1


def test_mirrored_motion_on_a_mirrored_face_gives_the_mirrored_result():
    rng = np.random.default_rng(7)
    bend = 0.2 * rng.normal(size=(478, 3))
    driving = motion(smiling(face_shape()) + bend, (5, 12, -4))
    plain = transfer(relative=1.0)
    plain.calibrate(motion(face_shape(), (1, 2, 3)))
    other = LandmarkTransfer(mirrored(motion(face_shape())).landmarks, relative=1.0)
    other.calibrate(mirrored(motion(face_shape(), (1, 2, 3))))
    expected = mirrored(dataclasses.replace(driving, landmarks=plain(driving).landmarks()))
    found = other(mirrored(driving)).landmarks()
    assert len(symmetric_landmarks()) == 478
    assert np.abs(found - expected.landmarks).max() < 0.5


@given(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), st.floats(1e-3, 1e3))
def test_soft_limit_is_below_the_limit_and_keeps_small_vectors(vector, limit):
    limited = soft_limit(np.array([vector]), limit)
    assert np.linalg.norm(limited) <= limit * (1 + 1e-9)
    small = np.array([[0.2 * limit, 0.0, 0.0]])
    assert np.allclose(soft_limit(small, limit), small, rtol=1e-3)
