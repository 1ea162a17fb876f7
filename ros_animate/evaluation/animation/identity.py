"""What AED compares: an embedding that tells persons apart.

A face recognition network is what the papers use (OpenFace), and what belongs here wherever one is
at hand: anything callable as `Identity` can be named on the command line (see chosen.py).
"""
from __future__ import annotations

import functools
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.fidelity import Track
from ros_animate.face import face_mesh
from ros_animate.types import Array, Image

_BLUR = 0.012  # of the face's height: what is finer is noise
_FACING = 0.5  # least cosine between a triangle of the mesh and the line of sight, head on
_VERTICES = 468


class Identity(Protocol):
    """Frames (T, S, S, 3) of one clip, and what the tracker sees in them, to (T, D).

    Rows are NaN where there is no face. Distances are Euclidean.
    """

    def __call__(self, frames: Frames, seen: Track) -> Array: ...


class FaceTexture:
    """The colours of the face at the same places of everybody's face mesh.

    The picture is sampled at the middle of each frontal triangle of the tracker's mesh, in CIE Lab,
    slightly blurred, and weighted by the square root of the triangle's part of the area. So pose
    and expression are taken out (the shape-free picture of Cootes et al., "Active appearance
    models", 1998), and the distance is the mean colour difference of two faces, delta E of CIE
    1976.

    It needs no weights. What it cannot do: it does not know the shape of a head, nor hair outside
    the mesh; it takes a change of light for a change of the person, so compare frames of one light
    (a clip, its reconstruction, its animation); it was not trained to tell people apart, and on
    real faces does so no better than other comparisons of colours.
    """

    def __call__(self, frames: Frames, seen: Track) -> Array:
        triangles, weights = _frontal()
        result = np.full((len(frames), 3 * len(triangles)), np.nan)
        for row, image, landmarks in zip(result, frames, seen.landmarks, strict=True):
            if np.isfinite(landmarks).all():
                places = landmarks[:_VERTICES, :2][triangles].mean(axis=1)
                row[:] = (weights[:, None] * _colours(image, places, landmarks)).ravel()
        return result


def _colours(image: Image, places: Array, landmarks: Array) -> Array:
    """(N, 3) Lab at (N, 2) pixels."""
    sigma = max(0.3, _BLUR * float(np.ptp(landmarks[:_VERTICES, 1])))
    blurred = cv2.GaussianBlur(image, (0, 0), sigma).astype(np.float32) / 255
    lab = cv2.cvtColor(blurred, cv2.COLOR_RGB2LAB)
    x, y = places.astype(np.float32).T
    return np.asarray(cv2.remap(lab, x[None], y[None], cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_REPLICATE)[0], float)


@functools.lru_cache(maxsize=1)
def _frontal() -> tuple[NDArray[np.int64], Array]:
    """Triangles (N, 3) that look ahead, and (N,) weights whose squares sum to 1."""
    mesh = face_mesh.canonical_mesh()
    corners = mesh.vertices[mesh.triangles]  # (T, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    frontal = normals[:, 2] > _FACING * areas
    return mesh.triangles[frontal], np.sqrt(areas[frontal] / areas[frontal].sum())
