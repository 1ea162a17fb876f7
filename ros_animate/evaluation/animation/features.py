"""What Fréchet distances are taken between, where no Inception or I3D network is at hand.

FID and FVD are these distances between features of two networks that can only be downloaded.
Anything callable as `Features` can be named on the command line (see chosen.py). The defaults are
plain statistics of pictures: they see blur, noise, wrong colours and contrast, flicker and too
little motion. They do not see whether a face is a good one. Their distances are no FID and no FVD.
"""
from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from ros_animate.evaluation.animation.distances import Frames
from ros_animate.types import Array

SIDES = (64, 32, 16)  # pixels, of the pyramid
CELLS = 2  # along each side
DIRECTIONS_RAD = np.radians([0.0, 60.0, 120.0])
WINDOW, STRIDE = 16, 4  # frames
_FLOOR = 2e-3  # of white, contrast that counts as none


class Features(Protocol):
    """Frames (T, S, S, 3) of one clip to rows (N, F) of features, N of any number."""

    def __call__(self, frames: Frames) -> Array: ...


def picture_statistics(frames: Frames) -> Array:
    """One row for each frame, (T, 42): contrast by scale, place and direction; colours.

    log rms (g . u) over a cell, for the gradient g of the brightness at each scale and unit
    vectors u in three directions; mean and standard deviation of each channel of CIE Lab / 100.
    """
    return np.array([_picture(frame) for frame in frames]).reshape(len(frames), -1)


def video_statistics(frames: Frames) -> Array:
    """One row for each window of 16 frames, every fourth, (N, 24): change by scale and place.

    Mean and standard deviation over the window of log rms |x(t + 1) - x(t)| over a cell, of the
    brightness at each scale. No row for a clip shorter than the window.
    """
    pyramids = [_pyramid(frame) for frame in frames]
    change = np.array([np.concatenate([_energies(b - a) for a, b in zip(*pair, strict=True)])
                       for pair in zip(pyramids, pyramids[1:])])
    windows = [change[start:start + WINDOW - 1]
               for start in range(0, len(frames) - WINDOW + 1, STRIDE)]
    rows = [np.concatenate([w.mean(axis=0), w.std(axis=0)]) for w in windows]
    return np.array(rows).reshape(len(rows), 2 * len(SIDES) * CELLS ** 2)


def _picture(frame: np.ndarray) -> Array:
    parts = []
    for level in _pyramid(frame):
        down, right = np.gradient(level)
        parts += [_energies(right * np.cos(angle) + down * np.sin(angle))
                  for angle in DIRECTIONS_RAD]
    small = cv2.resize(frame, (SIDES[0], SIDES[0]), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3) / 100
    return np.concatenate([*parts, lab.mean(axis=0), lab.std(axis=0)])


def _pyramid(frame: np.ndarray) -> list[Array]:
    """The brightness in [0, 1] at each of SIDES."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return [np.asarray(cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA), float)
            for side in SIDES]


def _energies(values: Array) -> Array:
    """Log rms of (S, S) in each of the cells, (4,)."""
    half = len(values) // CELLS
    cells = values.reshape(CELLS, half, CELLS, half)
    return np.log(np.sqrt((cells ** 2).mean(axis=(1, 3))) + _FLOOR).ravel()
