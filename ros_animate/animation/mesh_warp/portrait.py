"""The part of a portrait that is animated: a square around the head."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.types import Array, Image


@dataclass(frozen=True)
class Portrait:
    """A square picture with the landmarks of the face in it.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        landmarks: (478, 3) in its pixels, counted from the centre of the first.
    """

    image: Image
    landmarks: Array

    @classmethod
    def cut(cls, image: Image, landmarks: Array, size: int, margin: float) -> Portrait:
        """Cuts a square of `margin` face heights around the face and scales it to `size` pixels.

        The square stays inside the picture; where the picture is too small for that, the square
        shrinks, and only where it would cut the face, the picture is continued by its edge.

        Args:
            image: (H, W, 3) uint8.
            landmarks: (478, 3) pixels of `image`, counted from its top left corner, as trackers do.
            size: Of the result in pixels.
            margin: Side of the square in face heights; 0 takes all of the picture.
        """
        corner, side = _square(landmarks[:, :2], (image.shape[1], image.shape[0]), margin)
        scale = size / side
        shift = (0.5 - corner) * scale - 0.5
        matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
        if scale < 1.0:
            # Area averaging first: a warp alone would skip pixels.
            image, matrix = _halved(image, matrix)
        cut = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC,
                             borderMode=cv2.BORDER_REPLICATE)
        moved = (landmarks - (*corner, 0.0)) * scale - (0.5, 0.5, 0.0)
        return cls(cut, moved)


def _square(points: Array, size: tuple[int, int], margin: float) -> tuple[Array, float]:
    """Top left corner and side of the square, pixels."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle = 0.5 * (low + high)
    face = float((high - low).max())
    if margin == 0.0:
        return np.array(size) / 2 - max(size) / 2, float(max(size))
    side = max(min(margin * face, *size), 1.2 * face)
    # More room above, for forehead and hair, than below.
    corner = middle - (0.5 * side, 0.5 * side + 0.06 * face)
    room = np.array(size) - side
    return np.where(room > 0, np.clip(corner, 0, np.maximum(room, 0)), room / 2), side


def _halved(image: Image, matrix: Array) -> tuple[Image, Array]:
    scale = matrix[0, 0]
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    factor = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
    # Pixel centres: x' + 0.5 = factor * (x + 0.5).
    linear = matrix[:, :2] / factor
    offset = matrix[:, 2] - 0.5 * matrix[:, :2].sum(axis=1) + 0.5 * linear.sum(axis=1)
    return smaller, np.column_stack([linear, offset])
