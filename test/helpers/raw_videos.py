"""A small folder of raw videos of rendered people, with known faults."""
from __future__ import annotations

import pathlib
from collections.abc import Iterable

import cv2
import numpy as np

from ros_animate.evaluation.people_scenes import Place, people_image
from ros_animate.images import encode_jpeg
from ros_animate.outputs.video import VideoFile

FPS = 10.0
# Reason of each file that gives no clip.
FAULTS = {
    'blurred.mp4': 'blurred', 'broken.mp4': 'corrupt', 'one copy.mp4': 'duplicate',
    'flicker.mp4': 'cuts', 'id00003/short.mp4': 'too_short', 'id00003/one.dat': 'wrong_extension',
    'nobody.mp4': 'no_face', 'notes.mp4': 'no_video', 'photo.mp4': 'no_video',
    'empty.mp4': 'no_video', 'tiny.mp4': 'too_small'}
# Clips of each other file, as (face, frames).
CLIPS = {
    'covered.mp4': [('f0', 12), ('f0', 9)], 'cuts.mp4': [('f0', 9), ('f1', 10), ('f2', 8)],
    'id00001/one.mp4': [('f0', 10)], 'id00002/two.mp4': [('f0', 10), ('f1', 10)],
    'id00002/variable.mp4': [('f0', 10)]}
COVERED_FRAMES = 5
SETTINGS = ('min_frames=8', 'max_frames=16', 'size=64')


def make_raw_videos(folder: pathlib.Path) -> pathlib.Path:
    """The folder with a file for each of FAULTS and CLIPS, and one that is no video."""
    for name in ('id00001', 'id00002', 'id00003'):
        (folder / name).mkdir(parents=True)
    person = [image(7, k) for k in range(10)]
    write(folder / 'id00001' / 'one.mp4', person)
    one = (folder / 'id00001' / 'one.mp4').read_bytes()
    (folder / 'one copy.mp4').write_bytes(one)
    (folder / 'id00003' / 'one.dat').write_bytes(one)
    (folder / 'broken.mp4').write_bytes(one[:40] + bytes(len(one)))
    (folder / 'notes.mp4').write_text('This is a list of the takes of Monday.\n')
    (folder / 'photo.mp4').write_bytes(encode_jpeg(person[0], 90))
    (folder / 'empty.mp4').touch()
    (folder / 'README.md').write_text('Raw videos.\n')
    write(folder / 'id00003' / 'short.mp4', person[:5])
    write(folder / 'blurred.mp4', [cv2.GaussianBlur(frame, (0, 0), 9.0) for frame in person])
    write(folder / 'nobody.mp4', [_room(k) for k in range(10)])
    write(folder / 'tiny.mp4', [image(7, k, view_cm=250.0) for k in range(10)])
    write(folder / 'id00002' / 'two.mp4', [people_image([
        Place(7, 170, 70.0), Place(9, 470, 70.0)], k / FPS) for k in range(10)])
    write(folder / 'id00002' / 'variable.mp4', [image(4, k) for k in range(10)],
          np.cumsum([0.0, *[0.1, 0.04, 0.2] * 3]))
    scenes = [image(who, k, x) for who, x, count in ((7, 300, 9), (2, 360, 10), (9, 280, 8))
              for k in range(count)]
    write(folder / 'cuts.mp4', scenes)
    write(folder / 'flicker.mp4', [*scenes[:4], *scenes[9:13], *scenes[19:23]])
    write(folder / 'covered.mp4', [
        _covered(image(7, k)) if 12 <= k < 12 + COVERED_FRAMES else image(7, k)
        for k in range(12 + COVERED_FRAMES + 9)])
    return folder


def image(person: int, number: int, x: float = 320.0, view_cm: float = 60.0) -> np.ndarray:
    """(480, 640, 3) a person in frame `number`."""
    return people_image([Place(person, x, view_cm)], number / FPS)


def write(path: pathlib.Path, images: Iterable[np.ndarray], stamps_s=None) -> None:
    """A video file; the images are shown at `stamps_s`."""
    with VideoFile(path, FPS) as video:
        for k, frame in enumerate(images):
            video.write(frame, None if stamps_s is None else float(stamps_s[k]))


def _covered(frame: np.ndarray) -> np.ndarray:
    """The lower part of the face behind a blue board."""
    result = frame.copy()
    result[255:345, 230:410] = 40, 70, 150
    return result


def _room(number: int) -> np.ndarray:
    """A wall and a ball that moves."""
    frame = np.full((480, 640, 3), 120, np.uint8)
    return cv2.circle(frame, (100 + 20 * number, 240), 40, (200, 60, 60), -1)
