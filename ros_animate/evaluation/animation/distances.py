"""Distances between generated and true frames: one value for each frame, NaN if undefined.

The papers report the mean of these values over all frames of all clips.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ros_animate.types import Array

Frames = NDArray[np.uint8]  # (T, H, W, 3) RGB


def l1(generated: Frames, true: Frames) -> Array:
    """Mean |y - x| over pixels and colours in [0, 1]: (T,).

    Source: the papers' L1 (Monkey-Net, section 4.1; FOMM, section 4).
    """
    return np.array([np.abs(y.astype(np.float32) - x).mean() / 255
                     for y, x in zip(generated, true, strict=True)])


def keypoint_distance(generated: Array, true: Array) -> Array:
    """AKD: mean_n ||y_n - x_n||, in pixels: (T,), NaN where either face is not found.

    Source: Monkey-Net, section 4.1 (average keypoint distance).

    Args:
        generated: y (T, N, 2), landmarks that the detector finds in the generated frames, or NaN.
        true: x (T, N, 2), landmarks in the true frames.
    """
    distance: Array = np.linalg.norm(generated[..., :2] - true[..., :2], axis=2).mean(axis=1)
    return distance


def missing(generated: Array, true: Array) -> Array:
    """MKR: 1 where the face of a true frame is not found in the generated one, else 0: (T,).

    NaN where the true frame has no face. Source: Monkey-Net, section 4.1 (missing
    keypoint rate), with the whole face as one keypoint: the tracker finds all landmarks or none.
    """
    lost = np.isnan(generated).any(axis=(1, 2)).astype(float)
    return np.where(np.isnan(true).any(axis=(1, 2)), np.nan, lost)


def embedding_distance(generated: Array, true: Array) -> Array:
    """AED: ||e(y) - e(x)||: (T,), NaN where either has no embedding.

    Source: Monkey-Net, section 4.1 (average Euclidean distance).

    Args:
        generated: e(y), (T, D).
        true: e(x), (T, D), or (D,) of one image for all frames.
    """
    distance: Array = np.linalg.norm(generated - true, axis=1)
    return distance


def pose_error(generated_deg: Array, true_deg: Array, relative: bool = False) -> Array:
    """Mean distance of yaw, pitch and roll, in degrees: (T,), NaN where either is unknown.

    Args:
        generated_deg: (T, 3).
        true_deg: (T, 3).
        relative: True to compare changes since the first frame in which both are known, because the
            source's pose may differ from the driving one.
    """
    difference = generated_deg - true_deg
    known = ~np.isnan(difference).any(axis=1)
    if relative and known.any():
        difference = difference - difference[known.argmax()]
    return np.abs((difference + 180) % 360 - 180).mean(axis=1)


def jitter(landmarks: Array) -> Array:
    """mean_n ||p_n(t-1) - 2 p_n(t) + p_n(t+1)||, in pixels: (T,), NaN at the ends.

    Twice the distance of a landmark from the middle between its neighbours in time: 0 for any
    steady motion.

    Args:
        landmarks: p (T, N, 2), NaN where no face is found.
    """
    result = np.full(len(landmarks), np.nan)
    if len(landmarks) > 2:
        points = landmarks[..., :2]
        bend = points[:-2] - 2 * points[1:-1] + points[2:]
        result[1:-1] = np.linalg.norm(bend, axis=2).mean(axis=1)
    return result
