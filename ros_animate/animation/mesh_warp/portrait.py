"""The part of a portrait that is animated: a square around the head."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.face.crop import Crop
from ros_animate.types import Array, Image


@dataclass(frozen=True)
class Portrait:
    """A square image with the landmarks of the face in it.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        landmarks: (478, 3) in its pixels, counted from the centre of the first.
    """

    image: Image
    landmarks: Array

    @classmethod
    def cut(cls, image: Image, landmarks: Array, size: int, margin: float) -> Portrait:
        """Cuts a square of `margin` face heights around the face and scales it to `size` pixels.

        The square stays inside the image; where the image is too small for that, the square
        shrinks, and only where it would cut the face, the image is continued by its edge.

        Args:
            image: (H, W, 3) uint8.
            landmarks: (478, 3) pixels of `image`, counted from its top left corner, as trackers do.
            size: Side of the result in pixels.
            margin: Side of the square in face heights; 0 takes the whole image.
        """
        corner, side = _square(landmarks[:, :2], (image.shape[1], image.shape[0]), margin)
        crop = Crop.at(corner, side, size)
        moved = (landmarks - (*corner, 0.0)) * (size / side) - (0.5, 0.5, 0.0)
        return cls(crop.take_cubic(image), moved)


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
