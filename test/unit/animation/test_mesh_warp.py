"""mesh_warp on the virtual face, which is its own driver: what is set is known."""
import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate import plugins
from ros_animate.animation.base import SourceImageError
from ros_animate.animation.mesh_warp.eye_motion import CORNERS, IRISES, LIDS
from ros_animate.animation.mesh_warp.landmark_transfer import Gains, region_weights
from ros_animate.configuration import ConfigurationError
from ros_animate.face.head_pose import HeadPose, PosedShape, rotation_matrix
from ros_animate.face.virtual import HUMAN, Camera, VirtualFace
from ros_animate.motion.mirror import mirrored
from ros_animate.types import Frame, Motion

SIZE = 192
WHOLE = {'size': SIZE, 'margin': 0.0, 'brows': 1.0, 'eyes': 1.0, 'mouth': 1.0}
CLOSED = {f'eyelid_{lid}_{side}': 0.0 for lid in ('upper', 'lower') for side in ('left', 'right')}


@pytest.fixture(scope='module')
def face():
    return VirtualFace(HUMAN, Camera((384, 384), 32.0))


@pytest.fixture(scope='module')
def portrait(face):
    return face.render({})


@pytest.fixture(scope='module')
def track():
    """Motion of an image, each found as if it were the only one."""
    extractor = plugins.load('motion', 'mediapipe')

    def motion(image, stamp_s=0.0):
        extractor.reset()
        found = extractor.extract(Frame(image, stamp_s))
        assert found is not None
        return found

    yield motion
    extractor.close()


@pytest.fixture(scope='module')
def neutral(track, portrait):
    return track(portrait)


@pytest.fixture(scope='module')
def loaded(portrait):
    animator = plugins.load('animation', 'mesh_warp', WHOLE)
    animator.set_source(portrait)
    return animator


@pytest.fixture
def animator(loaded, neutral):
    """At rest as the portrait is."""
    loaded.reset()
    loaded.calibrate(neutral)
    return loaded


@pytest.fixture(scope='module')
def still(portrait):
    return cv2.resize(portrait, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def box(motion, landmarks, margin=3):
    """The pixels of the animated image around landmarks of the portrait."""
    points = motion.landmarks[list(landmarks), :2] * SIZE / motion.image_size[0]
    left, top = points.min(axis=0).astype(int) - margin
    right, bottom = points.max(axis=0).astype(int) + margin
    return slice(top, bottom), slice(left, right)


def test_own_motion_gives_the_portrait_back(animator, neutral, still):
    animated = animator.animate(neutral).image.astype(int)
    difference = np.abs(animated - still)
    assert difference.mean() < 0.05
    assert difference.max() < 25


def test_own_motion_gives_the_portrait_back_before_any_calibration(loaded, neutral, still):
    loaded.reset()
    difference = np.abs(loaded.animate(neutral).image.astype(int) - still)
    assert difference.mean() < 0.05


def test_frame_has_the_size_and_stamp(animator, neutral):
    frame = animator.animate(dataclasses.replace(neutral, stamp_s=12.5))
    assert frame.stamp_s == 12.5
    assert frame.image.shape == (SIZE, SIZE, 3)
    assert frame.image.dtype == np.uint8
    assert animator.extractor == neutral.model


def test_same_motions_give_the_same_pictures(loaded, track, face):
    motions = [track(face.render({'jaw_open': k / 4, 'head_yaw': 5.0 * k})) for k in range(4)]
    runs = []
    for _ in range(2):
        loaded.reset()
        runs.append([loaded.animate(motion).image for motion in motions])
    assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))


def test_calibration_and_reset(loaded, neutral, track, face, still):
    smile = track(face.render({'lip_corner_raise_left': 1.0, 'lip_corner_raise_right': 1.0}))
    loaded.reset()
    loaded.calibrate(smile)
    as_neutral = np.abs(loaded.animate(smile).image.astype(int) - still)
    loaded.reset()
    as_smile = np.abs(loaded.animate(smile).image.astype(int) - still)
    mouth = box(neutral, (61, 291, 0, 17), 6)
    assert as_neutral[mouth].mean() < 2.0
    assert as_smile[mouth].mean() > 2.0 * as_neutral[mouth].mean()


def test_landmarks_are_where_the_tracker_finds_them(animator, track, face):
    image = animator.animate(track(face.render({'jaw_open': 0.5, 'brow_inner_left': 0.8})))
    away = np.linalg.norm((track(image.image).landmarks - animator.landmarks)[:, :2], axis=1)
    assert away.mean() < 0.01 * SIZE


def test_landmarks_are_the_portraits_until_a_face_drives_it(loaded, neutral, track, face):
    loaded.reset()
    rest = loaded.landmarks
    assert rest.shape == (478, 3)
    loaded.animate(track(face.render({'jaw_open': 0.5})))
    assert (loaded.landmarks - rest)[152, 1] > 2.0
    loaded.reset()
    assert np.array_equal(loaded.landmarks, rest)


def test_closing_lids_hide_the_eyeballs(animator, track, face, neutral):
    opened = animator.animate(neutral).image
    closed = animator.animate(track(face.render(CLOSED))).image
    for corners, lids in (((33, 133), (159, 145)), ((263, 362), (386, 374))):
        eye = box(neutral, corners + lids, 0)
        # White and iris are far apart in brightness; a lid is even.
        assert opened[eye].std() > 1.5 * closed[eye].std()
        assert closed[eye].max() < opened[eye].max() - 10


def test_half_closed_lids_lie_between(animator, track, face, neutral):
    def white(upper):
        setting = {'eyelid_upper_left': upper, 'eyelid_upper_right': upper}
        image = animator.animate(track(face.render(setting))).image
        eye = box(neutral, (33, 133, 159, 145), 0)
        return image[eye].astype(float).std()

    assert white(1.0) > white(0.4) > white(0.0)


def opening(landmarks):
    """Of the right and the left eye, in eye widths, of (478, 3) landmarks."""
    def length(a, b):
        return np.linalg.norm(landmarks[a, :2] - landmarks[b, :2])

    return np.array([length(159, 145) / length(33, 133), length(386, 374) / length(263, 362)])


@pytest.mark.parametrize('shift_cm', [1.0, -0.5])
def test_brows_do_not_stretch_the_eyes(animator, track, neutral, shift_cm):
    seen = PosedShape.of(neutral.landmarks)
    weights = region_weights(Gains(brows=1.0, eyes=0.0, mouth=0.0, pose=0.0))
    shape = seen.shape + shift_cm * weights[:, None] * (0, 1, 0)
    shape[CORNERS] = seen.shape[CORNERS]
    shape[LIDS], shape[IRISES] = seen.shape[LIDS], seen.shape[IRISES]
    driving = dataclasses.replace(neutral, landmarks=PosedShape(shape, seen.pose).landmarks())
    rest, moved = (track(animator.animate(m).image).landmarks for m in (neutral, driving))
    # So far did they move in the image that the tracker sees it.
    brow = (moved - rest)[[105, 334], 1].mean() / np.linalg.norm(rest[10, :2] - rest[152, :2])
    assert np.sign(shift_cm) * brow < -0.01
    np.testing.assert_allclose(opening(moved), opening(rest), atol=0.04)


def test_irises_move_with_the_gaze(animator, track, face, neutral):
    def dark_at(azimuth):
        image = animator.animate(track(face.render({'gaze_azimuth': azimuth}))).image
        eye = image[box(neutral, (33, 133, 159, 145), 0)].astype(float).sum(axis=2)
        dark = eye < np.percentile(eye, 20)
        return np.nonzero(dark)[1].mean() / eye.shape[1]

    left, middle, right = (dark_at(a) for a in (25.0, 0.0, -25.0))
    # Positive is to the face's left, which is to the right in the image.
    assert left > middle + 0.05
    assert right < middle - 0.05


def test_an_opening_mouth_shows_a_dark_cavity(animator, track, face, neutral):
    mouth = box(neutral, (61, 291, 0, 152), 0)

    def dark_pixels(jaw):
        image = animator.animate(track(face.render({'jaw_open': jaw}))).image
        return int((image[mouth].max(axis=2) < 60).sum())

    closed, half, full = (dark_pixels(jaw) for jaw in (0.0, 0.5, 1.0))
    assert full > half > closed
    assert full > closed + 60


def test_teeth_are_seen_in_a_wide_open_mouth(animator, track, face, neutral):
    mouth = box(neutral, (61, 291, 0, 152), 0)

    def bright_pixels(setting):
        image = animator.animate(track(face.render(setting))).image[mouth].astype(int)
        grey = np.ptp(image, axis=2) < 0.25 * image.max(axis=2)
        return int((grey & (image.min(axis=2) > 110)).sum())

    raised = {f'lip_top_raise_{side}': 1.0 for side in ('left', 'right', 'middle')}
    assert bright_pixels({'jaw_open': 0.8, **raised}) > bright_pixels({}) + 15


def turned(motion, angles_deg):
    """`motion` with the head turned about its own axes."""
    seen = PosedShape.of(motion.landmarks)
    rotation = seen.pose.rotation @ rotation_matrix(np.radians(angles_deg))
    pose = HeadPose(rotation, seen.pose.scale, seen.pose.translation)
    return dataclasses.replace(motion, landmarks=pose.project(seen.shape))


@pytest.mark.parametrize('angles', [(0, 25, 0), (0, -25, 0), (20, 0, 0), (-20, 0, 0), (0, 0, 20)])
def test_head_turns_and_the_edge_of_the_picture_stays(animator, neutral, track, still, angles):
    image = animator.animate(turned(neutral, angles)).image
    ring = np.ones((SIZE, SIZE), bool)
    ring[1:-1, 1:-1] = False
    assert np.abs(image[ring].astype(int) - still[ring]).mean() < 3.0
    before = PosedShape.of(track(still).landmarks).pose.rotation
    after = PosedShape.of(track(image).landmarks).pose.rotation
    seen = np.degrees(np.linalg.norm(after - before) / np.sqrt(2.0))
    assert 0.5 * max(map(abs, angles)) < seen < 1.5 * max(map(abs, angles))


def test_mirrored_driving_of_a_mirrored_portrait_gives_the_mirror_image(track, face, portrait):
    driving = track(face.render({'brow_outer_left': 1.0, 'eyelid_upper_left': 0.0,
                                 'lip_corner_raise_right': 1.0, 'head_yaw': 12.0}))
    images = []
    for image, motion in ((portrait, driving), (portrait[:, ::-1].copy(), mirrored(driving))):
        animator = plugins.load('animation', 'mesh_warp', WHOLE)
        animator.set_source(image)
        animator.calibrate(track(image))
        images.append(animator.animate(motion).image.astype(int))
    assert np.abs(images[0] - images[1][:, ::-1]).mean() < 2.5


@pytest.mark.parametrize('shape', [(64, 64), (64, 300), (700, 90), (480, 640), (2160, 3840)])
def test_portraits_of_any_size(portrait, track, shape):
    """The face fills the smaller side; the rest is background."""
    smaller = min(shape)
    square = cv2.resize(portrait, (smaller, smaller), interpolation=cv2.INTER_AREA)
    image = np.full((*shape, 3), 120, np.uint8)
    top, left = (shape[0] - smaller) // 2, (shape[1] - smaller) // 2
    image[top:top + smaller, left:left + smaller] = square
    animator = plugins.load('animation', 'mesh_warp', {'size': 128})
    animator.set_source(image)
    animated = animator.animate(turned(track(portrait), (5, 5, 0))).image
    assert animated.shape == (128, 128, 3)
    face = PosedShape.of(track(animated).landmarks).pose.translation[:2] * (1, -1)
    assert np.abs(face - 64).max() < 20


@pytest.mark.parametrize('shape', [(1, 1), (9, 400), (120, 160)])
def test_a_picture_without_a_face_is_refused_with_a_remedy(shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    animator = plugins.load('animation', 'mesh_warp')
    with pytest.raises(SourceImageError, match=r'no face .* choose a portrait'):
        animator.set_source(image)


def test_without_a_portrait_there_is_a_clear_error(neutral):
    with pytest.raises(SourceImageError, match='set_source'):
        plugins.load('animation', 'mesh_warp').animate(neutral)


@pytest.mark.parametrize('wrong', [{'size': 10}, {'relative': 1.5}, {'mouths': 1.0}])
def test_wrong_options_are_named(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        plugins.load('animation', 'mesh_warp', wrong)


@given(seed=st.integers(0, 2**32 - 1), noise=st.sampled_from([0.0, 2.0, 40.0, 4000.0]),
       angles=st.tuples(*[st.floats(-180, 180)] * 3), zoom=st.floats(0.01, 50.0),
       shift=st.floats(-1e4, 1e4))
@settings(max_examples=25, deadline=None)
def test_whatever_the_motion_the_picture_is_one(loaded, neutral, seed, noise, angles, zoom, shift):
    wild = turned(neutral, angles).landmarks * zoom + shift
    wild += noise * np.random.default_rng(seed).normal(size=wild.shape)
    loaded.reset()
    with np.errstate(all='raise', under='ignore'):
        frame = loaded.animate(dataclasses.replace(neutral, landmarks=wild))
    assert frame.image.shape == (SIZE, SIZE, 3)


def test_motion_of_another_extractor_is_refused(loaded):
    with pytest.raises(ValueError, match='mediapipe'):
        loaded.animate(Motion('fomm', 0.0, keypoints=np.zeros((10, 2))))
