"""The square that an animation model sees: around a face, found in the tracker's landmarks.

Pixel coordinates have the centre of the first pixel at (0, 0), as OpenCV has them.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.face.face_mesh import FACE_OVAL, LEFT_BROW, LIPS_OUTER, RIGHT_BROW
from ros_animate.types import Array, Image

# Corners and middles of the lids, corners of the mouth: the axis of a face.
_EYES = (33, 145, 133, 159, 263, 374, 362, 386)
_MOUTH = (LIPS_OUTER[0], LIPS_OUTER[10])
_BELOW_BROWS = (*FACE_OVAL[7:30], *RIGHT_BROW, *LEFT_BROW)
_FEATHER = 1 / 32  # width of a pasted picture's soft edge, of its side


@dataclass(frozen=True)
class Box:
    """A square in a picture.

    Attributes:
        centre: (2,) pixels.
        size: Side in pixels.
        angle_rad: Of its lower edge to the picture's; positive turns clockwise as seen.
    """

    centre: Array
    size: float
    angle_rad: float = 0.0

    def corners(self) -> Array:
        """(4, 2): from the upper left one clockwise, as seen in the box."""
        half = self.size / 2 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        return half @ _rotation(self.angle_rad).T + self.centre


@dataclass(frozen=True)
class Framing:
    """How a family of models wants a face in its square.

    Attributes:
        points: Indices of the landmarks that the square encloses.
        scale: Side of the square, of the larger side of the points' own box.
        down: How far its centre is moved towards the chin, of its side.
        upright: The square turns with the face, so that the face is upright in it.
    """

    points: tuple[int, ...]
    scale: float
    down: float = 0.0
    upright: bool = False

    def box(self, landmarks: Array) -> Box:
        """The square around (478, 3) landmarks in pixels."""
        flat = landmarks[:, :2]
        axis = flat[list(_EYES)].mean(0), flat[list(_MOUTH)].mean(0)
        return enclosing_box(flat[list(self.points)], *axis, scale=self.scale, down=self.down)


# LivePortrait's, whose landmarks end at the brows. The other families see VoxCeleb's squares: 1.2
# times the box around a face's whole way through a clip, which is 1.1 to 1.2 times one face's.
PORTRAIT_SOURCE = Framing(_BELOW_BROWS, 2.3, -0.125, upright=True)
PORTRAIT_DRIVING = Framing(_BELOW_BROWS, 2.2, -0.1)
TIGHT = Framing(FACE_OVAL, 1.35)


def enclosing_box(points: Array, eyes: Array, mouth: Array, *, scale: float,
                  down: float = 0.0) -> Box:
    """The square around (N, 2) points whose sides are parallel to the face's axis.

    Args:
        points: What it encloses.
        eyes: (2,) middle of the eyes.
        mouth: (2,) middle of the mouth.
        scale: Enlarges it.
        down: Moves it along the axis, from eyes to mouth, by this part of its side.
    """
    axis = np.asarray(mouth, np.float64) - eyes
    length = float(np.linalg.norm(axis))
    y = axis / length if length > 1e-3 else np.array([0.0, 1.0])
    axes = np.array([(y[1], -y[0]), y])
    middle = points.mean(0)
    local = (points - middle) @ axes.T
    low, high = local.min(0), local.max(0)
    size = float((high - low).max()) * scale
    centre = middle + ((low + high) / 2 + (0.0, down * size)) @ axes
    return Box(centre, size, math.atan2(axes[0, 1], axes[0, 0]))


@dataclass(frozen=True)
class Crop:
    """The way into the square and back.

    Attributes:
        matrix: (3, 3) from pixels of the picture to pixels of the square.
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
    def middle(cls, image: Image, size: int) -> Crop:
        """The largest square in the middle of the picture."""
        height, width = image.shape[:2]
        side = min(height, width)
        scale = size / side
        corner = np.array([width - side, height - side]) // 2
        matrix = np.diag([scale, scale, 1.0])
        # Pixel corners fall on pixel corners, not centres on centres.
        matrix[:2, 2] = -scale * corner + (scale - 1) / 2
        return cls(matrix, size)

    def take(self, image: Image) -> Image:
        """(size, size, 3) of a (H, W, 3) picture; black where the square leaves the picture."""
        # A square much smaller than its part of the picture would alias: average first.
        shrink = 1 / float(np.linalg.norm(self.matrix[0, :2]))
        matrix = self.matrix
        if shrink > 2:
            factor = int(shrink)
            height, width = (max(1, n // factor) for n in image.shape[:2])
            ratio = np.array([width / image.shape[1], height / image.shape[0]])
            image = _resize(image, width, height)
            back = np.diag([*(1 / ratio), 1.0])
            back[:2, 2] = (1 / ratio - 1) / 2
            matrix = matrix @ back
        return _warp(image, matrix[:2], self.size, self.size)

    def points(self, points: Array) -> Array:
        """(N, 2) points of the picture in the square."""
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
        # Beyond a soft edge the picture goes on, or else it would darken where it is blended.
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
            new = _warp(square, back, width, height, border)
            part[:] = weight * new + (1 - weight) * part
        return result


def _extent(back: Array, size: int, image: Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what a square of `size` covers of the picture."""
    corners = np.array([(x, y, 1.0) for x in (-1, size) for y in (-1, size)]) @ back.T
    height, width = image.shape[:2]
    low = np.clip(np.floor(corners.min(0)), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 1, 0, (width, height)).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


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


class SteadyCrop:
    """A square that follows a face slowly, so that the face's own motion stays visible in it.

    Follows with a time constant; jumps if the face is elsewhere, e.g. another person's.
    """

    def __init__(self, framing: Framing, size: int, settle_s: float) -> None:
        self._framing, self._size, self._settle_s = framing, size, settle_s
        self._box: Box | None = None
        self._stamp_s = 0.0
        self._fixed = False

    def reset(self) -> None:
        """Forgets the face, and a fixed square."""
        self._box, self._fixed = None, False

    def fix(self, box: Box) -> None:
        """Stays at `box` from now on (a clip's mean, known in advance)."""
        self._box, self._fixed = box, True

    def update(self, landmarks: Array, stamp_s: float) -> Crop:
        """The crop for a frame with these (478, 3) landmarks."""
        box = self._framing.box(landmarks)
        if self._box is None or (not self._fixed and _elsewhere(self._box, box)):
            self._box = box
        elif not self._fixed:
            weight = 1 - math.exp(-max(0.0, stamp_s - self._stamp_s) / self._settle_s)
            self._box = _between(self._box, box, weight)
        self._stamp_s = stamp_s
        return Crop.of(self._box, self._size, self._framing.upright)


def common_box(boxes: list[Box]) -> Box | None:
    """The mean of several boxes, not turned; None if they are not of one face in one place."""
    mean = Box(np.mean([b.centre for b in boxes], axis=0), float(np.mean([b.size for b in boxes])))
    return None if any(_elsewhere(mean, box) for box in boxes) else mean


def _between(old: Box, new: Box, weight: float) -> Box:
    turn = math.remainder(new.angle_rad - old.angle_rad, 2 * math.pi)
    return Box(old.centre + weight * (new.centre - old.centre),
               old.size + weight * (new.size - old.size), old.angle_rad + weight * turn)


def _elsewhere(old: Box, new: Box) -> bool:
    moved = float(np.linalg.norm(new.centre - old.centre))
    return moved > old.size / 2 or not 0.5 < new.size / old.size < 2


def _warp(image: Image, matrix: Array, width: int, height: int,
          border: int = cv2.BORDER_CONSTANT) -> Image:
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=border), np.uint8)


def _resize(image: Image, width: int, height: int) -> Image:
    """Every new pixel is the mean of what it covers."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _rotation(angle_rad: float) -> Array:
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([(cos, -sin), (sin, cos)])
