"""Landmarks, blendshapes and head pose by the MediaPipe Face Landmarker."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import option
from ros_animate.face.face_mesh import find_bundle
from ros_animate.motion.base import Extractor
from ros_animate.motion.face_tracks import FaceTrack, face_extent
from ros_animate.motion.following import FOLLOW, Follower, FollowOptions, VisibleFace
from ros_animate.motion.landmarker import FaceDetector, Landmarker, Thresholds, landmarks_of
from ros_animate.motion.people_tracker import PeopleTracker, find_alone
from ros_animate.types import Frame, Motion

REWIND_S = 0.5


class MediaPipe(Extractor):
    """478 landmarks, 52 ARKit blendshapes and the head's pose, in 8 to 12 ms a face on one core.

    Follows one face by a rule, and tracks the others beside it; each has an identity. Every face
    has a landmark network of its own, because with one face the network steadies its landmarks
    over time. The result for a sequence of frames is the same in every run and after every reset,
    but for the identities, which are not used again. With `stills` every frame is taken for a
    single image, and its largest face counts.
    """

    @dataclass(frozen=True)
    class Config(FollowOptions):
        """Options of the extractor."""

        model: str = option('', 'path of face_landmarker.task; empty: ROS_ANIMATE_FACE_MODEL or '
                                'the one that an installed package brings')
        min_detection: float = option(0.5, 'least score of a face',
                                      low=0.0, high=1.0)
        min_presence: float = option(0.5, 'score below which a followed face is lost',
                                     low=0.0, high=1.0)
        min_tracking: float = option(0.5, 'overlap below which a face is looked for again',
                                     low=0.0, high=1.0)
        faces: int = option(4, 'most faces that are tracked at a time', low=1, high=16)
        look_around_s: float = option(1.0, 'how often other faces are looked for while one is '
                                           'followed', low=0.0)
        remember_s: float = option(2.0, 'how long a hidden face keeps its id', low=0.0, high=60.0)
        stills: bool = option(False, 'each frame is a single image, not one of a video')

    changeable = (*FOLLOW, 'look_around_s', 'remember_s')

    def __init__(self, config: Config) -> None:
        self.config = config
        self._bundle = find_bundle(config.model)
        self._follower = Follower(config)
        self._people: PeopleTracker | None = None
        self._stills: tuple[Landmarker, FaceDetector] | None = None
        self._last_stamp_s = -np.inf
        self._frame: Frame | None = None
        self._motions: dict[str, Motion] = {}  # of the newest frame, by identity
        self._open()

    def configure(self, config: Config) -> None:
        self._follower.configure(config, [face.face_id for face in self.faces()])
        self.config = config
        self._configure_people()

    def extract(self, frame: Frame) -> Motion | None:
        if frame.stamp_s < self._last_stamp_s - REWIND_S:
            self.reset()
        if self._people is None and self._stills is None:
            self._open()
        self._last_stamp_s = frame.stamp_s
        if self._stills is not None:
            return self._extract_still(*self._stills, frame)
        assert self._people is not None
        self.complete()
        self._frame, self._motions = frame, {}
        if not self._people.begin(frame.image, self._last_stamp_s, self._follower.followed):
            self.complete()
        followed = self._follower.followed
        return next((self._motion_of(track) for track in self._people.tracks
                     if track.id == followed), None)

    def complete(self) -> None:
        if self._people is None or self._frame is None or not self._people.complete():
            return
        height, width = self._frame.image.shape[:2]
        self._follower.update([VisibleFace(track.id, track.last.centre, track.last.size)
                               for track in self._people.tracks], (width, height),
                              self._frame.stamp_s)

    def faces(self) -> Sequence[Motion]:
        self.complete()
        tracks = self._people.tracks if self._people is not None else []
        motions = map(self._motion_of, tracks)
        return [motion for motion in motions if motion is not None]

    def reset(self) -> None:
        if self._people is not None:
            self._people.reset()
        self._follower.reset()
        self._last_stamp_s, self._frame = -np.inf, None

    def close(self) -> None:
        if self._people is not None:
            self._people.close()
        for graph in self._stills or ():
            graph.close()
        self._people = self._stills = None

    def _open(self) -> None:
        config = self.config
        thresholds = Thresholds(config.min_detection, config.min_presence, config.min_tracking)

        def make_landmarker() -> Landmarker:
            return Landmarker(self._bundle, thresholds, config.stills)
        detector = FaceDetector(self._bundle, config.min_detection)
        if config.stills:
            self._stills = make_landmarker(), detector
        else:
            self._people = PeopleTracker(make_landmarker, detector, config.faces)
            self._configure_people()

    def _configure_people(self) -> None:
        if self._people is not None:
            self._people.look_around_s = self.config.look_around_s
            self._people.remember_s = self.config.remember_s

    def _extract_still(self, landmarker: Landmarker, detector: FaceDetector,
                       frame: Frame) -> Motion | None:
        """The motion of the largest face of a single image."""
        self._frame = frame
        faces = detector.detect(frame.image)
        if len(faces) < 2:
            return self._motion(landmarker.detect(frame.image, 0.0))
        # The detector's boxes are too rough to compare faces far away: their landmarks do.
        results = [find_alone(landmarker, frame.image, 0.0, face, [*faces[:k], *faces[k + 1:]], 1)
                   for k, face in enumerate(faces[:self.config.faces])]
        sizes = [0.0 if (landmarks := landmarks_of(result, frame.image)) is None
                 else face_extent(landmarks[:, :2])[2] for result in results]
        return self._motion(results[int(np.argmax(sizes))])

    def _motion_of(self, track: FaceTrack) -> Motion | None:
        """The motion of a tracked face, made once a frame."""
        if track.id not in self._motions:
            motion = self._motion(track.motion, track.id)
            if motion is None:
                return None
            self._motions[track.id] = motion
        return self._motions[track.id]

    def _motion(self, result: Any, face_id: str = '') -> Motion | None:
        """The motion of a result for the newest frame, None without a face."""
        assert self._frame is not None
        image, stamp_s = self._frame.image, self._frame.stamp_s
        landmarks = landmarks_of(result, image)
        if landmarks is None:
            return None
        size = (image.shape[1], image.shape[0])
        pose = np.asarray(result.facial_transformation_matrixes[0], float)
        inside = (landmarks[:, :2] >= 0).all(1) & (landmarks[:, :2] <= size).all(1)
        return Motion(
            model='mediapipe', stamp_s=stamp_s, landmarks=landmarks, image_size=size,
            rotation=pose[:3, :3], translation=pose[:3, 3] / 100.0,
            expression={b.category_name: float(b.score) for b in result.face_blendshapes[0]},
            # The tracker gives no score: the share of landmarks inside the image stands in for it.
            confidence=float(inside.mean()), face_id=face_id)


PLUGIN = MediaPipe
