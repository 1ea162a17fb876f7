"""Colours of a face, by which it is told from the faces of other people."""
from __future__ import annotations

import cv2
import numpy as np

from ros_animate.types import Array, Image

# Landmarks on skin, brows and lips; then the points above and below the face, in face heights
# from the top of the forehead to the chin.
_POINTS = (151, 108, 337, 105, 334, 50, 280, 205, 425, 4, 0, 17, 199, 152)
_FOREHEAD, _CHIN = 10, 152
_BEYOND = (-0.18, 1.3)
_PATCH = 0.03  # half a side of the patches, in face heights
_LIGHTNESS = 0.5  # of a difference: shadows change it more than the hue


def face_colours(image: Image, landmarks: Array) -> Array:
    """(16, 3) mean CIELAB colours of patches of a face, hair and clothes; NaN outside the image.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: (478, 2) or (478, 3) pixels.
    """
    down = landmarks[_CHIN, :2] - landmarks[_FOREHEAD, :2]
    centres = np.concatenate([landmarks[list(_POINTS), :2],
                              landmarks[_FOREHEAD, :2] + np.outer(_BEYOND, down)])
    half = max(1, round(_PATCH * float(np.hypot(*down))))
    height, width = image.shape[:2]
    means = np.full((len(centres), 3), np.nan)
    for k, (x, y) in enumerate(np.round(centres).astype(int)):
        if 0 <= x < width and 0 <= y < height:
            patch = image[max(y - half, 0):y + half + 1, max(x - half, 0):x + half + 1]
            means[k] = patch.reshape(-1, 3).mean(0)
    lab = cv2.cvtColor(np.nan_to_num(means)[None].astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return np.where(np.isnan(means), np.nan, np.asarray(lab, float)[0])


def colour_distance(one: Array, other: Array) -> float:
    """Mean distance of two results of `face_colours` in CIELAB units; NaN if nothing is common."""
    both = ~np.isnan(one[:, 0]) & ~np.isnan(other[:, 0])
    if not both.any():
        return float('nan')
    difference = (one - other)[both] * (_LIGHTNESS, 1.0, 1.0)
    return float(np.linalg.norm(difference, axis=1).mean())
