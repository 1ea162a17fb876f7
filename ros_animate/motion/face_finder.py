"""Which of several faces is followed: the detector of the Face Landmarker bundle, by itself."""
from __future__ import annotations

import pathlib
import zipfile
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.types import Array, Image

_DETECTOR = 'face_detector.tflite'
_MOST_FACES = 4
_HIDDEN, _SHOWN = 1.4, 1.1  # of a face's box: what is hidden around others, kept around the chosen


class FaceFinder:
    """Finds the faces in a picture: 3 ms if there is one, 20 to 40 ms if their sizes matter.

    Args:
        bundle: `face_landmarker.task`.
        min_detection: Score from which something is a face.

    Raises:
        ConfigurationError: The file is no such bundle.
    """

    def __init__(self, bundle: pathlib.Path, min_detection: float) -> None:
        from mediapipe.tasks.python import BaseOptions, vision
        try:
            with zipfile.ZipFile(bundle) as file:
                model = file.read(_DETECTOR)
            self._detector: Any = vision.FaceDetector.create_from_options(
                vision.FaceDetectorOptions(
                    base_options=BaseOptions(model_asset_buffer=model),
                    min_detection_confidence=min_detection))
            # The detector's boxes are too rough to compare faces far away: their landmarks do.
            self._landmarker: Any = vision.FaceLandmarker.create_from_options(
                vision.FaceLandmarkerOptions(
                    base_options=BaseOptions(model_asset_path=str(bundle)),
                    num_faces=_MOST_FACES, min_face_detection_confidence=min_detection))
        except (OSError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
            raise ConfigurationError(f'{bundle} is not a Face Landmarker model: {error}') from error

    def find(self, image: Image) -> Array:
        """(F, 3): centre x, centre y and size of each face in pixels; (0, 3) if not several."""
        import mediapipe
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB,
                                  data=np.ascontiguousarray(image))
        if len(self._detector.detect(picture).detections) < 2:
            return np.empty((0, 3))
        size = image.shape[1::-1]
        faces = self._landmarker.detect(picture).face_landmarks
        return np.array([box(np.array([(p.x, p.y) for p in face]) * size)
                         for face in faces]).reshape(-1, 3)

    def close(self) -> None:
        """Releases the networks; may be called twice."""
        for network in (self._detector, self._landmarker):
            if network is not None:
                network.close()
        self._detector = self._landmarker = None


def box(landmarks: Array) -> Array:
    """(3,) centre x, centre y and size (mean of width and height) of (N, 2) landmarks."""
    low, high = landmarks.min(0), landmarks.max(0)
    return np.array([*(low + high) / 2, (high - low).mean()])


def choose_face(boxes: Array, followed: Array | None, takeover: float) -> int:
    """Index of the face to follow.

    Args:
        boxes: (F, 3) centre x, centre y and size of each face, in pixels.
        followed: (2,) centre of the face followed so far, None if there was none.
        takeover: How many times larger than that one the largest must be to be followed instead.
    """
    largest = int(np.argmax(boxes[:, 2]))
    if followed is None:
        return largest
    same = int(np.argmin(np.linalg.norm(boxes[:, :2] - followed, axis=1)))
    return largest if boxes[largest, 2] > takeover * boxes[same, 2] else same


def only(image: Image, boxes: Array, chosen: int) -> Image:
    """A copy of the picture in which all faces but the chosen one are painted over."""
    result = image.copy()
    for k, box in enumerate(boxes):
        if k != chosen:
            result[_window(box, _HIDDEN)] = 128
    window = _window(boxes[chosen], _SHOWN)
    result[window] = image[window]
    return result


def _window(box: Array, scale: float) -> tuple[slice, slice]:
    low = np.maximum(box[:2] - box[2] * scale / 2, 0).astype(int)
    high = np.maximum(box[:2] + box[2] * scale / 2, 0).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
