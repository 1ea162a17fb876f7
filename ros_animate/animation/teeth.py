"""A set of teeth: painted once, placed in the head, seen in perspective."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.motion.head_pose import HeadPose
from ros_animate.types import Array

_WIDTH, _HEIGHT = 384, 64
_COLUMNS = np.linspace(-1.0, 1.0, 25)
# Widths from the middle outwards (incisors, canine, premolars) as seen along the arch, and how
# long each tooth is.
_UPPER = ((0.23, 1.0), (0.175, 0.9), (0.19, 0.98), (0.16, 0.85), (0.14, 0.8), (0.12, 0.75))
_LOWER = ((0.15, 0.85), (0.16, 0.88), (0.18, 1.0), (0.18, 0.9), (0.18, 0.85), (0.15, 0.8))


def paint(upper: bool) -> Array:
    """(64, 384, 4) float32: brightness, redness (gum) and coverage of a row, gum above.

    Returns:
        Channels: 0 brightness of the enamel (0 to 1), 1 share of gum, 2 coverage.
    """
    picture = np.zeros((_HEIGHT, _WIDTH, 3), np.float32)
    x = np.linspace(-1, 1, _WIDTH)[None, :]
    y = np.linspace(0, 1, _HEIGHT)[:, None]
    for side in (-1, 1):
        at = 0.0
        for width, length in (_UPPER if upper else _LOWER):
            centre, half = side * (at + 0.5 * width), 0.5 * width
            at += width
            across = np.abs(x - centre) / half
            # Rounded biting edge, soft gaps between the teeth.
            end = length - 0.1 * np.maximum(across, 0.0) ** 4
            coverage = _step((end - y) * 14.0) * _step((1.04 - across) * 7.0)
            shade = (1.0 - 0.22 * across**4) * (0.86 + 0.14 * np.sqrt(np.clip(y / length, 0, 1)))
            better = coverage > picture[..., 2]
            picture[..., 0] = np.where(better, shade, picture[..., 0])
            picture[..., 2] = np.where(better, coverage, picture[..., 2])
    scallop = 0.2 + 0.05 * np.cos(x * 30.0)
    picture[..., 1] = _step((scallop - y) * 16.0)
    return picture


def _step(values: Array) -> Array:
    return np.clip(values + 0.5, 0.0, 1.0)


@dataclass(frozen=True)
class Arch:
    """The front of one row of teeth in head coordinates (cm).

    Attributes:
        edge: (3,) biting edge of the middle of the row.
        half_width: Of the row.
        depth: How far the last tooth lies behind the first.
        height: From the gum to the biting edge; negative for the lower row.
    """

    edge: Array
    half_width: float
    depth: float
    height: float

    def placed(self, pose: HeadPose) -> tuple[Array, Array]:
        """(25, 2) pixels of the gum line and of the biting edge, person's right to left."""
        edge = np.stack([self.half_width * np.sin(_COLUMNS * 1.25) / np.sin(1.25),
                         0.12 * _COLUMNS**2 * np.sign(self.height),
                         -self.depth * _COLUMNS**2], axis=1) + self.edge
        gum = edge + (0.0, self.height, 0.0)
        return pose.project(gum)[:, :2], pose.project(edge)[:, :2]


def look_up(gum: Array, edge: Array, along: Array, down: Array) -> Array:
    """Where pixels lie in the painted row: (h, w, 2) pixels of the painting.

    Args:
        gum: (25, 2) positions (along, down) of the gum line in a frame along the mouth.
        edge: (25, 2) of the biting edge.
        along: (h, w) position of each pixel along the mouth.
        down: (h, w) position across it.
    """
    order = np.maximum.accumulate(0.5 * (gum[:, 0] + edge[:, 0]))
    column = np.interp(along, order, _COLUMNS, left=-1.2, right=1.2)
    top = np.interp(column, _COLUMNS, gum[:, 1])
    bottom = np.interp(column, _COLUMNS, edge[:, 1])
    row = (down - top) / np.where(np.abs(bottom - top) < 1e-3, 1e-3, bottom - top)
    return np.stack([(column + 1.0) * 0.5 * (_WIDTH - 1), row * (_HEIGHT - 1)],
                    axis=-1).astype(np.float32)


def sample(painting: Array, places: Array) -> Array:
    """(h, w, 3) of `painting` at (h, w, 2) places; nothing beyond it."""
    return cv2.remap(painting, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
