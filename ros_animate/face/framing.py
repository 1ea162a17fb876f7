"""Framing of faces: the square around a face that a family of models was trained with."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ros_animate.face.crop import Box, Crop
from ros_animate.face.face_mesh import FACE_OVAL, LEFT_BROW, LIPS_OUTER, RIGHT_BROW
from ros_animate.types import Array

# Corners and middles of the lids, corners of the mouth: the axis of a face.
_EYES = (33, 145, 133, 159, 263, 374, 362, 386)
_MOUTH = (LIPS_OUTER[0], LIPS_OUTER[10])
_BELOW_BROWS = (*FACE_OVAL[7:30], *RIGHT_BROW, *LEFT_BROW)


@dataclass(frozen=True)
class Framing:
    """The square around a face that a family of models expects.

    Attributes:
        points: Indices of the landmarks that the square encloses.
        scale: Side of the square, relative to the larger side of the points' bounding box.
        down: Shift of its centre towards the chin, in sides of the square.
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


# LivePortrait's, whose landmarks end at the brows. The other families expect VoxCeleb's squares:
# 1.2 times the box around a face's whole way through a clip, which is 1.1 to 1.2 times one face's.
PORTRAIT_SOURCE = Framing(_BELOW_BROWS, 2.3, -0.125, upright=True)
PORTRAIT_DRIVING = Framing(_BELOW_BROWS, 2.2, -0.1)
TIGHT = Framing(FACE_OVAL, 1.35)


def enclosing_box(points: Array, eyes: Array, mouth: Array, *, scale: float,
                  down: float = 0.0) -> Box:
    """The square around (N, 2) points whose sides are parallel to the face's axis.

    Args:
        points: Points that the square encloses.
        eyes: (2,) middle of the eyes.
        mouth: (2,) middle of the mouth.
        scale: Enlargement of the square.
        down: Shift along the axis, from eyes to mouth, in sides of the square.
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


class SteadyCrop:
    """A crop that follows a face slowly, so that the face's own motion stays visible in it.

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


def mean_box(boxes: list[Box]) -> Box:
    """The mean of several boxes, not turned."""
    return Box(np.mean([b.centre for b in boxes], axis=0), float(np.mean([b.size for b in boxes])))


def common_box(boxes: list[Box]) -> Box | None:
    """The mean of several boxes, not turned; None if they are not of one face in one place."""
    mean = mean_box(boxes)
    return None if any(_elsewhere(mean, box) for box in boxes) else mean


def _between(start: Box, end: Box, weight: float) -> Box:
    turn = math.remainder(end.angle_rad - start.angle_rad, 2 * math.pi)
    return Box(start.centre + weight * (end.centre - start.centre),
               start.size + weight * (end.size - start.size), start.angle_rad + weight * turn)


def _elsewhere(expected: Box, found: Box) -> bool:
    moved = float(np.linalg.norm(found.centre - expected.centre))
    return moved > expected.size / 2 or not 0.5 < found.size / expected.size < 2
