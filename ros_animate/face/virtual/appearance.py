"""Appearance of the virtual face: colours, light, and the texture painted from them."""
from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.face import face_mesh
from ros_animate.types import Array, Image

Colour = tuple[int, int, int]

TEXTURE_PX = 512
# Below the face the texture holds one strip of plain colour per other material.
STRIP_PX = 16
MATERIALS = ('skin', 'shell', 'neck', 'clothes')
# Fields that the texture does not depend on.
_NOT_PAINTED = ('iris', 'sclera', 'teeth', 'gums', 'tongue', 'mouth', 'background', 'light',
                'ambient', 'specular', 'shape')


@dataclass(frozen=True)
class Appearance:
    """Colours (RGB), lighting and proportions of a face.

    `light` points from the face to the lamp (x right, y up, z to the camera).

    Attributes:
        shape: Scale of the head's width, height and depth.
        cheeks: Redness of the cheeks, 0 to 1.
        brow_density: 0 (no hair) to 1.
        seams: True if the edge of a robot's face mask is drawn.
    """

    skin: Colour = (176, 178, 184)
    lips: Colour = (150, 122, 126)
    brows: Colour = (84, 84, 92)
    shell: Colour = (52, 54, 60)
    neck: Colour = (88, 90, 97)
    clothes: Colour = (44, 47, 54)
    iris: Colour = (66, 104, 138)
    sclera: Colour = (236, 237, 240)
    teeth: Colour = (236, 233, 226)
    gums: Colour = (150, 96, 98)
    tongue: Colour = (168, 96, 98)
    mouth: Colour = (34, 22, 25)
    background: tuple[Colour, Colour] = ((206, 213, 222), (150, 160, 173))
    light: tuple[float, float, float] = (-0.35, 0.55, 0.76)
    ambient: float = 0.50
    specular: float = 0.10
    cheeks: float = 0.06
    brow_density: float = 0.85
    shape: tuple[float, float, float] = (1.0, 1.0, 1.0)
    seams: bool = True


HUMAN = Appearance(
    skin=(222, 178, 152), lips=(186, 98, 98), brows=(70, 48, 36), shell=(58, 40, 30),
    neck=(206, 160, 134), clothes=(60, 84, 120), iris=(92, 66, 42), teeth=(242, 238, 228),
    gums=(190, 104, 104), tongue=(196, 104, 104), mouth=(58, 22, 24), seams=False,
    background=((190, 182, 170), (140, 132, 122)), light=(0.3, 0.5, 0.81), cheeks=0.35,
    brow_density=1.0, shape=(0.95, 1.05, 1.0))


def strip_v(material: str) -> float:
    """Texture row (pixels) of a plain material."""
    return TEXTURE_PX + STRIP_PX * (MATERIALS.index(material) + 0.5)


def paint(appearance: Appearance) -> Image:
    """The texture (TEXTURE_PX + strips, TEXTURE_PX, 3) uint8, cached independently of the light."""
    return _paint(dataclasses.replace(appearance, **{name: getattr(Appearance, name)
                                               for name in _NOT_PAINTED}))


@functools.lru_cache(maxsize=8)
def _paint(appearance: Appearance) -> Image:
    uv = face_mesh.canonical_mesh().uv * TEXTURE_PX
    canvas = np.empty((TEXTURE_PX, TEXTURE_PX, 3), np.float32)
    canvas[:] = appearance.skin
    _complexion(canvas, uv, appearance)
    _eye_sockets(canvas, uv, appearance)
    _nose(canvas, uv)
    _lips(canvas, uv, appearance)
    _brows(canvas, uv, appearance)
    if appearance.seams:
        _seams(canvas, uv)
    strips = [np.full((STRIP_PX, TEXTURE_PX, 3), getattr(appearance, material), np.float32)
              for material in MATERIALS]
    return np.clip(np.vstack([canvas, *strips]), 0, 255).astype(np.uint8)


def _mask(polygon: Array, soft_px: float) -> Array:
    """(H, W, 1) in [0, 1], soft at its edge."""
    return _drawn_mask(np.round(polygon * 16).astype(np.int32).tobytes(), soft_px)


@functools.lru_cache(maxsize=64)
def _drawn_mask(polygon: bytes, soft_px: float) -> Array:
    """Cached, since all faces share the texture coordinates; polygon in 1/16 pixels."""
    mask = np.zeros((TEXTURE_PX, TEXTURE_PX), np.float32)
    points = np.frombuffer(polygon, np.int32).reshape(-1, 2)
    cv2.fillPoly(mask, [points], 1.0, cv2.LINE_8, 4)
    return cv2.GaussianBlur(mask, (0, 0), soft_px)[..., None]


def _blend(canvas: Array, mask: Array, colour: Colour | Array) -> None:
    x, y, w, h = cv2.boundingRect((mask[..., 0] > 0).view(np.uint8))
    window = canvas[y:y + h, x:x + w]
    window += mask[y:y + h, x:x + w] * (np.asarray(colour, np.float32) - window)


def _blob(centre: Array, radius: tuple[float, float], soft_px: float) -> Array:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return _mask(centre + np.stack([np.cos(angle), np.sin(angle)], 1) * radius, soft_px)


@functools.lru_cache(maxsize=1)
def _grain() -> tuple[Array, ...]:
    """(H, W, 1) layers of skin noise, fine to coarse."""
    rng = np.random.default_rng(0)
    layers = []
    for sigma, strength in ((1.2, 5.0), (6.0, 5.0), (24.0, 7.0)):
        noise = cv2.GaussianBlur(rng.standard_normal((TEXTURE_PX, TEXTURE_PX)).astype(np.float32),
                                 (0, 0), sigma)
        layers.append((strength * noise / noise.std() * 0.35)[..., None])
    return tuple(layers)


def _complexion(canvas: Array, uv: Array, appearance: Appearance) -> None:
    """Adds grain and redness: trackers need skin that is not perfectly even."""
    for grain in _grain():
        canvas += grain
    red = np.asarray(appearance.skin, np.float32) * (1.0, .80, .80)
    for vertex in (425, 205):
        _blend(canvas, appearance.cheeks * _blob(uv[vertex], (42, 34), 18), red)
    _blend(canvas, 0.6 * appearance.cheeks * _blob(uv[4], (22, 18), 9), red)


def _eye_sockets(canvas: Array, uv: Array, appearance: Appearance) -> None:
    shade = np.asarray(appearance.skin, np.float32) * .74
    for ring, crease in ((face_mesh.LEFT_EYE, (263, 467, 260, 259, 257, 258, 286, 414)),
                         (face_mesh.RIGHT_EYE, (33, 247, 30, 29, 27, 28, 56, 190))):
        eye = uv[list(ring)]
        centre = eye.mean(0)
        _blend(canvas, .42 * _mask(centre + (eye - centre) * (1.35, 2.0), 9), shade)
        line = np.zeros(canvas.shape[:2], np.float32)
        cv2.polylines(line, [np.round(uv[list(crease)] * 16).astype(np.int32)], False, 1.0, 3,
                      cv2.LINE_AA, 4)
        _blend(canvas, .5 * cv2.GaussianBlur(line, (0, 0), 1.6)[..., None], shade * .8)


def _nose(canvas: Array, uv: Array) -> None:
    for nostril, wing in ((237, 220), (457, 440)):
        centre = uv[nostril] * .6 + uv[wing] * .4
        _blend(canvas, .75 * _blob(centre, (9, 5), 2.5), canvas.mean((0, 1)) * .28)
    for side in ((129, 203), (358, 423)):
        line = np.zeros(canvas.shape[:2], np.float32)
        cv2.line(line, *(tuple(int(c) for c in uv[v]) for v in side), 1.0, 5, cv2.LINE_AA)
        _blend(canvas, .35 * cv2.GaussianBlur(line, (0, 0), 5)[..., None],
               canvas.mean((0, 1)) * .7)


def _lips(canvas: Array, uv: Array, appearance: Appearance) -> None:
    outer = uv[list(face_mesh.LIPS_OUTER)]
    _blend(canvas, _mask(outer, 2.2), appearance.lips)
    rim = np.zeros(canvas.shape[:2], np.float32)
    inner = uv[list(face_mesh.LIPS_INNER)]
    cv2.polylines(rim, [np.round(inner * 16).astype(np.int32)], True, 1.0, 7, cv2.LINE_AA, 4)
    _blend(canvas, .55 * cv2.GaussianBlur(rim, (0, 0), 2.5)[..., None],
           np.asarray(appearance.lips, np.float32) * .62)
    _blend(canvas, .35 * _blob(uv[17] * .45 + uv[14] * .55, (22, 3), 4),
           np.minimum(np.asarray(appearance.lips, np.float32) * 1.3, 255))
    _blend(canvas, .30 * _blob(uv[18], (26, 5), 5), np.asarray(appearance.skin, np.float32) * .72)


def _brows(canvas: Array, uv: Array, appearance: Appearance) -> None:
    """Draws brows hair by hair: upwards at the inner end, along the brow at the outer end."""
    rng = np.random.default_rng(1)
    for ring in (face_mesh.LEFT_BROW, face_mesh.RIGHT_BROW):
        lower, upper = uv[list(ring[:5])], uv[list(ring[5:])]
        hair = np.zeros(canvas.shape[:2], np.float32)
        for _ in range(int(420 * appearance.brow_density)):
            along, across = rng.uniform(0, 4), rng.uniform(.08, .92)
            k, t = min(int(along), 3), along - min(int(along), 3)
            base = (1 - t) * lower[k] + t * lower[k + 1]
            top = (1 - t) * upper[k] + t * upper[k + 1]
            root = base + across * (top - base)
            outward = (lower[max(k - 1, 0)] - lower[k + 1])
            tip = root + 7 * (outward / np.linalg.norm(outward) * (1 - along / 5)
                              + .5 * (top - base) / np.linalg.norm(top - base))
            ends = [tuple(int(c) for c in np.round(p * 16)) for p in (root, tip)]
            cv2.line(hair, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
        body = _mask(np.vstack([lower, upper[::-1]]), 2.5)[..., 0] * .55 * appearance.brow_density
        mask = np.maximum(cv2.GaussianBlur(hair, (0, 0), .7), body)
        _blend(canvas, mask[..., None], appearance.brows)


def _seams(canvas: Array, uv: Array) -> None:
    line = np.zeros(canvas.shape[:2], np.float32)
    oval = uv[list(face_mesh.FACE_OVAL)]
    oval = oval.mean(0) + (oval - oval.mean(0)) * .985
    cv2.polylines(line, [np.round(oval * 16).astype(np.int32)], True, 1.0, 3, cv2.LINE_AA, 4)
    _blend(canvas, .6 * cv2.GaussianBlur(line, (0, 0), 1.0)[..., None],
           canvas.mean((0, 1)) * .45)
