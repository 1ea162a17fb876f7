"""Search for the face in a single image, however small it is there."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

import cv2
import numpy as np

from ros_animate import plugins
from ros_animate.types import Array, Frame, Image, Motion

# Pixels of the image that the tracker is given: of its smaller side at least (if the larger
# allows) and of its larger side at most.
_TRACKED_PX = (320, 1280)
# Sides of the squares that are searched, in smaller sides of the image, and the longest row.
_SQUARES, _LONGEST_ROW = (1.0, 0.5), 12


class Tracker(Protocol):
    """An extractor of landmarks from single images: the plug-in `mediapipe` with `stills`."""

    def extract(self, frame: Frame) -> Motion | None:
        """The motion of the largest face in a frame, None if there is no face."""

    def close(self) -> None:
        """Releases its resources."""


def open_tracker() -> Tracker:
    """A tracker for single images, to be given to `find_face` several times; to be closed."""
    tracker: Tracker = plugins.load('motion', 'mediapipe', {'stills': True})
    return tracker


def find_face(image: Image, search_squares: bool = True,
              tracker: Tracker | None = None) -> Array | None:
    """(478, 3) landmarks of a face in pixels of the image; None if there is no face.

    The tracker finds only faces that fill a fair part of an image. If it finds none in the whole,
    overlapping squares of it are searched, large ones first; the largest face in them counts.

    Args:
        image: (H, W, 3) uint8 RGB.
        search_squares: True if squares are searched too; else only large faces are found.
        tracker: Result of `open_tracker`; None to open one for this image.
    """
    if tracker is None:
        with contextlib.closing(open_tracker()) as own:
            return find_face(image, search_squares, own)
    landmarks = _track(tracker, image)
    if landmarks is not None:
        return landmarks
    for share in _SQUARES if search_squares else ():
        found = [landmarks for square in _squares(image.shape[:2], share)
                 if (landmarks := _track_in(tracker, image, *square)) is not None]
        if found:
            return max(found, key=lambda face: float(np.ptp(face[:, :2], axis=0).prod()))
    return None


def _squares(shape: tuple[int, ...], share: float) -> Iterator[tuple[int, int, int]]:
    """Top, left and side of squares that overlap by half; none where the image is the square."""
    side = max(round(share * min(shape)), 1)
    rows, columns = (min(1 + int(np.ceil((n - side) / (0.5 * side))), _LONGEST_ROW) for n in shape)
    if side < 24 or rows * columns == 1:
        return
    for top in np.linspace(0, shape[0] - side, rows).astype(int):
        for left in np.linspace(0, shape[1] - side, columns).astype(int):
            yield int(top), int(left), side


def _track_in(tracker: Tracker, image: Image, top: int, left: int, side: int) -> Array | None:
    landmarks = _track(tracker, image[top:top + side, left:left + side])
    return None if landmarks is None else landmarks + (left, top, 0.0)


def _track(tracker: Tracker, image: Image) -> Array | None:
    least, most = _TRACKED_PX
    scale = min(max(1.0, least / min(image.shape[:2])), most / max(image.shape[:2]))
    interpolation = cv2.INTER_CUBIC if scale > 1.0 else cv2.INTER_AREA
    size = [max(1, round(n * scale)) for n in image.shape[1::-1]]
    resized = np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)
    motion = tracker.extract(Frame(resized, 0.0))
    if motion is None or motion.landmarks is None:
        return None
    factors = np.divide(image.shape[1::-1], size)
    return motion.landmarks * (*factors, factors.mean())
