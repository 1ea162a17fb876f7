"""Square crops of images: geometry, resampling, and pasting back.

Pixel coordinates have the centre of the first pixel at (0, 0), as OpenCV has them.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.types import Array, Image

_FEATHER = 1 / 32  # width of the soft edge of a pasted square, in sides of the square


@dataclass(frozen=True)
class Box:
    """A square in an image.

    Attributes:
        centre: (2,) pixels.
        size: Side in pixels.
        angle_rad: Angle of its lower edge to that of the image; positive turns clockwise as seen.
    """

    centre: Array
    size: float
    angle_rad: float = 0.0

    def corners(self) -> Array:
        """(4, 2): from the upper left one clockwise, as seen in the box."""
        half = self.size / 2 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        return half @ _rotation(self.angle_rad).T + self.centre


@dataclass(frozen=True)
class Crop:
    """The similarity transform from an image into a square, and back.

    Attributes:
        matrix: (3, 3) from pixels of the image to pixels of the square.
        size: Side of the square in pixels.
    """

    matrix: Array
    size: int

    @classmethod
    def of(cls, box: Box, size: int, upright: bool = True) -> Crop:
        """The crop of `box` (without `upright`: not turned, about the same centre)."""
        turn = _rotation(-box.angle_rad if upright else 0.0) * (size / max(box.size, 1e-6))
        matrix = np.eye(3)
        matrix[:2, :2] = turn
        matrix[:2, 2] = size / 2 - turn @ box.centre
        return cls(matrix, size)

    @classmethod
    def at(cls, corner: Array, side: float, size: int) -> Crop:
        """The crop of an upright square.

        Args:
            corner: (2,) its top left corner, counted from the corner of the first pixel.
            side: Side in pixels of the image.
            size: Side in pixels of the result.
        """
        scale = size / side
        matrix = np.diag([scale, scale, 1.0])
        # Pixel corners fall on pixel corners, not centres on centres.
        matrix[:2, 2] = -scale * corner + (scale - 1) / 2
        return cls(matrix, size)

    @classmethod
    def middle(cls, image: Image, size: int) -> Crop:
        """The crop of the largest square in the middle of the image."""
        height, width = image.shape[:2]
        side = min(height, width)
        return cls.at(np.array([width - side, height - side]) // 2, side, size)

    def take(self, image: Image) -> Image:
        """(size, size, 3) of a (H, W, 3) image; black where the square leaves the image."""
        # A square much smaller than its part of the image would alias: average first.
        reduction = 1 / float(np.linalg.norm(self.matrix[0, :2]))
        matrix = self.matrix
        if reduction > 2:
            factor = int(reduction)
            height, width = (max(1, n // factor) for n in image.shape[:2])
            image, matrix = _reduced(image, matrix, width, height)
        return _warp(image, matrix[:2], self.size, self.size)

    def take_cubic(self, image: Image) -> Image:
        """(size, size, 3) by cubic interpolation; beyond the image its edge is repeated."""
        scale = float(np.linalg.norm(self.matrix[0, :2]))
        matrix = self.matrix
        if scale < 1.0:  # cubic interpolation alone would skip pixels
            height, width = (max(round(n * scale), 1) for n in image.shape[:2])
            image, matrix = _reduced(image, matrix, width, height)
        return _warp(image, matrix[:2], self.size, self.size, cv2.BORDER_REPLICATE,
                     cv2.INTER_CUBIC)

    def points(self, points: Array) -> Array:
        """(N, 2) points of the image in the square."""
        return points @ self.matrix[:2, :2].T + self.matrix[:2, 2]

    def paste(self, image: Image, square: Image, mask: Image | None = None) -> Image:
        """`image` with the (S, S, 3) `square` put back into its place.

        Args:
            image: (H, W, 3).
            square: Any size; it covers what the crop took.
            mask: (S, S) or (S, S, 3) uint8, 255 where the square counts; None: all of it, with a
                soft edge.
        """
        size = len(square)
        # Beyond a soft edge the square goes on, or else it would darken where it is blended.
        border = cv2.BORDER_REPLICATE if mask is None else cv2.BORDER_CONSTANT
        mask = soft_square(size) if mask is None else mask
        back = np.linalg.inv(np.diag([size / self.size, size / self.size, 1.0]) @ self.matrix)[:2]
        left, top, right, bottom = _extent(back, size, image)
        back[:, 2] -= left, top
        result = image.copy()
        part = result[top:bottom, left:right]
        if part.size:
            height, width = part.shape[:2]
            weight = np.atleast_3d(_warp(mask, back, width, height)).astype(np.float32) / 255
            pasted = _warp(square, back, width, height, border)
            part[:] = weight * pasted + (1 - weight) * part
        return result


def centre_crop(image: Image, size: int, view: float = 1.0) -> Image:
    """The middle of an image as policies observe it: (size, size, 3).

    Args:
        image: (H, W, 3).
        size: Side of the result in pixels.
        view: Part of the largest middle square that is taken.
    """
    height, width = image.shape[:2]
    side = max(1, round(view * min(height, width)))
    top, left = (height - side) // 2, (width - side) // 2
    middle = image[top:top + side, left:left + side]
    if side == size:
        return middle
    interpolation = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(middle, (size, size), interpolation=interpolation), np.uint8)


def limit_size(image: Image, longest: int = 1280) -> Image:
    """At most `longest` pixels a side, and an even number of them (as videos need)."""
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale < 1:
        width, height = max(1, int(width * scale)), max(1, int(height * scale))
        image = _resize(image, width, height)
    return image[:max(1, height - height % 2), :max(1, width - width % 2)]


def soft_square(size: int) -> Image:
    """(size, size) uint8 mask: 255, falling linearly to 0 near the edges, with round corners."""
    feather = size * _FEATHER
    position = np.arange(size, dtype=np.float64)
    outside = np.maximum(0, feather - np.minimum(position, size - position))
    distance = np.hypot(outside[:, None], outside[None, :])
    return (255 * np.clip(1 - distance / feather, 0, 1)).astype(np.uint8)


def _extent(back: Array, size: int, image: Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of an image that a square of `size` covers."""
    corners = np.array([(x, y, 1.0) for x in (-1, size) for y in (-1, size)]) @ back.T
    height, width = image.shape[:2]
    low = np.clip(np.floor(corners.min(0)), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 1, 0, (width, height)).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _reduced(image: Image, matrix: Array, width: int, height: int) -> tuple[Image, Array]:
    """A smaller copy of the image, and the (3, 3) matrix that takes its pixels to the square."""
    ratio = np.array([width / image.shape[1], height / image.shape[0]])
    back = np.diag([*(1 / ratio), 1.0])
    back[:2, 2] = (1 / ratio - 1) / 2
    return _resize(image, width, height), matrix @ back


def _warp(image: Image, matrix: Array, width: int, height: int,
          border: int = cv2.BORDER_CONSTANT, interpolation: int = cv2.INTER_LINEAR) -> Image:
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=interpolation,
                                     borderMode=border), np.uint8)


def _resize(image: Image, width: int, height: int) -> Image:
    """A smaller image: each pixel is the mean of the pixels that it covers."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _rotation(angle_rad: float) -> Array:
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([(cos, -sin), (sin, cos)])
