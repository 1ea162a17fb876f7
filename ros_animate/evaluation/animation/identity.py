"""Identity embeddings for AED: an embedding that tells people apart.

The papers use a face recognition network (OpenFace). If one is available, it should be used here
too: any function with the signature of `Identity` can be named on the command line (see
user_metric.py).
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

_BLUR = 0.012  # share of the face's height; finer details are noise
_FACING = 0.5  # least cosine between a triangle's normal and the line of sight of a frontal face
_VERTICES = 468


class Identity(Protocol):
    """A function from frames (T, S, S, 3) of one clip and their faces to embeddings (T, D).

    Rows are NaN where there is no face. Distances are Euclidean.
    """

    def __call__(self, frames: Frames, faces: Track) -> Array: ...


class FaceTexture:
    """Colours of the face at fixed points of the face mesh.

    The image is sampled at the centre of each frontal triangle of the tracker's mesh, in CIE Lab,
    slightly blurred, and weighted by the square root of the triangle's share of the area. This
    removes pose and expression (the shape-free image of Cootes et al., "Active appearance models",
    1998), and the distance is the mean colour difference of two faces, delta E of CIE 1976.

    It needs no weights. Its limits: it ignores the shape of the head and hair outside the mesh; a
    change of lighting looks like a change of the person, so compare frames in the same lighting
    (a clip, its reconstruction, its animation); it was not trained to tell people apart, and is no
    better at it on real faces than other comparisons of colours.
    """

    def __call__(self, frames: Frames, faces: Track) -> Array:
        triangles, weights = _frontal()
        result = np.full((len(frames), 3 * len(triangles)), np.nan)
        for row, image, landmarks in zip(result, frames, faces.landmarks, strict=True):
            if np.isfinite(landmarks).all():
                centres = landmarks[:_VERTICES, :2][triangles].mean(axis=1)
                row[:] = (weights[:, None] * _colours(image, centres, landmarks)).ravel()
        return result


def _colours(image: Image, points: Array, landmarks: Array) -> Array:
    """(N, 3) CIE Lab colours at (N, 2) points in pixels."""
    sigma = max(0.3, _BLUR * float(np.ptp(landmarks[:_VERTICES, 1])))
    blurred = cv2.GaussianBlur(image, (0, 0), sigma).astype(np.float32) / 255
    lab = cv2.cvtColor(blurred, cv2.COLOR_RGB2LAB)
    x, y = points.astype(np.float32).T
    return np.asarray(cv2.remap(lab, x[None], y[None], cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_REPLICATE)[0], float)


@functools.lru_cache(maxsize=1)
def _frontal() -> tuple[NDArray[np.int64], Array]:
    """Frontal triangles (N, 3), and (N,) weights whose squares sum to 1."""
    mesh = face_mesh.canonical_mesh()
    corners = mesh.vertices[mesh.triangles]  # (T, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    frontal = normals[:, 2] > _FACING * areas
    return mesh.triangles[frontal], np.sqrt(areas[frontal] / areas[frontal].sum())
