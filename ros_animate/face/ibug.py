"""The 70 landmarks of REP-155 (iBUG's 68 and the pupils) among those of the face mesh."""
from __future__ import annotations

import functools

import cv2
import numpy as np

from ros_animate.face.face_mesh import canonical_mesh
from ros_animate.types import Array

# Right and left are the person's own.
_JAW = (127, 234, 132, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 361, 454, 356)
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
_NOSE = (168, 197, 195, 4, 98, 97, 2, 326, 327)
_EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
_LIPS_OUTER = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
_LIPS_INNER = (78, 81, 13, 311, 308, 402, 14, 178)
_PUPILS = (468, 473)
# Index in the face mesh of each landmark of REP-155.
IBUG = (*_JAW, *_BROWS, *_NOSE, *_EYES, *_LIPS_OUTER, *_LIPS_INNER, *_PUPILS)
# Points that an expression hardly moves: ears, sellion, nose, corners of the eyes.
RIGID = (0, 16, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45)
# An unknown camera sees about this much: its focal length in image widths.
_FOCAL = 1.0
_CM_TO_M = 0.01
# OpenCV's camera (x right, y down, z forward) to the axes of `Motion` (y up, z backward), and the
# other way round.
_FLIP = np.diag([1.0, -1.0, -1.0])


def ibug_landmarks(landmarks: Array) -> Array:
    """(70, 2) of (478, 3) landmarks, in the same units."""
    return landmarks[list(IBUG), :2]


@functools.lru_cache(maxsize=1)
def _rigid_model() -> Array:
    """(R, 3) canonical positions of the rigid points, in cm."""
    return canonical_mesh().vertices[[IBUG[k] for k in RIGID]]


def head_pose(points: Array, image_size: tuple[int, int]) -> tuple[Array, Array] | None:
    """Rotation (3, 3) and translation (3,) in metres of the head, as in `Motion`.

    Args:
        points: (70, 2) pixels.
        image_size: (width, height) in pixels.

    Returns:
        None if no head looks like that.
    """
    width, height = image_size
    camera = np.array([[_FOCAL * width, 0, width / 2], [0, _FOCAL * width, height / 2], [0, 0, 1]])
    model = _rigid_model() @ _FLIP
    try:
        found, vector, translation = cv2.solvePnP(
            model, np.ascontiguousarray(points[list(RIGID)], float), camera, None,
            flags=cv2.SOLVEPNP_SQPNP)
    except cv2.error:  # points that fall into one
        return None
    if not found or not np.isfinite(vector).all() or translation[2, 0] <= 0:
        return None
    rotation = np.asarray(cv2.Rodrigues(vector)[0])
    return _FLIP @ rotation @ _FLIP, _FLIP @ translation[:, 0] * _CM_TO_M
