"""Landmarks, blendshapes and head pose by the MediaPipe Face Landmarker."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.face.face_mesh import find_bundle
from ros_animate.motion.base import Extractor
from ros_animate.motion.face_selection import (
    FaceDetector,
    face_extent,
    mask_other_faces,
    select_face,
)
from ros_animate.motion.tracker_start import quiet_stderr, start_quietly
from ros_animate.types import Array, Frame, Image, Motion

REWIND_S = 0.5
SWITCH_TRIES = 4
NOSE_TIP = 1


class MediaPipe(Extractor):
    """478 landmarks, 52 ARKit blendshapes and the head's pose, in 8 to 12 ms on one core.

    Follows one face: the largest at first, and then the same one until another is clearly larger.
    The landmark network is given this face alone, because with one face the tracker steadies its
    landmarks over time. The result for a sequence of frames is the same in every run and after
    every reset. With `stills` every frame is taken for a single image.
    """

    @dataclass(frozen=True)
    class Config:
        """Options of the extractor."""

        model: str = option('', 'path of face_landmarker.task; empty: ROS_ANIMATE_FACE_MODEL or '
                                'the one that an installed package brings')
        min_detection: float = option(0.5, 'least score of a face',
                                      low=0.0, high=1.0)
        min_presence: float = option(0.5, 'score below which a followed face is lost',
                                     low=0.0, high=1.0)
        min_tracking: float = option(0.5, 'overlap below which a face is looked for again',
                                     low=0.0, high=1.0)
        takeover: float = option(1.25, 'how many times larger another face must be to take over',
                                 low=1.0)
        look_around_s: float = option(1.0, 'how often other faces are looked for while one is '
                                           'followed', low=0.0)
        stills: bool = option(False, 'each frame is a single image, not one of a video')

    changeable = ('takeover', 'look_around_s')

    def __init__(self, config: Config) -> None:
        self.config = config
        self._bundle = find_bundle(config.model)
        self._landmarker: Any = None
        self._detector: FaceDetector | None = None
        self._searched_s = -np.inf
        # The graphs need increasing integers, also across resets: `_last_ms` since they were
        # opened, `_video_ms` on the clock of the stamps since the last reset.
        self._last_ms = self._video_ms = 0
        self._last_stamp_s = -np.inf
        self._center: Array | None = None
        self._open()

    def configure(self, config: Config) -> None:
        self.config = config

    def extract(self, frame: Frame) -> Motion | None:
        if frame.stamp_s < self._last_stamp_s - REWIND_S:
            self.reset()
        if self._landmarker is None:
            self._open()
        self._last_stamp_s = frame.stamp_s
        result = self._track(frame.image, frame.stamp_s)
        if not result.face_landmarks and self._center is not None:
            # Lost from one frame to the next (a jump, a cut): it may well be elsewhere.
            self._center = None
            result = self._track(frame.image, frame.stamp_s)
        if not result.face_landmarks:
            self._center = None
            return None
        return self._to_motion(result, frame)

    def _track(self, image: Image, stamp_s: float) -> Any:
        """The landmarker's result for the face to be followed."""
        following = self._center is not None
        if following and stamp_s - self._searched_s < self.config.look_around_s:
            return self._detect(image)
        self._searched_s = stamp_s
        assert self._detector is not None
        faces = self._detector.detect(image)
        if len(faces) < 2:
            return self._detect(image)
        selected = select_face(faces, self._center, self.config.takeover)
        if following and selected == select_face(faces, self._center, np.inf):
            return self._detect(image)
        return self._switch(mask_other_faces(image, faces, selected), faces[selected])

    def _switch(self, masked: Image, face: Array) -> Any:
        """Makes the landmarker find this face, which is alone in `masked`, and lose the other."""
        for _ in range(1 if self.config.stills else SWITCH_TRIES):
            result = self._detect(masked)
            if result.face_landmarks:
                height, width = masked.shape[:2]
                nose = result.face_landmarks[0][NOSE_TIP]
                away = np.abs(np.array([nose.x * width, nose.y * height]) - face[:2])
                if (away < face[2]).all():
                    break
        return result

    def _detect(self, image: Image) -> Any:
        if self.config.stills:
            return self._landmarker.detect(_wrap(image))
        before_ms = self._video_ms
        self._video_ms = max(before_ms + 1, round(self._last_stamp_s * 1000.0))
        # What passed between a reset and the first frame after it has no effect.
        self._last_ms += self._video_ms - before_ms if before_ms else 1
        return self._landmarker.detect_for_video(_wrap(image), self._last_ms)

    def reset(self) -> None:
        if self._landmarker is not None and self._video_ms:
            self._show_blank()
        self._video_ms, self._last_stamp_s, self._center = 0, -np.inf, None
        self._searched_s = -np.inf

    def _show_blank(self) -> None:
        """An image without a face makes the graph forget all that it has seen."""
        self._last_ms += 1
        self._landmarker.detect_for_video(_wrap(np.zeros((64, 64, 3), np.uint8)), self._last_ms)

    def close(self) -> None:
        with quiet_stderr():
            if self._landmarker is not None:
                self._landmarker.close()
            if self._detector is not None:
                self._detector.close()
        self._landmarker = self._detector = None

    def _open(self) -> None:
        try:
            self._landmarker, self._detector = start_quietly(self._start)
        except (RuntimeError, ValueError, OSError) as error:
            raise ConfigurationError(
                f'{self._bundle} is not a Face Landmarker model: {error}') from error
        self._last_ms = self._video_ms = 0

    def _start(self) -> tuple[Any, FaceDetector]:
        """Opens the graphs and runs them once: the first time is slow and noisy."""
        from mediapipe.tasks.python import BaseOptions, vision
        mode = vision.RunningMode.IMAGE if self.config.stills else vision.RunningMode.VIDEO
        landmarker: Any = vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._bundle)),
            running_mode=mode, num_faces=1,
            min_face_detection_confidence=self.config.min_detection,
            min_face_presence_confidence=self.config.min_presence,
            min_tracking_confidence=self.config.min_tracking,
            output_face_blendshapes=True, output_facial_transformation_matrixes=True))
        detector = FaceDetector(self._bundle, self.config.min_detection)
        blank = np.zeros((64, 64, 3), np.uint8)
        if self.config.stills:
            landmarker.detect(_wrap(blank))
        else:
            landmarker.detect_for_video(_wrap(blank), 0)
        detector.detect(blank)
        return landmarker, detector

    def _to_motion(self, result: Any, frame: Frame) -> Motion:
        height, width = frame.image.shape[:2]
        points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]])
        landmarks = points * (width, height, width)
        if not self.config.stills:
            self._center = face_extent(landmarks[:, :2])[:2]
        pose = np.asarray(result.facial_transformation_matrixes[0], float)
        inside = (points[:, :2] >= 0).all(1) & (points[:, :2] <= 1).all(1)
        return Motion(
            model='mediapipe', stamp_s=frame.stamp_s, landmarks=landmarks,
            image_size=(width, height), rotation=pose[:3, :3], translation=pose[:3, 3] / 100.0,
            expression={b.category_name: float(b.score) for b in result.face_blendshapes[0]},
            # The tracker gives no score: the share of landmarks inside the image stands in for it.
            confidence=float(inside.mean()))


def _wrap(image: Image) -> Any:
    import mediapipe
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB,
                           data=np.ascontiguousarray(image))


PLUGIN = MediaPipe
