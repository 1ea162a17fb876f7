"""Faces in a raw video: where each of them is, frame by frame, and what it shows."""
from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import numpy as np

from ros_animate import plugins
from ros_animate.camera.sources.video import Video
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.crop import Box, Crop
from ros_animate.face.finder import find_face, open_tracker
from ros_animate.face.framing import TIGHT
from ros_animate.motion.face_appearance import face_colours
from ros_animate.preparation.cuts import CutDetector
from ros_animate.preparation.options import PrepareOptions
from ros_animate.preparation.records import RawVideo
from ros_animate.types import Array, Frame, Image, Motion, UnusableMotion

_LOOK_AROUND_S = 0.5
_SHARPNESS_PX, _MARGIN_PX = 128, 16
_FLAT = 0.5  # standard deviation of features that counts at least
_PROBED = 3  # frames in which a small face is searched


class Stopped(Exception):
    """The work shall end."""


class Observation(NamedTuple):
    """A face in one frame.

    Attributes:
        frame: Number of the frame.
        stamp_s: Its time.
        landmarks: (478, 3) pixels, float32.
        expression: (52,) BLENDSHAPES, float32.
        rotation: (3, 3) head to camera, float32.
        translation: (3,) metres, float32.
        box: The square around the face.
        inside: Part of the landmarks that lie inside the image.
        colours: (16, 3) result of `face_colours`, float32.
        sharpness: Of the face, without unit.
    """

    frame: int
    stamp_s: float
    landmarks: Array
    expression: Array
    rotation: Array
    translation: Array
    box: Box
    inside: float
    colours: Array
    sharpness: float


@dataclass(frozen=True)
class Track:
    """A face in one scene, in the order of its frames; it may be away for a while.

    Attributes:
        face: Name of the face in its video.
        scene: Number of the scene.
        seen: Its observations.
    """

    face: str
    scene: int
    seen: list[Observation] = field(default_factory=list)


@dataclass
class Survey:
    """The faces of a video.

    Attributes:
        tracks: Faces of all scenes, in the order in which they appeared.
        stamps_s: Time of each frame.
        scenes: Time of the last frame of each scene.
        image_size: (width, height) in pixels.
        incomplete: True if the file holds fewer frames than it claims.
        small_face: True if there are only faces that are too small to be tracked.
    """

    tracks: list[Track] = field(default_factory=list)
    stamps_s: list[float] = field(default_factory=list)
    scenes: list[float] = field(default_factory=list)
    image_size: tuple[int, int] = (0, 0)
    incomplete: bool = False
    small_face: bool = False

    @property
    def has_variable_rate(self) -> bool:
        """True if some frames are shown for clearly longer than others."""
        steps = np.diff(self.stamps_s)
        return len(steps) > 0 and bool(steps.max() > 1.5 * np.median(steps))


class Surveyor:
    """Surveys videos, with one face tracker for all of them; to be closed."""

    def __init__(self, options: PrepareOptions) -> None:
        self._extractor: Any = plugins.load('motion', 'mediapipe', {
            'faces': options.faces, 'look_around_s': _LOOK_AROUND_S})

    def close(self) -> None:
        """Releases the tracker."""
        self._extractor.close()

    def survey(self, video: RawVideo, is_stopping: Callable[[], bool]) -> Survey:
        """The faces of a video; raises SourceError if it cannot be read, and Stopped."""
        survey, cuts, tracks = Survey(), CutDetector(), dict[str, Track]()
        self._extractor.reset()
        file = Video(Video.Config(str(video.path)))
        with file:
            while (frame := file.read()) is not None:
                if is_stopping():
                    raise Stopped
                if cuts.is_cut(frame.image):
                    survey.scenes.append(survey.stamps_s[-1])
                    self._extractor.reset()
                    tracks.clear()
                for motion in self._faces(frame):
                    if motion.face_id not in tracks:
                        tracks[motion.face_id] = Track(f'f{len(survey.tracks)}',
                                                       len(survey.scenes))
                        survey.tracks.append(tracks[motion.face_id])
                    tracks[motion.face_id].seen.append(
                        _observation(len(survey.stamps_s), frame, motion))
                survey.stamps_s.append(frame.stamp_s)
                survey.image_size = frame.image.shape[1], frame.image.shape[0]
            survey.incomplete = file.incomplete
        survey.scenes.append(survey.stamps_s[-1])
        survey.small_face = not survey.tracks and _has_small_face(video, len(survey.stamps_s))
        return survey

    def _faces(self, frame: Frame) -> list[Motion]:
        try:
            self._extractor.extract(frame)
            return list(self._extractor.faces())
        except UnusableMotion:
            return []


def sharpness(face: Image) -> float:
    """Strength of the details of a face of 1 to 2 pixels in 128, by that of its features of 4 to 8.

    0.39 to 0.65 for faces in focus (measured on five people), 0.17 to 0.23 where a face of 256
    pixels is blurred by a Gaussian of 6. Noise and the artefacts of codecs have finer details.

    Args:
        face: (128, 128, 3) the square around a face.
    """
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32)
    smooth = [cv2.GaussianBlur(grey, (0, 0), sigma)[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX]
              for sigma in (1.0, 2.0, 4.0, 8.0)]
    features = float((smooth[2] - smooth[3]).std())
    return float((smooth[0] - smooth[1]).std()) / max(features, _FLAT)


def _observation(number: int, frame: Frame, motion: Motion) -> Observation:
    assert motion.landmarks is not None and motion.rotation is not None
    assert motion.translation is not None
    box = TIGHT.box(motion.landmarks)
    expression = np.array([motion.expression.get(name, 0.0) for name in BLENDSHAPES], np.float32)
    return Observation(
        number, frame.stamp_s, motion.landmarks.astype(np.float32), expression,
        motion.rotation.astype(np.float32), motion.translation.astype(np.float32), box,
        motion.confidence, face_colours(frame.image, motion.landmarks).astype(np.float32),
        sharpness(Crop.of(box, _SHARPNESS_PX, TIGHT.upright).take(frame.image)))


def _has_small_face(video: RawVideo, count: int) -> bool:
    """True if a search of parts of some images finds a face."""
    probed = {round(k * (count - 1) / (_PROBED - 1)) for k in range(_PROBED)}
    with Video(Video.Config(str(video.path))) as file, contextlib.closing(
            open_tracker()) as tracker:
        for number in range(count):
            frame = file.read()
            if frame is None:
                break
            if number in probed and find_face(frame.image, tracker=tracker) is not None:
                return True
    return False
