"""Features for Fréchet distances without an Inception or I3D network.

FID and FVD are Fréchet distances between features of these two networks, which can only be
downloaded. Any function with the signature of `Features` can be named on the command line (see
user_metric.py). The defaults are plain image statistics: they are sensitive to blur, noise, wrong
colours and contrast, flicker and too little motion, but not to the quality of a face. Their
distances are neither FID nor FVD.
"""
from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from ros_animate.evaluation.animation.distances import Frames
from ros_animate.types import Array

SIDES = (64, 32, 16)  # of the image pyramid, in pixels
CELLS = 2  # along each side
DIRECTIONS_RAD = np.radians([0.0, 60.0, 120.0])
WINDOW, STRIDE = 16, 4  # frames
_FLOOR = 2e-3  # contrast below this share of white counts as none


class Features(Protocol):
    """A function from frames (T, S, S, 3) of one clip to N rows of features (N, F)."""

    def __call__(self, frames: Frames) -> Array: ...


def image_statistics(frames: Frames) -> Array:
    """One row for each frame, (T, 42): contrast by scale, cell and direction; colours.

    log rms (g . u) over a cell, for the gradient g of the brightness at each scale and unit
    vectors u in three directions; mean and standard deviation of each channel of CIE Lab / 100.
    """
    return np.array([_frame_statistics(frame) for frame in frames]).reshape(len(frames), -1)


def video_statistics(frames: Frames) -> Array:
    """One row for each window of 16 frames, every fourth, (N, 24): change by scale and cell.

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


def _frame_statistics(frame: np.ndarray) -> Array:
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
