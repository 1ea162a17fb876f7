"""Control points of the warp: landmarks, points around the face, and the edge of the image."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ros_animate.animation.mesh_warp.eye_motion import LIDS, between_corners
from ros_animate.face import face_mesh
from ros_animate.face.head_pose import HeadPose, PosedShape
from ros_animate.types import Array

# Rings of lip landmarks from the skin to the opening, right corner to left corner. The first and
# the last belong to both lips.
UPPER_LIP = ((61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
             (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
             (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
             (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308))
LOWER_LIP = ((61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
             (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
             (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
             (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308))

# Depths of the warp, cm in head coordinates. Behind this plane (cheekbones) depth is flattened:
# the side of the face is too steep in the image to be spread out by a turn of the head.
_FLAT_BEHIND_CM = 3.0
_FLATTENING = 0.7
# Rings of points around the face: distance from the middle of the face in face radii, how far
# behind the contour in cm, share of the head's motion beside and above, share below (neck).
_RINGS = ((1.18, 2.0, 1.0, 0.6), (1.45, 4.0, 0.8, 0.25), (1.85, 6.0, 0.35, 0.05))
# How far around an eye nothing is stretched, in heights of the eye at rest.
_EYE_REACH = 1.6
_SMOOTHING = 2e-5
_STEEP_SMOOTHING = 2e-2
_RING_SMOOTHING = 1e-3
_EDGE_POINTS = 12


@dataclass(frozen=True)
class ControlPoints:
    """The movable control points of one source face.

    Attributes:
        landmarks: (P,) index of each point's landmark, -1 for the points around the face.
        rest: (P, 3) head coordinates in cm at rest, depth flattened.
        follow: (P,) share of the head's motion that each point follows.
        smoothing: (P,) regularisation of the spline at each point.
        points: (P, 2) pixels at rest.
    """

    landmarks: np.ndarray
    rest: Array
    follow: Array
    smoothing: Array
    points: Array

    @classmethod
    def of(cls, source: PosedShape, size: tuple[int, int]) -> ControlPoints:
        """The control points of a source face in an image of (width, height) pixels."""
        selected = control_landmarks()
        shape = source.shape.copy()
        line = between_corners(shape)
        shape[LIDS] = line + _EYE_REACH * (shape[LIDS] - line)
        rings, follow = _around(source.shape)
        inside = _inside(source.pose.project(rings)[:, :2], size)
        rings, follow = rings[inside], follow[inside]
        rest = flatten(np.concatenate([shape[selected], rings]))
        steep = np.clip(1.0 - facing(source)[selected], 0.0, 1.0) ** 2
        return cls(np.concatenate([selected, np.full(len(rings), -1)]), rest,
                   np.concatenate([np.ones(len(selected)), follow]),
                   np.concatenate([_SMOOTHING + _STEEP_SMOOTHING * steep,
                                   np.full(len(rings), _RING_SMOOTHING)]),
                   source.pose.project(rest)[:, :2])

    def displacements(self, target: PosedShape, change: Array, at_rest: HeadPose) -> Array:
        """(P, 2) displacements in pixels.

        Args:
            target: The target face; its pose is used here.
            change: (478, 3) cm, its shape minus the source's.
            at_rest: The source's pose.
        """
        change = change.copy()
        change[LIDS] = between_corners(change)
        shape = self.rest.copy()
        is_landmark = self.landmarks >= 0
        shape[is_landmark] += change[self.landmarks[is_landmark]]
        moved = target.pose.project(shape) - at_rest.project(self.rest)
        return self.follow[:, None] * moved[:, :2]

    def without(self, landmarks: tuple[int, ...]) -> np.ndarray:
        """Indices of all points except those of these landmarks."""
        return np.flatnonzero(~np.isin(self.landmarks, landmarks))


def edge_points(size: tuple[int, int]) -> Array:
    """(E, 2) fixed control points on the edge of an image of (width, height)."""
    width, height = size[0] - 1.0, size[1] - 1.0
    t = np.linspace(0.0, 1.0, _EDGE_POINTS, endpoint=False)
    zero, one = np.zeros_like(t), np.ones_like(t)
    unit = np.concatenate([np.stack(side, axis=1) for side in
                           ((t, zero), (one, t), (1.0 - t, one), (zero, 1.0 - t))])
    return unit * (width, height)


def flatten(shape: Array) -> Array:
    """(N, 3) head coordinates with the depth behind the cheekbones compressed."""
    depth = shape[:, 2]
    behind = np.minimum(depth - _FLAT_BEHIND_CM, 0.0)
    return np.column_stack([shape[:, :2], depth - (1.0 - _FLATTENING) * behind])


def facing(source: PosedShape) -> Array:
    """(478,) visibility, the cosine between normal and camera: 1 frontal, 0 edge-on, < 0 hidden."""
    mesh = face_mesh.canonical_mesh()
    corners = source.shape[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.zeros((len(mesh.vertices), 3))
    for corner in range(3):
        np.add.at(sums, mesh.triangles[:, corner], normals)
    lengths = np.maximum(np.linalg.norm(sums, axis=1), 1e-12)
    towards_camera = (sums @ source.pose.rotation[2]) / lengths
    return np.concatenate([towards_camera, np.ones(10)])


@functools.lru_cache(maxsize=1)
def control_landmarks() -> np.ndarray:
    """Indices of the control landmarks: lips, brows, contour, and elsewhere one per 6 mm.

    A few of the lids stand around the eye and only follow its corners, so that no brow stretches
    it; skin around them is left out, because the eyes are rendered separately.
    """
    vertices = face_mesh.canonical_mesh().vertices
    corners = [ring[k] for ring in (face_mesh.RIGHT_EYE, face_mesh.LEFT_EYE) for k in (0, 8)]
    lips = {i for lip in (UPPER_LIP, LOWER_LIP) for ring in lip for i in ring}
    selected = [*corners, *LIDS[:, :, 1::2].flat, *sorted(lips), *face_mesh.FACE_OVAL,
                *face_mesh.RIGHT_BROW, *face_mesh.LEFT_BROW]
    rings = vertices[list(face_mesh.RIGHT_EYE + face_mesh.LEFT_EYE)]
    near_eye = np.linalg.norm(vertices[:, None] - rings, axis=2).min(axis=1) < 0.7
    for index in np.flatnonzero(~near_eye):
        distances = np.linalg.norm(vertices[selected] - vertices[index], axis=1)
        if distances.min() > 0.6:
            selected.append(int(index))
    return np.array(selected)


def _around(shape: Array) -> tuple[Array, Array]:
    """Points around the face, (N, 3) cm, and the share of the head's motion that each follows."""
    contour = shape[list(face_mesh.FACE_OVAL)]
    middle = contour.mean(axis=0)
    outward = contour - middle
    down = np.clip(-outward[:, 1] / np.abs(outward[:, 1]).max(), 0.0, 1.0)
    points, follow = [], []
    for radius, behind, beside, below in _RINGS:
        ring = middle + radius * outward
        ring[:, 2] = contour[:, 2] - behind
        points.append(ring)
        follow.append(beside + (below - beside) * down)
    return np.concatenate(points), np.concatenate(follow)


def _inside(points: Array, size: tuple[int, int]) -> np.ndarray:
    margin = 0.02 * max(size)
    return np.all((points > margin) & (points < np.array(size) - 1.0 - margin), axis=1)
