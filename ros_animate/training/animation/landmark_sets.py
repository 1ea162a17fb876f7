"""Landmarks of the face mesh (468 vertices) that losses use."""
from __future__ import annotations

from ros_animate.face.face_mesh import (
    LEFT_BROW,
    LEFT_EYE,
    LIPS_INNER,
    LIPS_OUTER,
    RIGHT_BROW,
    RIGHT_EYE,
)

# Landmarks that show expressions.
EXPRESSIVE = (*RIGHT_EYE, *LEFT_EYE, *RIGHT_BROW, *LEFT_BROW, *LIPS_OUTER, *LIPS_INNER)
# Landmarks that the first keypoints are held to: upper and lower lids, middle of the lips, corners
# of the mouth, brows inside and outside, tip of the nose, chin, corners of the eyes, sides of the
# head.
GUIDE = (159, 386, 145, 374, 13, 14, 61, 291, 107, 336, 105, 334, 1, 152, 33, 263, 234, 454)
