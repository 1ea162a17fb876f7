"""The parts around the face: back of the head, ears, neck and shoulders, teeth, tongue."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.face import face_mesh
from ros_animate.face.virtual.appearance import TEXTURE_PX, strip_v
from ros_animate.types import Array

NECK_TOP_CM = np.array([0.0, -5.5, -3.6])  # joint between head and neck
NECK_BASE_CM = np.array([0.0, -14.0, -4.6])  # joint between neck and shoulders

_RINGS = 6
_SKULL_CENTRE = np.array([0.0, 0.5, -3.0])
_SKULL_DEPTH_CM = 9.0


@dataclass(frozen=True)
class Part:
    """A rigid or bending mesh.

    Attributes:
        vertices: (V, 3) cm in head axes at rest.
        triangles: (T, 3), outward.
        uv: (V, 2) texture pixels.
        head: (V,) share of the head's rotation: 1 moves with the head, 0 with the shoulders.
    """

    vertices: Array
    triangles: np.ndarray
    uv: Array
    head: Array


def skull_rings(oval: Array) -> Array:
    """Back of the head, (_RINGS + 1, 36, 3), spanned from the rim of the face, (36, 3).

    The rings start at the rim, so the head stays closed while the jaw moves; they run along an
    ellipsoid above and into the neck below.
    """
    radial = oval[:, :2] - _SKULL_CENTRE[:2]
    rim = np.linalg.norm(radial, axis=1)
    direction = radial / rim[:, None]
    start = -np.arcsin(np.clip((oval[:, 2] - _SKULL_CENTRE[2]) / _SKULL_DEPTH_CM, -.95, .95))
    up = np.clip(direction[:, 1], -1, 1)
    crown = np.clip(rim / np.cos(start), rim, rim + 2.9 * np.clip(up, 0, 1) + .4)
    crown = np.where(up < 0, rim - 3.4 * np.clip(-up, 0, 1), crown)
    rings = [oval]
    for share in np.arange(1, _RINGS + 1) / _RINGS:
        angle = start + share * (np.pi / 2 * .98 - start)
        radius = crown * np.cos(angle)
        radius += (rim - crown * np.cos(start)) * (1 - share) ** 3
        depth = _SKULL_CENTRE[2] - _SKULL_DEPTH_CM * np.sin(angle)
        rings.append(np.column_stack([direction * radius[:, None] + _SKULL_CENTRE[:2], depth]))
    return np.stack(rings)


def skull_triangles(first: int) -> np.ndarray:
    """(T, 3) between the rings, whose vertices begin at index `first`."""
    count = len(face_mesh.FACE_OVAL)
    rows = [np.arange(count) + first + k * count for k in range(_RINGS + 1)]
    return np.concatenate([_band(b, a) for a, b in zip(rows, rows[1:], strict=False)])


def skull_uv() -> Array:
    """((_RINGS + 1) * 36, 2): neck under the jaw, shell (hair or cap) elsewhere."""
    rim = face_mesh.canonical_mesh().vertices[list(face_mesh.FACE_OVAL)]
    jaw = rim[:, 1] < 2.0
    uv = np.empty((_RINGS + 1, len(rim), 2))
    uv[..., 0] = TEXTURE_PX / 2
    uv[..., 1] = np.where(jaw, strip_v('neck'), strip_v('shell'))
    return uv.reshape(-1, 2)


def ear(side: int) -> Part:
    """A flat, tilted ellipsoid; side +1 is the left one."""
    vertices, triangles = _ellipsoid(8, 10)
    tilt = np.radians(18) * side
    turn = np.array([[np.cos(tilt), 0, np.sin(tilt)], [0, 1, 0], [-np.sin(tilt), 0, np.cos(tilt)]])
    vertices = (vertices * (.75, 2.6, 1.5)) @ turn.T + (7.85 * side, .7, -3.4)
    uv = np.tile([TEXTURE_PX / 2, strip_v('neck')], (len(vertices), 1))
    return Part(vertices, triangles, uv, np.ones(len(vertices)))


def neck() -> Part:
    """A tube from the head to the shoulders; its upper end goes with the head."""
    profile = [(-4.0, 5.2, 5.0, 1.0), (-8.5, 4.7, 4.6, .75), (-12.0, 4.9, 4.7, .35),
               (-14.2, 5.6, 5.0, .05), (-15.2, 9.0, 5.5, 0.0), (-17.0, 15.5, 6.5, 0.0),
               (-21.0, 18.0, 7.0, 0.0), (-30.0, 18.5, 7.5, 0.0)]
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rings, uv, head = [], [], []
    for y, rx, rz, share in profile:
        rings.append(np.column_stack([rx * np.sin(angle), np.full(24, y),
                                      rz * np.cos(angle) - 4.2]))
        material = 'neck' if y > -14.5 else 'clothes'
        uv.append(np.tile([TEXTURE_PX / 2, strip_v(material)], (24, 1)))
        head.append(np.full(24, share))
    rows = [np.arange(24) + 24 * k for k in range(len(profile))]
    triangles = np.concatenate([_band(b, a) for a, b in zip(rows, rows[1:], strict=False)])
    return Part(np.concatenate(rings), triangles, np.concatenate(uv), np.concatenate(head))


def tooth_quads(upper: bool) -> Array:
    """(n, 4, 3) front faces of a row of teeth, in cm; corners run around each tooth."""
    widths = np.array([.86, .66, .76, .70, .66] if upper else [.54, .58, .66, .68, .66])
    edges = np.concatenate([[0], np.cumsum(widths)])
    edges = np.concatenate([-edges[:0:-1], edges])
    angle = edges / 2.75
    x, z = 2.45 * np.sin(angle), 2.35 + 2.45 * np.cos(angle)
    root, tip = (-3.60, -4.42) if upper else (-5.40, -4.66)
    inset = -0.15 if upper else -0.42
    quads = []
    for k in range(len(edges) - 1):
        drop = .07 * (abs(k - 4.5) in (1.5,)) if upper else 0.0
        gap = .05 * (edges[k + 1] - edges[k])
        xs = (x[k] + gap, x[k + 1] - gap)
        quads.append([(xs[0], root, z[k] + inset), (xs[1], root, z[k + 1] + inset),
                      (xs[1], tip + drop, z[k + 1] + inset), (xs[0], tip + drop, z[k] + inset)])
    return np.array(quads)


def gum_arch(upper: bool) -> Array:
    """(2n, 3) outline of the gum above or below a row of teeth."""
    angle = np.linspace(-1.25, 1.25, 12)
    inset = 0.0 if upper else -0.28
    x, z = 2.5 * np.sin(angle), 2.30 + inset + 2.45 * np.cos(angle)
    near, far = (-3.75, -2.9) if upper else (-5.25, -6.3)
    front = np.column_stack([x, np.full(12, near), z])
    return np.concatenate([front, np.column_stack([x, np.full(12, far), z])[::-1]])


def tongue_outline() -> Array:
    """(n, 3) top of the tongue, resting behind the lower teeth."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    return np.column_stack([1.75 * np.cos(angle), -5.15 + .45 * np.sin(angle),
                            2.4 - 1.2 * np.sin(angle)])


def _band(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Triangles between two closed rows of vertices."""
    a2, b2 = np.roll(a, -1), np.roll(b, -1)
    return np.concatenate([np.column_stack([a, b, b2]), np.column_stack([a, b2, a2])])


def _ellipsoid(rows: int, columns: int) -> tuple[Array, np.ndarray]:
    latitude = np.linspace(-np.pi / 2 * .96, np.pi / 2 * .96, rows)
    longitude = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    la, lo = np.meshgrid(latitude, longitude, indexing='ij')
    vertices = np.stack([np.cos(la) * np.sin(lo), np.sin(la), np.cos(la) * np.cos(lo)], -1)
    index = np.arange(rows * columns).reshape(rows, columns)
    triangles = np.concatenate([_band(b, a) for a, b in zip(index, index[1:], strict=False)])
    return vertices.reshape(-1, 3), triangles
