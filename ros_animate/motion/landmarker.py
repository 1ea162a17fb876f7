"""The graphs of the MediaPipe Face Landmarker: a detector of all faces, a landmarker of one."""
from __future__ import annotations

import abc
import pathlib
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.motion.tracker_start import quiet_stderr, start_quietly
from ros_animate.types import Array, Image

_DETECTOR = 'face_detector.tflite'


@dataclass(frozen=True)
class Thresholds:
    """Least scores of a detected, of a present and of a tracked face, 0 to 1."""

    detection: float
    presence: float
    tracking: float


class _Graph(abc.ABC):
    """A graph of MediaPipe from a bundle; raises ConfigurationError if the file is none."""

    def __init__(self, bundle: pathlib.Path) -> None:
        self._bundle = bundle
        try:
            self._graph: Any = start_quietly(self._start)
        except (OSError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
            raise ConfigurationError(f'{bundle} is not a Face Landmarker model: {error}') from error

    def close(self) -> None:
        """Releases the graph; may be called twice."""
        if self._graph is not None:
            with quiet_stderr():
                self._graph.close()
        self._graph = None

    @abc.abstractmethod
    def _start(self) -> Any:
        """Opens the graph and runs it once: the first time is slow and noisy."""


class Landmarker(_Graph):
    """Landmarks, blendshapes and pose of one face, in 8 to 12 ms; of a video or of stills.

    In a video it looks for the face where it was, and steadies its landmarks over time. Without a
    face it searches the whole image.

    Args:
        bundle: `face_landmarker.task`.
        thresholds: Least scores.
        stills: True if the images have nothing to do with each other.

    Raises:
        ConfigurationError: The file is no such bundle.
    """

    def __init__(self, bundle: pathlib.Path, thresholds: Thresholds, stills: bool) -> None:
        self._thresholds, self._stills = thresholds, stills
        # The graph needs increasing integers, also across `forget`: `_last_ms` since it was
        # opened, `_video_ms` on the clock of the stamps since the last `forget`.
        self._last_ms = self._video_ms = 0
        super().__init__(bundle)

    def detect(self, image: Image, stamp_s: float) -> Any:
        """The graph's result for an image, (H, W, 3) uint8 RGB."""
        if self._stills:
            return self._graph.detect(wrap(image))
        before_ms = self._video_ms
        self._video_ms = max(before_ms + 1, round(stamp_s * 1000.0))
        # What passed between `forget` and the first frame after it has no effect.
        self._last_ms += self._video_ms - before_ms if before_ms else 1
        return self._graph.detect_for_video(wrap(image), self._last_ms)

    def forget(self) -> None:
        """Forgets all images: one without a face makes the graph do so."""
        if not self._video_ms:
            return
        self._last_ms += 1
        self._graph.detect_for_video(wrap(np.zeros((64, 64, 3), np.uint8)), self._last_ms)
        self._video_ms = 0

    def _start(self) -> Any:
        from mediapipe.tasks.python import BaseOptions, vision
        mode = vision.RunningMode.IMAGE if self._stills else vision.RunningMode.VIDEO
        graph: Any = vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._bundle)),
            running_mode=mode, num_faces=1,
            min_face_detection_confidence=self._thresholds.detection,
            min_face_presence_confidence=self._thresholds.presence,
            min_tracking_confidence=self._thresholds.tracking,
            output_face_blendshapes=True, output_facial_transformation_matrixes=True))
        blank = wrap(np.zeros((64, 64, 3), np.uint8))
        if self._stills:
            graph.detect(blank)
        else:
            graph.detect_for_video(blank, 0)
        return graph


class FaceDetector(_Graph):
    """Places and sizes of all faces in an image, in 2 to 3 ms.

    Args:
        bundle: `face_landmarker.task`.
        min_detection: Least score of a face.

    Raises:
        ConfigurationError: The file is no such bundle.
    """

    def __init__(self, bundle: pathlib.Path, min_detection: float) -> None:
        self._min_detection = min_detection
        super().__init__(bundle)

    def detect(self, image: Image) -> Array:
        """(F, 3): centre x, centre y and size of each face in pixels, the largest first."""
        boxes = [detection.bounding_box for detection in self._graph.detect(wrap(image)).detections]
        faces = np.array([(box.origin_x + box.width / 2, box.origin_y + box.height / 2,
                           (box.width + box.height) / 2) for box in boxes]).reshape(-1, 3)
        return faces[np.argsort(-faces[:, 2], kind='stable')]

    def _start(self) -> Any:
        from mediapipe.tasks.python import BaseOptions, vision
        with zipfile.ZipFile(self._bundle) as file:
            model = file.read(_DETECTOR)
        graph: Any = vision.FaceDetector.create_from_options(vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_buffer=model),
            min_detection_confidence=self._min_detection))
        graph.detect(wrap(np.zeros((64, 64, 3), np.uint8)))
        return graph


def wrap(image: Image) -> Any:
    """MediaPipe's image of (H, W, 3) uint8 RGB."""
    import mediapipe
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB,
                           data=np.ascontiguousarray(image))


def landmarks_of(result: Any, image: Image) -> Array | None:
    """(478, 3) landmarks in pixels of a result of `Landmarker.detect`; None without a face."""
    if not result.face_landmarks:
        return None
    height, width = image.shape[:2]
    points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]])
    return points * (width, height, width)
