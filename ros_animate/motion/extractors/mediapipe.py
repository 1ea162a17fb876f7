"""Landmarks, blendshapes and head pose by the MediaPipe Face Landmarker."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.face_mesh import find_bundle
from ros_animate.motion.base import Extractor
from ros_animate.types import Array, Frame, Motion

REWIND_S = 0.5


class MediaPipe(Extractor):
    """478 landmarks, 52 ARKit blendshapes and the head's pose, 10 to 15 ms on one core.

    Follows one face: the largest when it is first seen, and then the same one until another is
    clearly larger. The result for a sequence of frames is the same in every run.
    """

    @dataclass(frozen=True)
    class Config:
        """Options of the extractor."""

        model: str = option('', 'path of face_landmarker.task; empty: ROS_ANIMATE_FACE_MODEL or '
                                'the one that an installed package brings')
        num_faces: int = option(2, 'faces looked for; with 1 the tracker smooths its landmarks '
                                   'over time (calmer, but late) and keeps the face it has',
                                low=1, high=10)
        min_detection: float = option(0.5, 'score from which something is a face',
                                      low=0.0, high=1.0)
        min_presence: float = option(0.5, 'score below which a followed face is lost',
                                     low=0.0, high=1.0)
        min_tracking: float = option(0.5, 'overlap below which a face is looked for again',
                                     low=0.0, high=1.0)
        takeover: float = option(1.25, 'how many times larger another face must be to take over',
                                 low=1.0)

    def __init__(self, config: Config) -> None:
        self.config = config
        self._model = find_bundle(config.model)
        self._landmarker: Any = None
        self._last_ms = 0
        self._last_stamp_s = -np.inf
        self._center: Array | None = None
        self._open()

    def extract(self, frame: Frame) -> Motion | None:
        import mediapipe
        if frame.stamp_s < self._last_stamp_s - REWIND_S:
            self.reset()
        if self._landmarker is None:
            self._open()
        self._last_stamp_s = frame.stamp_s
        # The tracker wants strictly increasing integers.
        self._last_ms = max(self._last_ms + 1, round(frame.stamp_s * 1000.0))
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB,
                                  data=np.ascontiguousarray(frame.image))
        result = self._landmarker.detect_for_video(picture, self._last_ms)
        if not result.face_landmarks:
            self._center = None
            return None
        return self._to_motion(result, frame)

    def reset(self) -> None:
        self.close()
        self._last_ms, self._last_stamp_s, self._center = 0, -np.inf, None

    def close(self) -> None:
        if self._landmarker is not None:
            self._landmarker.close()
        self._landmarker = None

    def _open(self) -> None:
        from mediapipe.tasks.python import BaseOptions, vision
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._model)),
            running_mode=vision.RunningMode.VIDEO, num_faces=self.config.num_faces,
            min_face_detection_confidence=self.config.min_detection,
            min_face_presence_confidence=self.config.min_presence,
            min_tracking_confidence=self.config.min_tracking,
            output_face_blendshapes=True, output_facial_transformation_matrixes=True)
        try:
            with _quiet_stderr():
                self._landmarker = vision.FaceLandmarker.create_from_options(options)
                self._warm_up()
        except (RuntimeError, ValueError, OSError) as error:
            raise ConfigurationError(
                f'{self._model} is not a Face Landmarker model: {error}') from error

    def _warm_up(self) -> None:
        """Runs the networks once: the first time is slow and noisy."""
        import mediapipe
        blank = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB,
                                data=np.zeros((64, 64, 3), np.uint8))
        self._landmarker.detect_for_video(blank, 0)

    def _to_motion(self, result: Any, frame: Frame) -> Motion:
        height, width = frame.image.shape[:2]
        points = [np.array([(p.x, p.y, p.z) for p in face]) for face in result.face_landmarks]
        size = np.array([width, height, width], float)
        boxes = np.array([_box(p * size) for p in points])
        chosen = choose_face(boxes, self._center, self.config.takeover)
        self._center = boxes[chosen, :2]
        pose = np.asarray(result.facial_transformation_matrixes[chosen], float)
        inside = (points[chosen][:, :2] >= 0).all(1) & (points[chosen][:, :2] <= 1).all(1)
        return Motion(
            model='mediapipe', stamp_s=frame.stamp_s, landmarks=points[chosen] * size,
            image_size=(width, height), rotation=pose[:3, :3], translation=pose[:3, 3] / 100.0,
            expression={b.category_name: float(b.score)
                        for b in result.face_blendshapes[chosen]},
            # The tracker gives no score: count what it had to guess outside the picture.
            confidence=float(inside.mean()))


def choose_face(boxes: Array, last_center: Array | None, takeover: float) -> int:
    """Index of the face to follow.

    Args:
        boxes: (F, 3) centre x, centre y and size of each face, in pixels.
        last_center: (2,) centre of the face followed so far, None if there was none.
        takeover: How many times larger than that one the largest must be to be followed instead.
    """
    largest = int(np.argmax(boxes[:, 2]))
    if last_center is None:
        return largest
    same = int(np.argmin(np.linalg.norm(boxes[:, :2] - last_center, axis=1)))
    return largest if boxes[largest, 2] > takeover * boxes[same, 2] else same


def _box(landmarks: Array) -> Array:
    """(3,) centre and size (mean of width and height) of (478, 3) landmarks."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    return np.array([*(low + high) / 2, (high - low).mean()])


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keeps the tracker's C++ chatter, which no log level stops, off the terminal."""
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


PLUGIN = MediaPipe
