"""Guides of the warp-guided generator: masks drawn from landmarks, the motion, and the gate."""
from __future__ import annotations

import functools

import cv2
import numpy as np

from ros_animate.face import face_mesh
from ros_animate.networks.warp_guided import GUIDE_CHANNELS, GUIDE_STEP, MASK_CHANNELS
from ros_animate.types import Array, Image

# Contours of the masks: face, lips, mouth's opening, eyes, irises.
_MASKS = ((face_mesh.FACE_OVAL,), (face_mesh.LIPS_OUTER,), (face_mesh.LIPS_INNER,),
          (face_mesh.RIGHT_EYE, face_mesh.LEFT_EYE),
          (face_mesh.RIGHT_IRIS[1:], face_mesh.LEFT_IRIS[1:]))
_IRISES = len(_MASKS) - 1
_SUBPIXEL_BITS = 4
_MOTION_UNIT = 1 / 16  # of the image's side: a motion of 1 in the guides
_GATE_CELLS = 16
# Motion of landmarks in face heights: up to the first nothing changes, from the second on the
# network's output counts in full. A landmark's motion fades with the distance, in face heights.
_STILL, _MOVING, _REACH = 0.002, 0.012, 0.25
_FAR = 4  # landmarks further away, in sides of the image, count as there
_GATE_POINTS = np.array(face_mesh.FEATURE_POINTS)


def masks(landmarks: Array, side: int) -> Image:
    """(5, side / 2, side / 2) uint8: face, lips, opening of the mouth, eyes, irises.

    Args:
        landmarks: (478, 2 or more) pixels, counted from the centre of the first.
        side: Side of the image in pixels.
    """
    cells = side // GUIDE_STEP
    points = (landmarks[:, :2] + 0.5) / GUIDE_STEP - 0.5
    # Far outside of the image OpenCV's integers overflow.
    points = np.clip(points, -_FAR * side, _FAR * side)
    fixed = np.round(points * 2 ** _SUBPIXEL_BITS).astype(np.int32)
    drawn = np.zeros((len(_MASKS), cells, cells), np.uint8)
    for canvas, rings in zip(drawn, _MASKS, strict=True):
        for ring in rings:
            cv2.fillPoly(canvas, [fixed[list(ring)]], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    drawn[_IRISES] = np.minimum(drawn[_IRISES], drawn[_IRISES - 1])  # lids hide them
    return drawn


def draw_guides(target: Image, motion: Array, side: int) -> Array:
    """(GUIDE_CHANNELS, side / 2, side / 2) float32, the guides.

    Args:
        target: Masks of the target face.
        motion: (rows, columns, 2) how far each place has come, in pixels.
        side: Side of the image in pixels.
    """
    cells = side // GUIDE_STEP
    result = np.empty((GUIDE_CHANNELS, cells, cells), np.float32)
    result[:MASK_CHANNELS] = shares(target)
    scaled = motion.astype(np.float32) * np.float32(1 / (_MOTION_UNIT * side))
    result[MASK_CHANNELS:] = cv2.resize(scaled, (cells, cells)).transpose(2, 0, 1)
    return result


def shares(drawn: Image) -> Array:
    """Masks as float32 in [0, 1]."""
    return drawn * np.float32(1 / 255)


def draw_gate(source: Array, target: Array, side: int) -> Array:
    """(1, side / 2, side / 2) float32 in [0, 1]: 0 where no landmark nearby has moved.

    Args:
        source: (478, 2 or more) landmarks of the source in pixels.
        target: Landmarks of the target face.
        side: Side of the image in pixels.
    """
    height = max(float(np.ptp(source[:, 1])), 1.0)
    before, after = (np.clip(points[_GATE_POINTS, :2], -_FAR * side, _FAR * side)
                     .astype(np.float32) for points in (source, target))
    moved = np.linalg.norm(after - before, axis=1) / np.float32(height)
    x, y = _cells(side)
    motion = np.zeros(len(x), np.float32)
    for points in (before, after):
        apart = np.hypot(x[:, None] - points[:, 0], y[:, None] - points[:, 1])
        apart *= np.float32(-1 / (_REACH * height))
        motion = np.maximum(motion, (np.exp(apart, out=apart) * moved).max(axis=1))
    gate = np.clip((motion - _STILL) / (_MOVING - _STILL), 0, 1)
    cells = side // GUIDE_STEP
    return cv2.resize(gate.reshape(_GATE_CELLS, _GATE_CELLS), (cells, cells))[None]


@functools.lru_cache(maxsize=4)
def _cells(side: int) -> tuple[Array, Array]:
    """Coordinates x and y (N,) of the centres of the gate's cells in pixels, float32."""
    at = (np.arange(_GATE_CELLS, dtype=np.float32) + 0.5) * (side / _GATE_CELLS) - 0.5
    x, y = np.meshgrid(at, at)
    return x.ravel(), y.ravel()
