"""Selection of the face that is followed among several, by the Face Landmarker's own detector."""
from __future__ import annotations

import pathlib
import zipfile
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.motion.tracker_start import start_quietly
from ros_animate.types import Array, Image

_DETECTOR = 'face_detector.tflite'
_MOST_FACES = 4
# Sides in face sizes: of what is masked around other faces, and kept around the selected one.
_MASKED, _KEPT = 1.4, 1.1


class FaceDetector:
    """Detects several faces in an image: 3 ms if there is one, 20 to 40 ms if there are more.

    Args:
        bundle: `face_landmarker.task`.
        min_detection: Least score of a face.

    Raises:
        ConfigurationError: The file is no such bundle.
    """

    def __init__(self, bundle: pathlib.Path, min_detection: float) -> None:
        from mediapipe.tasks.python import BaseOptions, vision
        self._bundle, self._min_detection = bundle, min_detection
        self._landmarker: Any = None  # opened when there are several faces
        try:
            with zipfile.ZipFile(bundle) as file:
                model = file.read(_DETECTOR)
            self._detector: Any = vision.FaceDetector.create_from_options(
                vision.FaceDetectorOptions(
                    base_options=BaseOptions(model_asset_buffer=model),
                    min_detection_confidence=min_detection))
        except (OSError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
            raise ConfigurationError(f'{bundle} is not a Face Landmarker model: {error}') from error

    def detect(self, image: Image) -> Array:
        """(F, 3): centre x, centre y and size of each face in pixels; (0, 3) if not several."""
        import mediapipe
        wrapped = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB,
                                  data=np.ascontiguousarray(image))
        if len(self._detector.detect(wrapped).detections) < 2:
            return np.empty((0, 3))
        if self._landmarker is None:
            self._landmarker = start_quietly(self._start_landmarker)
        size = image.shape[1::-1]
        faces = self._landmarker.detect(wrapped).face_landmarks
        return np.array([face_extent(np.array([(p.x, p.y) for p in face]) * size)
                         for face in faces]).reshape(-1, 3)

    def _start_landmarker(self) -> Any:
        """The detector's boxes are too rough to compare faces far away: their landmarks do."""
        from mediapipe.tasks.python import BaseOptions, vision
        return vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._bundle)),
            num_faces=_MOST_FACES, min_face_detection_confidence=self._min_detection))

    def close(self) -> None:
        """Releases the networks; may be called twice."""
        for network in (self._detector, self._landmarker):
            if network is not None:
                network.close()
        self._detector = self._landmarker = None


def face_extent(landmarks: Array) -> Array:
    """(3,) centre x, centre y and size (mean of width and height) of (N, 2) landmarks."""
    low, high = landmarks.min(0), landmarks.max(0)
    return np.array([*(low + high) / 2, (high - low).mean()])


def select_face(faces: Array, followed: Array | None, takeover: float) -> int:
    """Index of the face to follow.

    Args:
        faces: (F, 3) centre x, centre y and size of each face, in pixels.
        followed: (2,) centre of the face followed so far, None if there was none.
        takeover: Ratio of sizes from which the largest face is followed instead of that one.
    """
    largest = int(np.argmax(faces[:, 2]))
    if followed is None:
        return largest
    same = int(np.argmin(np.linalg.norm(faces[:, :2] - followed, axis=1)))
    return largest if faces[largest, 2] > takeover * faces[same, 2] else same


def mask_other_faces(image: Image, faces: Array, selected: int) -> Image:
    """A copy of the image in which all faces but the selected one are painted over."""
    result = image.copy()
    for k, face in enumerate(faces):
        if k != selected:
            result[_window(face, _MASKED)] = 128
    window = _window(faces[selected], _KEPT)
    result[window] = image[window]
    return result


def _window(face: Array, scale: float) -> tuple[slice, slice]:
    low = np.maximum(face[:2] - face[2] * scale / 2, 0).astype(int)
    high = np.maximum(face[:2] + face[2] * scale / 2, 0).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
