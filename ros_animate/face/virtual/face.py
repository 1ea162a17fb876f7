"""The virtual face: muscles in, picture out."""
from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.face import face_mesh
from ros_animate.face.virtual import anatomy, body, raster
from ros_animate.face.virtual.appearance import TEXTURE_PX, Appearance, paint
from ros_animate.types import Array, Image

SIDES = ('left', 'right')
# Every muscle with its resting value. Fields run from -1 to 1 and rest at 0; lids: -1 squeezed,
# 0 closed, 1 open (rest), 2 wide; jaw_open 0 to 1; angles in degrees: yaw and gaze positive to the
# face's left, pitch positive down, gaze_elevation positive up, roll positive to the right ear.
MUSCLES: dict[str, float] = {
    **{f'{name}_{side}': rest for name, rest in (
        ('brow_inner', 0), ('brow_outer', 0), ('cheek_raise', 0), ('eyelid_upper', 1),
        ('eyelid_lower', 1), ('lip_corner_raise', 0), ('lip_corner_stretch', 0),
        ('lip_top_raise', 0), ('lip_bottom_depress', 0)) for side in SIDES},
    **dict.fromkeys((
        'lip_top_raise_middle', 'lip_bottom_depress_middle', 'lip_top_curl', 'lip_bottom_curl',
        'nose_wrinkle', 'jaw_open', 'jaw_sideways', 'gaze_azimuth', 'gaze_elevation',
        'head_yaw', 'head_pitch', 'head_roll', 'neck_pitch', 'neck_roll'), 0.0)}
EYE_RANGE_DEG = (42.0, 30.0)  # how far the eyeballs turn sideways and up or down
_HOLES = (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE, face_mesh.LIPS_INNER)
_OVAL = np.array(face_mesh.FACE_OVAL)
_IRIS_CM = 0.6
# Middle of an iris that looks ahead, then what is right, top, left and bottom of it in the picture.
_IRIS = np.column_stack([_IRIS_CM * np.array([(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1)]),
                         np.r_[anatomy.EYEBALL_RADIUS_CM,
                               np.full(4, (anatomy.EYEBALL_RADIUS_CM ** 2 - _IRIS_CM ** 2) ** .5)]])
_FIELDS = tuple(n for n in MUSCLES if n in anatomy.canonical_anatomy().fields)


@dataclass(frozen=True)
class _Pose:
    """Rigid motions of one moment: rotation and offset of head and neck, turn of the jaw."""

    head: Array
    head_at: Array
    jaw: Array
    jaw_shift: Array


@dataclass(frozen=True)
class _Surface:
    """All that is painted, as one vertex list: skin, back of the head, ears, neck.

    Attributes:
        parts: What is not skin or back of the head.
        triangles: (T, 3).
        layers: (T,) drawn in this order, back to front.
        uv: (V, 2) texture pixels.
        incidence: As `raster.incidence`.
    """

    parts: tuple[body.Part, ...]
    triangles: np.ndarray
    layers: np.ndarray
    uv: Array
    incidence: np.ndarray


@functools.lru_cache(maxsize=1)
def _surface() -> _Surface:
    """The same for all faces."""
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
    """A 3-D head that shows what its muscles are set to.

    Args:
        appearance: Colours and light.
        camera: Where it is seen from.
        background: (H, W, 3) uint8 RGB of the camera's size; None for the appearance's gradient.
    """

    def __init__(self, appearance: Appearance | None = None, camera: raster.Camera | None = None,
                 background: Image | None = None) -> None:
        self.appearance = appearance or Appearance()
        self.camera = camera or raster.Camera()
        self._anatomy = anatomy.canonical_anatomy()
        self._fields = np.stack([self._anatomy.fields[n] for n in _FIELDS])
        self._texture = paint(self.appearance)
        self._background = self._paint_background() if background is None else background
        self._surface = _surface()

    def render(self, muscles: Mapping[str, float]) -> Image:
        """(H, W, 3) uint8 RGB; muscles not named rest. Unknown names raise ConfigurationError."""
        state = resting(muscles)
        pose = self._pose(state)
        face = self._skin(state)
        view = self._view(face, pose)
        pixels, depth = self.camera.project(view)
        picture = self._background.copy()
        self._draw_eyes(picture, state, pose, pixels)
        self._draw_mouth(picture, pose, pixels)
        holes = [pixels[list(ring)] for ring in _HOLES]
        raster.draw(picture, pixels, depth, self._surface.triangles, self._surface.layers, holes,
                    self._attributes(view), self._texture)
        self._draw_rims(picture, pixels, state)
        return picture

    def landmarks(self, muscles: Mapping[str, float]) -> Array:
        """(478, 3) landmarks of the rendered picture, as in `Motion.landmarks`.

        The irises are where they are even behind closed lids.
        """
        state = resting(muscles)
        pose = self._pose(state)
        turn = _gaze(state, pose)
        irises = [_IRIS @ turn.T + self._eye_at(eye, pose) for eye in self._anatomy.eyes[::-1]]
        face = self._skin(state) @ pose.head.T + pose.head_at
        places = np.concatenate([face, *irises])
        pixels, _ = self.camera.project(places)
        return np.column_stack([pixels, -places[:, 2] * self.camera.size[1] / self.camera.view_cm])

    def _skin(self, state: Mapping[str, float]) -> Array:
        """(468, 3) cm in head axes, before the head turns."""
        values = np.array([state[n] for n in _FIELDS])
        weights = np.stack([np.maximum(values, 0), np.maximum(-values, 0)], 1)
        face = self._anatomy.rest + np.tensordot(weights, self._fields, 2)
        face = face + self._lids(state)
        share = self._anatomy.jaw_share[:, None]
        jaw, shift = _jaw(state)
        turned = (face - anatomy.JAW_HINGE_CM) @ jaw.T + anatomy.JAW_HINGE_CM + shift
        face = face + share * (turned - face)
        _keep_apart(face)
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
            # The upper lid squeezes with the brow, the lower one with the cheek, so that a picture
            # tells which of them does.
            upper, lower = (max(0.0, -state[f'eyelid_{n}_{side}']) for n in ('upper', 'lower'))
            total += ((.3 * upper + .5 * lower) * fields[f'cheek_raise_{side}'][0]
                      + upper * (.45 * fields[f'brow_outer_{side}'][1]
                                 + .25 * fields[f'brow_inner_{side}'][1]))
        return total

    def _pose(self, state: Mapping[str, float]) -> _Pose:
        neck = rotation(0, state['neck_pitch'], state['neck_roll'])
        head = rotation(state['head_yaw'], state['head_pitch'], state['head_roll'])
        joint = body.NECK_TOP_CM - body.NECK_BASE_CM
        offset = body.NECK_BASE_CM + neck @ (joint - head @ body.NECK_TOP_CM)
        jaw, shift = _jaw(state)
        return _Pose(neck @ head, offset, jaw, shift)

    def _view(self, face: Array, pose: _Pose) -> Array:
        """All vertices (V, 3) as the camera sees them, in cm."""
        skull = body.skull_rings(face[_OVAL]).reshape(-1, 3)
        parts = [p.vertices for p in self._surface.parts]
        share = np.concatenate([np.ones(len(face) + len(skull)),
                                *(p.head for p in self._surface.parts)])[:, None]
        surface = np.concatenate([face, skull, *parts])
        return surface + share * (surface @ pose.head.T + pose.head_at - surface)

    def _attributes(self, view: Array) -> Array:
        look = self.appearance
        normal = raster.normals(view, self._surface.triangles, self._surface.incidence)
        light = np.asarray(look.light) / np.linalg.norm(look.light)
        lambert = np.clip((normal @ light + .15) / 1.15, 0, None)
        half = light + (0, 0, 1)
        gloss = np.clip(normal @ (half / np.linalg.norm(half)), 0, None) ** 18
        shade = look.ambient + (1.12 - look.ambient) * lambert + 1.5 * look.specular * gloss
        return np.column_stack([self._surface.uv - .5, shade])

    def _paint_background(self) -> Image:
        top, bottom = (np.asarray(c, np.float32) for c in self.appearance.background)
        width, height = self.camera.size
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        return np.repeat((top + share * (bottom - top)).astype(np.uint8), width, axis=1)

    # -- eyes ------------------------------------------------------------------------------------

    def _draw_eyes(self, picture: Image, state: Mapping[str, float], pose: _Pose,
                   pixels: Array) -> None:
        turn = _gaze(state, pose)
        for centre, ring in zip(self._anatomy.eyes, (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE),
                                strict=True):
            at = self._eye_at(centre, pose)
            self._draw_eyeball(picture, at, turn, pixels[list(ring)])

    def _eye_at(self, centre: Array, pose: _Pose) -> Array:
        at: Array = pose.head @ (centre * self.appearance.shape) + pose.head_at
        return at

    def _draw_eyeball(self, picture: Image, centre: Array, turn: Array, opening: Array) -> None:
        look = self.appearance
        socket = opening.mean(0) + (opening - opening.mean(0)) * 1.12
        socket[:, 1] += np.sign(socket[:, 1] - opening[:, 1].mean())
        cv2.fillPoly(picture, [raster.fixed(socket)], look.sclera, cv2.LINE_AA,
                     raster.SUBPIXEL_BITS)
        dark = tuple(int(.35 * c) for c in look.iris)
        mid = tuple(int(.8 * c) for c in look.iris)
        for radius, colour in ((_IRIS_CM, dark), (.53, mid), (.40, look.iris), (.25, (12, 12, 14))):
            self._disc(picture, centre, turn, radius, colour)
        # The lamp's reflection stays where it is while the eye turns.
        light = np.asarray(look.light) / np.linalg.norm(look.light)
        spot = centre + anatomy.EYEBALL_RADIUS_CM * _unit(light + (0, 0, 2.2))
        at, _ = self.camera.project(spot)
        radius = .11 * self.camera.size[1] / self.camera.view_cm
        cv2.circle(picture, raster.fixed(at), int(radius * 16), (250, 250, 252), -1, cv2.LINE_AA,
                   raster.SUBPIXEL_BITS)
        _shade_under_lid(picture, opening)

    def _disc(self, picture: Image, centre: Array, turn: Array, radius: float,
              colour: tuple[int, ...]) -> None:
        """A circle on the eyeball around the line of sight."""
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        depth = np.sqrt(anatomy.EYEBALL_RADIUS_CM ** 2 - radius ** 2)
        circle = np.column_stack([radius * np.cos(angle), radius * np.sin(angle),
                                  np.full(24, depth)])
        pixels, _ = self.camera.project(circle @ turn.T + centre)
        cv2.fillPoly(picture, [raster.fixed(pixels)], colour, cv2.LINE_AA, raster.SUBPIXEL_BITS)

    # -- mouth -----------------------------------------------------------------------------------

    def _draw_mouth(self, picture: Image, pose: _Pose, pixels: Array) -> None:
        """Dark cavity, tongue, gums and teeth; the skin is painted over them afterwards."""
        look, opening = self.appearance, pixels[list(face_mesh.LIPS_INNER)]
        if cv2.contourArea(opening.astype(np.float32)) < 1.0:
            return
        self._polygon(picture, opening, look.mouth)
        self._polygon(picture, self._inside(body.tongue_outline(), pose, True), look.tongue, .8)
        for upper in (False, True):
            gum = self._inside(body.gum_arch(upper), pose, not upper)
            self._polygon(picture, gum, look.gums, .85)
            self._draw_teeth(picture, self._inside(body.tooth_quads(upper), pose, not upper),
                             0.92 if upper else 0.82)

    def _draw_teeth(self, picture: Image, quads: Array, light: float) -> None:
        """Tooth by tooth, darker to the sides and, in the lips' shadow, towards the gum."""
        middle = (len(quads) - 1) / 2
        for k, quad in enumerate(quads):
            bright = light * (1 - .75 * (abs(k - middle) / (middle + .5)) ** 1.5)
            self._polygon(picture, quad, self.appearance.teeth, .84 * bright)
            crown = quad.copy()
            crown[:2] += .45 * (quad[[3, 2]] - quad[:2])
            self._polygon(picture, crown, self.appearance.teeth, bright)

    def _inside(self, points: Array, pose: _Pose, jaw: bool) -> Array:
        if jaw:
            points = ((points - anatomy.JAW_HINGE_CM) @ pose.jaw.T + anatomy.JAW_HINGE_CM
                      + pose.jaw_shift)
        points = points * self.appearance.shape
        return self.camera.project(points @ pose.head.T + pose.head_at)[0]

    def _polygon(self, picture: Image, pixels: Array, colour: tuple[int, ...],
                 light: float = 1.0) -> None:
        shade = tuple(light * c for c in colour)
        cv2.fillPoly(picture, [raster.fixed(pixels)], shade, cv2.LINE_AA, raster.SUBPIXEL_BITS)

    def _draw_rims(self, picture: Image, pixels: Array, state: Mapping[str, float]) -> None:
        """Lash lines and the line between the lips, smooth over the polygons' steps."""
        look = self.appearance
        lash = tuple(int(.45 * c) for c in look.brows)
        skin = tuple(int(.62 * c) for c in look.skin)
        for ring in (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE):
            upper = pixels[[ring[0], *ring[:7:-1]]]
            lower = pixels[list(ring[:9])]
            _line(picture, lower, skin, 1)
            _line(picture, upper, lash, 2 if self.camera.size[1] >= 300 else 1)
        rim = tuple(int(.52 * c) for c in look.lips)
        _line(picture, pixels[list(face_mesh.LIPS_INNER[:11])], rim, 1)
        _line(picture, pixels[[*face_mesh.LIPS_INNER[10:], face_mesh.LIPS_INNER[0]]], rim, 1)


def resting(muscles: Mapping[str, float]) -> dict[str, float]:
    """All muscles, those not named at rest."""
    for name in muscles:
        if name not in MUSCLES:
            raise ConfigurationError(f'the virtual face has no muscle {name!r}; '
                                     f'{suggest(name, MUSCLES)}')
    return {**MUSCLES, **muscles}


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    """Head to camera: yaw to the head's left, pitch down, roll to its right ear, (3, 3)."""
    y, p, r = np.radians([yaw_deg, pitch_deg, roll_deg])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return turn @ nod @ tilt


def _gaze(state: Mapping[str, float], pose: _Pose) -> Array:
    """(3, 3) turn of the eyeballs, as far as eyes turn."""
    azimuth = np.clip(state['gaze_azimuth'], -EYE_RANGE_DEG[0], EYE_RANGE_DEG[0])
    elevation = np.clip(state['gaze_elevation'], -EYE_RANGE_DEG[1], EYE_RANGE_DEG[1])
    turn: Array = pose.head @ rotation(azimuth, -elevation, 0)
    return turn


def _jaw(state: Mapping[str, float]) -> tuple[Array, Array]:
    """Rotation about the hinge and sideways shift in cm."""
    angle = anatomy.JAW_OPEN_DEG * state['jaw_open']
    sideways = state['jaw_sideways']
    return rotation(2.5 * sideways, angle, 0), np.array([1.0 * sideways, 0, 0])


def _keep_apart(face: Array) -> None:
    """Lips and lids press on each other, they do not pass through (in place)."""
    above, below = anatomy.CONTACT_ABOVE, anatomy.CONTACT_BELOW
    overlap = np.maximum(face[below, 1] - face[above, 1], 0) / 2
    face[above, 1] += overlap
    face[below, 1] -= overlap


def _shade_under_lid(picture: Image, opening: Array) -> None:
    """The upper lid's shadow on the eyeball."""
    x0, y0 = np.floor(opening.min(0)).astype(int) - 2
    x1, y1 = np.ceil(opening.max(0)).astype(int) + 3
    x0, y0 = max(x0, 0), max(y0, 0)
    patch = picture[y0:y1, x0:x1]
    if patch.size == 0:
        return
    rows = np.linspace(0, 1, patch.shape[0], dtype=np.float32)[:, None, None]
    patch[:] = patch * (.62 + .38 * np.clip(rows * 1.8, 0, 1))


def _line(picture: Image, points: Array, colour: tuple[int, ...], thickness: int) -> None:
    cv2.polylines(picture, [raster.fixed(points)], False, colour, thickness, cv2.LINE_AA,
                  raster.SUBPIXEL_BITS)


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)
