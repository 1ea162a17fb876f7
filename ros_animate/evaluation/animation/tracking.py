"""The external detector: the face tracker, which no animation model is trained with.

It sees every frame by itself: frames are shown as if they were half a second apart, over which its
smoothing has faded, so that a jittering face is seen to jitter.
"""
from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ros_animate import plugins
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.fidelity import Track, track
from ros_animate.types import Frame

SEEN_PX = 320  # frames are enlarged to this side: the tracker hardly finds faces in small ones
_FRAME_S = 0.5
_OPTIONS = {'look_around_s': 1e6}  # one face in each clip


class Watcher:
    """Finds the face in clips; a context manager."""

    def __init__(self) -> None:
        self._extractor = plugins.load('motion', 'mediapipe', _OPTIONS)

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._extractor.close()

    def watch(self, frames: Frames) -> Track:
        """The face in every frame of one clip (T, S, S, 3); landmarks in pixels of the frames.

        Frames that are alike are seen once, so that a still picture shows a still face.
        """
        self._extractor.reset()
        firsts = [0, *(t for t in range(1, len(frames))
                       if not np.array_equal(frames[t], frames[t - 1]))]
        seen = track(_shown(frames[firsts]), self._extractor)
        of = np.repeat(np.arange(len(firsts)), np.diff([*firsts, len(frames)])) + 1
        scale = frames.shape[1] / max(SEEN_PX, frames.shape[1])
        return Track(seen.names, seen.expression[of], seen.angles_deg[of],
                     seen.landmarks[of] * scale)


def _shown(frames: Frames) -> Iterator[Frame]:
    """What the tracker is shown; the first frame twice, as it looks at faces it follows twice."""
    side = max(SEEN_PX, frames.shape[1])
    for index, image in enumerate([frames[0], *frames]):
        if len(image) != side:
            image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC),
                               np.uint8)
        yield Frame(image, _FRAME_S * index)
