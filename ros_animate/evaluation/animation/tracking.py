"""The independent detector of the measures: the face tracker, with which no animator is trained.

It looks at every frame on its own: frames are shown as if they were half a second apart, so that
its smoothing over time has no effect and jitter is measured.
"""
from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ros_animate import plugins
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.fidelity import Track, track
from ros_animate.types import Frame

TRACKED_PX = 320  # smaller frames are enlarged to this side: the tracker hardly finds small faces
_FRAME_S = 0.5
_OPTIONS = {'look_around_s': 1e6}  # one face in each clip


class FaceTracker:
    """Tracks the face in clips; a context manager."""

    def __init__(self) -> None:
        self._extractor = plugins.load('motion', 'mediapipe', _OPTIONS)

    def __enter__(self) -> FaceTracker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases the tracker."""
        self._extractor.close()

    def track(self, frames: Frames) -> Track:
        """The face in every frame of one clip (T, S, S, 3); landmarks in pixels of the frames.

        Equal successive frames are tracked once, so that a static image has a static face.
        """
        self._extractor.reset()
        firsts = [0, *(t for t in range(1, len(frames))
                       if not np.array_equal(frames[t], frames[t - 1]))]
        found = track(_enlarged(frames[firsts]), self._extractor)
        of = np.repeat(np.arange(len(firsts)), np.diff([*firsts, len(frames)])) + 1
        scale = frames.shape[1] / max(TRACKED_PX, frames.shape[1])
        return Track(found.names, found.expression[of], found.angles_deg[of],
                     found.landmarks[of] * scale)


def _enlarged(frames: Frames) -> Iterator[Frame]:
    """Frames for the tracker; the first frame twice, as it looks twice at faces that it follows."""
    side = max(TRACKED_PX, frames.shape[1])
    for index, image in enumerate([frames[0], *frames]):
        if len(image) != side:
            image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC),
                               np.uint8)
        yield Frame(image, _FRAME_S * index)
