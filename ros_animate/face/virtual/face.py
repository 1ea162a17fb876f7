"""The virtual face: renders an image for values of its muscles."""
from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ros_animate.face import face_mesh
from ros_animate.face.virtual import anatomy, body, raster
from ros_animate.face.virtual.appearance import TEXTURE_PX, Appearance, paint
from ros_animate.face.virtual.features import IRIS_RADIUS_CM, FeaturePainter
from ros_animate.face.virtual.muscle_handles import (
    CONTACT_ABOVE,
    CONTACT_BELOW,
    EYEBALL_RADIUS_CM,
)
from ros_animate.face.virtual.muscles import MUSCLES, SIDES, Pose, complete_state
from ros_animate.types import Array, Image

_HOLES = (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE, face_mesh.LIPS_INNER)
_OVAL = np.array(face_mesh.FACE_OVAL)
# Centre of an iris that looks ahead, then its right, top, left and bottom in the image, cm.
_IRIS = np.column_stack([
    IRIS_RADIUS_CM * np.array([(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1)]),
    np.r_[EYEBALL_RADIUS_CM, np.full(4, (EYEBALL_RADIUS_CM ** 2 - IRIS_RADIUS_CM ** 2) ** .5)]])
_FIELDS = tuple(n for n in MUSCLES if n in anatomy.canonical_anatomy().fields)


@dataclass(frozen=True)
class _Surface:
    """The whole rendered mesh as one vertex list: skin, back of the head, ears, neck.

    Attributes:
        parts: The parts besides skin and back of the head.
        triangles: (T, 3).
        layers: (T,) drawing order of the triangles, back to front.
        uv: (V, 2) texture pixels.
        incidence: See `raster.incidence`.
    """

    parts: tuple[body.Part, ...]
    triangles: np.ndarray
    layers: np.ndarray
    uv: Array
    incidence: np.ndarray


@functools.lru_cache(maxsize=1)
def _surface() -> _Surface:
    """The mesh, which all faces share."""
    face = anatomy.canonical_anatomy()
    skin, count = face.triangles, len(face.rest)
    skull = body.skull_triangles(count)
    uv = [face_mesh.canonical_mesh().uv * TEXTURE_PX, body.skull_uv()]
    triangles, layers = [skin, skull], [np.full(len(skin), 3), np.full(len(skull), 1)]
    first = count + len(uv[1])
    parts = (body.neck(), body.ear(1), body.ear(-1))
    for part, layer in zip(parts, (0, 2, 2), strict=True):
        triangles.append(part.triangles + first)
        layers.append(np.full(len(part.triangles), layer))
        uv.append(part.uv)
        first += len(part.vertices)
    joined = np.concatenate(triangles)
    return _Surface(parts, joined, np.concatenate(layers), np.concatenate(uv),
                    raster.incidence(joined, first))


class VirtualFace:
    """A 3-D head whose muscles can be set.

    Args:
        appearance: Colours and light.
        camera: The camera; it may be replaced later.
        background: (H, W, 3) uint8 RGB of the camera's size, which may be replaced too; None for
            the appearance's gradient.
    """

    def __init__(self, appearance: Appearance | None = None, camera: raster.Camera | None = None,
                 background: Image | None = None) -> None:
        self.appearance = appearance or Appearance()
        self.camera = camera or raster.Camera()
        self._anatomy = anatomy.canonical_anatomy()
        self._fields = np.stack([self._anatomy.fields[n] for n in _FIELDS])
        self._texture = paint(self.appearance)
        self.background = self._paint_background() if background is None else background
        self._surface = _surface()

    def render(self, muscles: Mapping[str, float]) -> Image:
        """(H, W, 3) uint8 RGB; muscles not named rest. Unknown names raise ConfigurationError."""
        state = complete_state(muscles)
        pose = Pose.of(state)
        vertices = self._vertices(self._skin(state, pose), pose)
        pixels, depth = self.camera.project(vertices)
        image = self.background.copy()
        eyes = np.array([self._eye_centre(eye, pose) for eye in self._anatomy.eyes])
        features = FeaturePainter(self.appearance, self.camera)
        features.draw_eyes(image, eyes, pose, pixels)
        features.draw_mouth(image, pose, pixels)
        holes = [pixels[list(ring)] for ring in _HOLES]
        raster.draw(image, pixels, depth, self._surface.triangles, self._surface.layers, holes,
                    self._attributes(vertices), self._texture)
        features.draw_rims(image, pixels)
        return image

    def landmarks(self, muscles: Mapping[str, float]) -> Array:
        """(478, 3) landmarks of the rendered image, as in `Motion.landmarks`.

        The irises have their true positions even behind closed lids.
        """
        state = complete_state(muscles)
        pose = Pose.of(state)
        irises = [_IRIS @ pose.eyes.T + self._eye_centre(eye, pose)
                  for eye in self._anatomy.eyes[::-1]]
        face = pose.move_head(self._skin(state, pose))
        points = np.concatenate([face, *irises])
        pixels, _ = self.camera.project(points)
        return np.column_stack([pixels, -points[:, 2] * self.camera.size[1] / self.camera.view_cm])

    def surface(self, muscles: Mapping[str, float]) -> tuple[Array, np.ndarray, Array]:
        """Skin, back of the head and ears in head axes: vertices in cm, triangles, uv in pixels."""
        state = complete_state(muscles)
        skin = self._skin(state, Pose.of(state))
        skull = body.skull_rings(skin[_OVAL]).reshape(-1, 3)
        neck, *ears = self._surface.parts
        head = np.concatenate([skin, skull, *(ear.vertices for ear in ears)])
        after, removed = len(skin) + len(skull), len(neck.vertices)
        triangles = self._surface.triangles
        # The neck's vertices lie between the skull's and those of the ears.
        is_neck = ((triangles >= after) & (triangles < after + removed)).any(1)
        kept = triangles[~is_neck]
        uv = np.delete(self._surface.uv, slice(after, after + removed), axis=0)
        return head, kept - removed * (kept >= after), uv

    def _skin(self, state: Mapping[str, float], pose: Pose) -> Array:
        """(468, 3) cm in head axes, before the head turns."""
        values = np.array([state[n] for n in _FIELDS])
        weights = np.stack([np.maximum(values, 0), np.maximum(-values, 0)], 1)
        face = self._anatomy.rest + np.tensordot(weights, self._fields, 2)
        face = face + self._lids(state)
        share = self._anatomy.jaw_share[:, None]
        face = face + share * (pose.move_jaw(face) - face)
        _resolve_contacts(face)
        return face * self.appearance.shape

    def _lids(self, state: Mapping[str, float]) -> Array:
        """(468, 3) displacement of the lids, which slide over the eyeballs."""
        fields = self._anatomy.fields
        total = np.zeros_like(self._anatomy.rest)
        for side in SIDES:
            for name in ('upper', 'lower'):
                value = state[f'eyelid_{name}_{side}'] - 1
                field = fields[f'lid_{name}_{side}']
                total += max(value, 0) * field[0] + min(max(-value, 0), 1.0) * field[1]
            # The upper lid squeezes with the brow, the lower one with the cheek, so that the two
            # can be told apart in an image.
            upper, lower = (max(0.0, -state[f'eyelid_{n}_{side}']) for n in ('upper', 'lower'))
            total += ((.3 * upper + .5 * lower) * fields[f'cheek_raise_{side}'][0]
                      + upper * (.45 * fields[f'brow_outer_{side}'][1]
                                 + .25 * fields[f'brow_inner_{side}'][1]))
        return total

    def _vertices(self, face: Array, pose: Pose) -> Array:
        """All vertices (V, 3) in the camera's axes, in cm."""
        skull = body.skull_rings(face[_OVAL]).reshape(-1, 3)
        parts = [p.vertices for p in self._surface.parts]
        share = np.concatenate([np.ones(len(face) + len(skull)),
                                *(p.head for p in self._surface.parts)])[:, None]
        surface = np.concatenate([face, skull, *parts])
        return surface + share * (pose.move_head(surface) - surface)

    def _eye_centre(self, centre: Array, pose: Pose) -> Array:
        at: Array = pose.head @ (centre * self.appearance.shape) + pose.head_at
        return at

    def _attributes(self, vertices: Array) -> Array:
        """(V, 3) texture coordinates and shading (Lambert, and a specular highlight)."""
        appearance = self.appearance
        normal = raster.normals(vertices, self._surface.triangles, self._surface.incidence)
        light = np.asarray(appearance.light) / np.linalg.norm(appearance.light)
        lambert = np.clip((normal @ light + .15) / 1.15, 0, None)
        half = light + (0, 0, 1)
        gloss = np.clip(normal @ (half / np.linalg.norm(half)), 0, None) ** 18
        ambient = appearance.ambient
        shade = ambient + (1.12 - ambient) * lambert + 1.5 * appearance.specular * gloss
        return np.column_stack([self._surface.uv - .5, shade])

    def _paint_background(self) -> Image:
        top, bottom = (np.asarray(c, np.float32) for c in self.appearance.background)
        width, height = self.camera.size
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        return np.repeat((top + share * (bottom - top)).astype(np.uint8), width, axis=1)


def _resolve_contacts(face: Array) -> None:
    """Moves lips and lids apart (in place) where they would pass through each other."""
    above, below = CONTACT_ABOVE, CONTACT_BELOW
    overlap = np.maximum(face[below, 1] - face[above, 1], 0) / 2
    face[above, 1] += overlap
    face[below, 1] -= overlap
