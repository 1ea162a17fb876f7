"""The MediaPipe extractor on real images."""
import contextlib
import os
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.face.face_mesh import LEFT_EYE, RIGHT_EYE
from ros_animate.images import write_image
from ros_animate.motion.extractors.mediapipe import MediaPipe
from ros_animate.motion.tracker_start import TrackerStartError, start_quietly
from ros_animate.plugins import load
from ros_animate.training.core.pair_folder import Folder, Pair
from ros_animate.training.policy.motions import folder_motions
from ros_animate.types import Frame


@pytest.fixture
def extractor():
    extractor = load('motion', 'mediapipe')
    yield extractor
    extractor.close()


def on_canvas(*placed, size=(720, 960)):
    """A grey image with (face image, side in pixels, left edge) put into it."""
    canvas = np.full((*size, 3), 128, np.uint8)
    for face, side, left in placed:
        canvas[:side, left:left + side] = cv2.resize(face, (side, side),
                                                     interpolation=cv2.INTER_AREA)
    return canvas


def test_what_a_face_gives(extractor, portrait):
    motion = extractor.extract(Frame(portrait, 1.5))
    assert motion.model == 'mediapipe' and motion.stamp_s == 1.5
    assert motion.landmarks.shape == (478, 3) and motion.image_size == (720, 720)
    assert len(motion.expression) == 52 and 'jawOpen' in motion.expression
    assert all(0 <= value <= 1 for value in motion.expression.values())
    np.testing.assert_allclose(motion.rotation @ motion.rotation.T, np.eye(3), atol=1e-4)
    assert np.linalg.det(motion.rotation) == pytest.approx(1, abs=1e-4)
    assert 0.1 < -motion.translation[2] < 3.0
    assert motion.confidence == 1.0
    # The person's right eye is at the left of the image.
    assert motion.landmarks[list(RIGHT_EYE), 0].mean() < motion.landmarks[list(LEFT_EYE), 0].mean()


def test_head_axes_in_the_image(extractor, portrait):
    """Roll to the image's left (anticlockwise) turns x towards y."""
    upright = extractor.extract(Frame(portrait, 0.0)).rotation
    turn = cv2.getRotationMatrix2D((360, 360), 20, 1)
    extractor.reset()
    rolled = extractor.extract(Frame(cv2.warpAffine(portrait, turn, (720, 720)), 0.0)).rotation
    angle = np.degrees(np.arctan2(rolled[1, 0], rolled[1, 1])
                       - np.arctan2(upright[1, 0], upright[1, 1]))
    assert angle == pytest.approx(20, abs=4)


def test_no_face(extractor):
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    assert extractor.extract(Frame(noise, 0.0)) is None


def test_lost_and_found(extractor, portrait):
    blank = np.zeros_like(portrait)
    found = [extractor.extract(Frame(image, k / 30)) is not None
             for k, image in enumerate([portrait, portrait, blank, blank, portrait, portrait])]
    assert found == [True, True, False, False, True, True]


def test_the_largest_of_two_faces_wins(extractor, portrait):
    both = on_canvas((portrait, 300, 0), (portrait, 600, 350))
    centre = extractor.extract(Frame(both, 0.0)).landmarks[:, 0].mean()
    assert centre > 350


def test_a_face_is_kept_until_another_is_clearly_larger(extractor, portrait):
    def centre(left_side, right_side, k):
        image = on_canvas((portrait, left_side, 0), (portrait, right_side, 480))
        return extractor.extract(Frame(image, float(k))).landmarks[:, 0].mean()
    assert centre(440, 360, 0) < 480
    assert centre(400, 440, 1) < 480
    assert centre(300, 480, 2) > 480


@pytest.mark.parametrize('size', [(64, 64), (64, 96), (2160, 3840), (481, 639)])
def test_any_picture_size(extractor, portrait, size):
    side = min(size)
    motion = extractor.extract(Frame(on_canvas((portrait, side, 0), size=size), 0.0))
    assert motion.image_size == size[::-1]
    assert 0 < motion.landmarks[:, 0].mean() < side and 0 < motion.landmarks[:, 1].mean() < side


@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 4000, 3), (3000, 2, 3)])
def test_degenerate_pictures_hold_no_face(extractor, shape):
    assert extractor.extract(Frame(np.zeros(shape, np.uint8), 0.0)) is None


def test_pictures_that_are_views(extractor, portrait):
    view = np.repeat(portrait, 2, axis=1)[:, ::2]
    assert not view.flags['C_CONTIGUOUS']
    assert extractor.extract(Frame(view, 0.0)) is not None


def test_stamps_may_repeat_jump_and_start_over(extractor, portrait):
    for stamp_s in (1e9, 1e9, 1e9 + 1e-5, 1e9 - 0.01, 1e9 + 100, 3.0, 0.0):
        assert extractor.extract(Frame(portrait, stamp_s)).stamp_s == stamp_s


def test_a_face_partly_outside_is_less_trustworthy(extractor, portrait):
    motion = extractor.extract(Frame(np.ascontiguousarray(portrait[:, 330:]), 0.0))
    assert motion is None or motion.confidence < 1


def values(motion):
    return np.concatenate([motion.landmarks.ravel(), motion.rotation.ravel(), motion.translation,
                           list(motion.expression.values())])


def test_the_same_frames_give_the_same_motion(extractor, clip):
    other = load('motion', 'mediapipe')
    for k, image in enumerate(clip):
        a, b = (e.extract(Frame(image, k / 30)) for e in (extractor, other))
        np.testing.assert_array_equal(values(a), values(b))
    other.close()


def test_reset_forgets(extractor, clip):
    first = [values(extractor.extract(Frame(image, k / 30))) for k, image in enumerate(clip[:5])]
    extractor.reset()
    again = [values(extractor.extract(Frame(image, k / 30))) for k, image in enumerate(clip[:5])]
    np.testing.assert_array_equal(first, again)


def test_a_reset_opens_nothing_and_counts_on(extractor, clip, monkeypatch):
    def motions(start_s):
        return [values(extractor.extract(Frame(image, start_s + k / 30)))
                for k, image in enumerate(clip[:4])]
    first = motions(0.0)
    monkeypatch.setattr(extractor, '_open', lambda: pytest.fail('opened again'))
    for start_s in (0.0, 0.0, 1.7e9, 0.0):  # on a clock of the year 2023 the stamps are coarser
        extractor.reset()
        np.testing.assert_allclose(motions(start_s), first, atol=0.0 if not start_s else 0.2)
    extractor.reset()
    extractor.reset()
    np.testing.assert_array_equal(motions(0.0), first)


def test_single_images_have_nothing_to_do_with_each_other(extractor, clip, portrait):
    with contextlib.closing(load('motion', 'mediapipe', {'stills': True})) as stills:
        images = [clip[0], portrait, np.zeros_like(portrait), clip[3], clip[0]]
        for image in images:
            extractor.reset()
            single, first = (e.extract(Frame(image, 0.0)) for e in (stills, extractor))
            assert (single is None) == (first is None)
            if single is not None:
                np.testing.assert_allclose(values(single), values(first), atol=1e-3)
        both = on_canvas((portrait, 600, 350), (portrait, 300, 0))
        assert stills.extract(Frame(both, 0.0)).landmarks[:, 0].mean() > 350


def test_a_folder_of_images_opens_one_tracker(clip, tmp_path, monkeypatch):
    opened = []
    real = MediaPipe._open
    monkeypatch.setattr(MediaPipe, '_open', lambda self: (opened.append(1), real(self)))
    names = [f'{k}.png' for k in range(6)]
    for name, image in zip(names, clip, strict=False):
        write_image(tmp_path / name, image)
    folder = Folder(tmp_path, tuple(Pair(tmp_path / name, np.zeros(3)) for name in names))
    assert np.isfinite(folder_motions(folder)).all() and len(opened) == 1


@pytest.mark.parametrize('failure', [None, ValueError('no model')])
def test_a_tracker_that_does_not_start_is_an_error(failure, capfd):
    never = threading.Event()

    def start():
        if failure is not None:
            raise failure
        never.wait()
    with pytest.raises(type(failure) if failure else TrackerStartError,
                       match='no model' if failure else r'did not start within 0\.2 s'):
        start_quietly(start, 0.2)
    os.write(2, b'heard')
    assert capfd.readouterr().err == 'heard'
    never.set()


def test_closed_twice_and_used_again(extractor, portrait):
    extractor.close()
    extractor.close()
    assert extractor.extract(Frame(portrait, 0.0)) is not None


def test_the_terminal_stays_clean():
    code = """
import numpy as np
from ros_animate.plugins import load
from ros_animate.types import Frame
extractor = load('motion', 'mediapipe')
extractor.extract(Frame(np.zeros((64, 64, 3), np.uint8), 0.0))
extractor.close()
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    # TensorFlow Lite may tell that memory was not where it likes it: it depends on malloc.
    lines = [line for line in done.stderr.splitlines() if 'is not aligned' not in line]
    assert done.stdout == '' and lines == []


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match='nothing_here'):
        load('motion', 'mediapipe', {'model': str(tmp_path / 'nothing_here.task')})


def test_a_file_that_is_no_model_is_named(tmp_path):
    (tmp_path / 'wrong.task').write_text('no model')
    with pytest.raises(ConfigurationError, match=r'wrong\.task is not'):
        load('motion', 'mediapipe', {'model': str(tmp_path / 'wrong.task')})

