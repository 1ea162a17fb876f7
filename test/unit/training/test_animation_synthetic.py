"""Synthetic clips: the seed alone decides, and labels fit the image."""
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.collection.sampling import VISIBLE_RANGES
from ros_animate.face import face_mesh
from ros_animate.face.finder import find_face
from ros_animate.face.virtual import MUSCLES
from ros_animate.training.animation.synthetic import EXPRESSION, NAMES, Script, make_clip

SEED, FRAMES = 3, 3


@functools.lru_cache(maxsize=8)
def clip(number=0, size=32, count=FRAMES, smooth=False):
    return make_clip(SEED, number, count, size, smooth)


def test_a_clip_depends_on_seed_and_number_alone():
    first = clip()
    np.random.seed(1)  # noqa: NPY002 (it must not matter)
    clip(1)
    again = make_clip(SEED, 0, FRAMES, 32)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    for other in (clip(1), make_clip(SEED + 1, 0, FRAMES, 32)):
        assert np.abs(first.images.astype(int) - other.images).mean() > 5
        assert np.abs(first.expression - other.expression).max() > 0.1


def test_the_second_person_changes_nothing_for_the_first():
    alone = make_clip(SEED, 0, FRAMES, 32, people=1)
    np.testing.assert_array_equal(alone.images[0], clip().images[0])
    np.testing.assert_array_equal(alone.landmarks[0], clip().landmarks[0])


def test_two_people_do_the_same_in_the_same_place():
    for number in range(2):
        frames = clip(number)
        one, other = frames.landmarks
        assert np.abs(one - other).mean() < 0.08  # 4 % of the image: faces differ in shape
        assert np.abs(frames.images[0].astype(int) - frames.images[1]).mean() > 10


@pytest.mark.parametrize('number', [0, 1, 5])
def test_the_tracker_finds_the_face_where_the_labels_say(number):
    size = 256
    frames = clip(number, size, 2)
    found = 0
    for image, label in zip(frames.images[0], frames.landmarks[0], strict=True):
        face = find_face(image)
        if face is None:
            continue
        found += 1
        # Outermost pixels' centres are at -1 and 1; the tracker's pixels begin at 0.
        pixels = (label + 1) / 2 * (size - 1)
        inner = [*face_mesh.LEFT_EYE, *face_mesh.RIGHT_EYE, *face_mesh.LIPS_OUTER, 1]
        distance = np.linalg.norm(face[inner, :2] - 0.5 - pixels[inner], axis=1)
        assert distance.mean() < 0.025 * size
    assert found


def test_faces_fill_the_square():
    for number in range(3):
        oval = clip(number).landmarks[:, :, list(face_mesh.FACE_OVAL)]
        assert np.abs(np.median(oval, axis=2)).max() < 0.45
        extent = np.ptp(oval, axis=2).max(-1).mean() / 2
        assert 0.6 < extent < 0.9


def test_an_open_mouth_is_visible_and_labelled():
    frames = clip(0, 32, 12)
    lips = frames.landmarks[0][:, 14, 1] - frames.landmarks[0][:, 13, 1]
    assert np.corrcoef(lips, frames.expression[:, EXPRESSION.index('jaw_open')])[0, 1] > 0.7


def test_videos_move_smoothly():
    smooth, apart = clip(2, 32, 12, True), clip(2, 32, 12)
    steps, jumps = (np.abs(np.diff(c.expression, axis=0)).mean() for c in (smooth, apart))
    assert steps < jumps / 3
    assert np.ptp(smooth.landmarks[0], axis=0).max() > 0.02


def posed(angles):
    """A script of one frame with the head at these angles."""
    head = dict(zip(('head_yaw', 'head_pitch', 'head_roll'), angles))
    muscles = np.array([[head.get(name, MUSCLES[name]) for name in NAMES]])
    return Script(muscles, np.zeros((1, 3)), 1.0, np.zeros(2))


@settings(max_examples=20)
@given(st.tuples(*[st.floats(-40, 40)] * 3))
def test_angles_are_those_of_the_head(angles):
    np.testing.assert_allclose(posed(angles).angles_deg()[0, :2], angles[:2], atol=1e-6)
    tilted = (0.0, 0.0, angles[2])
    np.testing.assert_allclose(posed(tilted).angles_deg()[0], tilted, atol=1e-6)


@given(st.integers(0, 2 ** 32 - 1), st.booleans())
@settings(max_examples=10)
def test_scripts_are_plausible(seed, smooth):
    script = Script.draw(np.random.default_rng(seed), 9, smooth)
    assert script.muscles.shape == (9, len(NAMES))
    assert script.expression().shape == (9, len(EXPRESSION))
    assert np.isfinite(script.muscles).all()
    assert np.abs(script.angles_deg()).max() < 70
    widest = VISIBLE_RANGES['eyelid_upper_left'][1]  # of a lid; other muscles move by less
    assert np.abs(script.expression()).max() <= widest + 0.01
