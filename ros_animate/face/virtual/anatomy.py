"""Anatomy of the virtual face: one displacement field per muscle over the canonical mesh.

A muscle is given by a few handles (see muscle_handles.py); all other vertices follow by the
smoothest field through the handles (biharmonic, as in Botsch and Kobbelt, "An intuitive framework
for real-time freeform modeling", 2004) on the mesh cut open at eyes and mouth, so that the upper
lip does not drag the lower one along.
"""
from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from ros_animate.face import face_mesh
from ros_animate.face.virtual.muscle_handles import (
    AWAKE,
    EYEBALL_RADIUS_CM,
    JAW_SHARE,
    LEFT_LID_LOWER,
    LEFT_LID_UPPER,
    LEFT_MUSCLES,
    LIP_CONTACT_LOWER,
    LIP_CONTACT_UPPER,
    MIDDLE_MUSCLES,
    MOUTH_CORNERS,
    Handles,
    Muscle,
)
from ros_animate.types import Array


@dataclass(frozen=True)
class Anatomy:
    """The face at rest and its displacement fields.

    Attributes:
        rest: (V, 3) cm, mouth closed.
        triangles: (T, 3), with holes at eyes and mouth.
        mirror: (V,) index of the mirrored vertex.
        fields: Muscle name -> (2, V, 3): displacement at +1 and at -1, in cm.
        jaw_share: (V,) share of the jaw's motion, 0 to 1.
        eyes: (2, 3) centres of the left and right eyeball in cm.
    """

    rest: Array
    triangles: np.ndarray
    mirror: np.ndarray
    jaw_share: Array
    eyes: Array
    fields: dict[str, Array] = field(default_factory=dict)


@functools.lru_cache(maxsize=1)
def canonical_anatomy() -> Anatomy:
    """The anatomy of the canonical face (computed once in about a second)."""
    mesh = face_mesh.canonical_mesh()
    triangles = _cut(mesh.triangles)
    rest = mesh.vertices.copy()
    mirror = np.linalg.norm(rest[None] * (-1, 1, 1) - rest[:, None], axis=2).argmin(1)
    solver = _Biharmonic(rest, triangles)
    rest = rest + _closed_mouth(rest, solver)
    awake = solver.solve(AWAKE, (263, 362), 2.2)
    rest = rest + awake + mirrored(awake, mirror)
    eyes = _eye_centres(rest)
    fields = {name: _field(muscle, solver) for name, muscle in
              {**LEFT_MUSCLES, **MIDDLE_MUSCLES, **_lid_muscles(rest, eyes)}.items()}
    for name in [n for n in fields if n.endswith('_left')]:
        fields[name.replace('_left', '_right')] = mirrored(fields[name], mirror)
    share = solver.solve({k: (v, 0, 0) for k, v in JAW_SHARE.items()}, reach_cm=4.0)[:, 0]
    return Anatomy(rest, triangles, mirror, np.clip(share, 0, 1), eyes, fields)


def mirrored(displacement: Array, mirror: np.ndarray) -> Array:
    """(…, V, 3) displacement of the other half of the face."""
    return displacement[..., mirror, :] * (-1, 1, 1)


class _Biharmonic:
    """Biharmonic interpolation of displacements that are given at some vertices of a mesh."""

    def __init__(self, vertices: Array, triangles: np.ndarray) -> None:
        count = len(vertices)
        edges = np.zeros((count, count))
        for a, b in ((0, 1), (1, 2), (2, 0)):
            i, j = triangles[:, a], triangles[:, b]
            weight = 1 / np.linalg.norm(vertices[i] - vertices[j], axis=1)
            edges[i, j] = edges[j, i] = weight
        laplacian = np.diag(edges.sum(1)) - edges
        self._energy = laplacian @ laplacian / edges.sum(1).mean() ** 2
        self._vertices = vertices

    def solve(self, handles: Handles, pinned: tuple[int, ...] = (),
              reach_cm: float = 3.0) -> Array:
        """Displacements (V, 3); `handles` take precedence over `pinned`."""
        points = np.array(list(handles))
        distance = np.linalg.norm(self._vertices[:, None] - self._vertices[points], axis=2).min(1)
        given = distance > reach_cm
        given[list(pinned)] = True
        given[points] = True
        values = np.zeros((len(self._vertices), 3))
        values[points] = [handles[p] for p in points]
        free = ~given
        system = self._energy[np.ix_(free, free)]
        values[free] = np.linalg.solve(system, -self._energy[np.ix_(free, given)] @ values[given])
        return values


def _field(muscle: Muscle, solver: _Biharmonic) -> Array:
    plus = solver.solve(muscle.plus, muscle.pinned, muscle.reach_cm)
    minus = -plus if muscle.minus is None else solver.solve(muscle.minus, muscle.pinned,
                                                            muscle.reach_cm)
    return np.stack([plus, minus])


def _cut(triangles: np.ndarray) -> np.ndarray:
    """The triangles without those that fill the eyes and the mouth."""
    keep = np.ones(len(triangles), bool)
    for ring in (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE, face_mesh.LIPS_INNER):
        keep &= ~np.isin(triangles, ring).all(1)
    return triangles[keep]


def _closed_mouth(rest: Array, solver: _Biharmonic) -> Array:
    """Displacement that closes the slightly open mouth of the canonical mesh."""
    handles: Handles = {}
    for upper, lower in zip(LIP_CONTACT_UPPER, LIP_CONTACT_LOWER, strict=True):
        middle = (rest[upper] + rest[lower]) / 2
        for vertex in (upper, lower):
            _, dy, dz = middle - rest[vertex]
            handles[vertex] = (0.0, float(dy), float(dz))
    pinned = (*MOUTH_CORNERS, 2, 152, 0, 17)
    return solver.solve(handles, pinned, 1.6)


def _eye_centres(rest: Array) -> Array:
    """Eyeballs that just touch the lids from behind, (2, 3): left, right."""
    ring = rest[list(face_mesh.LEFT_EYE)]
    centre = np.array([(ring[0, 0] + ring[8, 0]) / 2, ring[:, 1].mean(), 0.0])
    middle = rest[[386, 374]]
    depth = np.sqrt(EYEBALL_RADIUS_CM ** 2 - ((middle[:, :2] - centre[:2]) ** 2).sum(1))
    centre[2] = (middle[:, 2] - depth).min() - 0.03
    return np.stack([centre, centre * (-1, 1, 1)])


def _lid_muscles(rest: Array, eyes: Array) -> dict[str, Muscle]:
    """Lids: +1 opens wide by a third of the aperture, -1 closes; they slide on the eyeball."""
    upper = rest[list(LEFT_LID_UPPER)]
    lower = rest[list(LEFT_LID_LOWER)]
    meet = lower + 0.12 * (upper - lower)

    def towards(start: Array, end: Array, share: float) -> Array:
        target = start + share * (end - start)
        return _on_eyeball(target, eyes[0]) - start

    def handles(vertices: tuple[int, ...], moves: Array) -> Handles:
        return {v: (float(m[0]), float(m[1]), float(m[2]))
                for v, m in zip(vertices, moves, strict=True)}

    brow = face_mesh.LEFT_BROW
    return {
        'lid_upper_left': Muscle(
            plus=handles(LEFT_LID_UPPER, towards(upper, lower, -.50)),
            minus=handles(LEFT_LID_UPPER, towards(upper, meet, 1.0)),
            pinned=(*brow, *LEFT_LID_LOWER, 263, 362), reach_cm=2.0),
        'lid_lower_left': Muscle(
            plus=handles(LEFT_LID_LOWER, towards(lower, upper, -.16)),
            minus=handles(LEFT_LID_LOWER, towards(lower, upper, .24)),
            pinned=(*LEFT_LID_UPPER, 263, 362), reach_cm=1.6),
    }


def _on_eyeball(points: Array, centre: Array) -> Array:
    """The points, lifted out of the eyeball where they lie inside it."""
    radius = EYEBALL_RADIUS_CM + 0.04
    planar = ((points[:, :2] - centre[:2]) ** 2).sum(1)
    surface = centre[2] + np.sqrt(np.maximum(radius ** 2 - planar, 0))
    lifted = points.copy()
    lifted[:, 2] = np.maximum(points[:, 2], surface)
    return lifted
