"""Sizes and distances of point sets."""
from __future__ import annotations

import itertools

import cv2
import numpy as np

from ros_animate.types import Array


def hull_size(points: Array) -> float:
    """Area of the convex hull of (K, 2) points, volume for (K, 3); 0 where it is flat."""
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise ValueError(f'points are (K, 2) or (K, 3), got {points.shape}')
    return _area(points) if points.shape[1] == 2 else _volume(points)


def shape_distance(landmarks: Array, others: Array) -> float:
    """Difference in pose and expression of two faces (N, 2 or more), whatever their size.

    The squared distance of the landmarks after centring and division by the root of the hull's
    area.
    """
    return float(np.square(_normalised(landmarks) - _normalised(others)).sum())


def _normalised(landmarks: Array) -> Array:
    centred = landmarks[:, :2] - landmarks[:, :2].mean(0)
    return centred / max(np.sqrt(hull_size(centred)), 1e-9)


def _area(points: Array) -> float:
    # OpenCV computes in float32: about the first point nothing is lost to a far origin.
    hull = cv2.convexHull((points - points[:1]).astype(np.float32))
    return float(cv2.contourArea(hull))


def _volume(points: Array) -> float:
    """Sum of the pyramids from the centre to the faces of the hull.

    Every plane through three points with all others on one side of it is a face. That is slower
    than a real hull algorithm, K choose 3 planes, yet 2 ms for the 21 keypoints of a face.
    """
    if len(points) < 4:
        return 0.0
    centre = points.mean(0)
    spread = float(np.abs(points - centre).max())
    triples = np.array(list(itertools.combinations(range(len(points)), 3)))
    a, b, c = (points[triples[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1)
    plane = lengths > 1e-12 * spread ** 2
    normals, a = normals[plane] / lengths[plane, None], a[plane]
    heights = normals @ points.T - (normals * a).sum(1)[:, None]
    tolerance = 1e-9 * spread
    one_side = (heights.min(1) >= -tolerance) | (heights.max(1) <= tolerance)
    faces = {tuple(np.flatnonzero(np.abs(heights[index]) <= tolerance)): index
             for index in np.flatnonzero(one_side)}
    return sum(_pyramid(points[list(face)], normals[index], centre)
               for face, index in faces.items())


def _pyramid(face: Array, normal: Array, apex: Array) -> float:
    height = abs(float((face[0] - apex) @ normal))
    across = np.linalg.svd(normal[None])[2][1:]  # two axes in the plane of the face
    return height * _area((face - face[0]) @ across.T) / 3
