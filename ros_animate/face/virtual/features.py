"""Facial features of the virtual face that are drawn as polygons: eyes, mouth, lash lines."""
from __future__ import annotations

import cv2
import numpy as np

from ros_animate.face import face_mesh
from ros_animate.face.virtual import body, raster
from ros_animate.face.virtual.appearance import Appearance
from ros_animate.face.virtual.muscle_handles import EYEBALL_RADIUS_CM
from ros_animate.face.virtual.muscles import Pose
from ros_animate.types import Array, Image

IRIS_RADIUS_CM = 0.6


class FeaturePainter:
    """Draws eyes and mouth of one appearance, seen by one camera."""

    def __init__(self, appearance: Appearance, camera: raster.Camera) -> None:
        self._appearance, self._camera = appearance, camera

    def draw_eyes(self, image: Image, centres: Array, pose: Pose, pixels: Array) -> None:
        """Draws both eyeballs; the skin is painted over them afterwards.

        Args:
            image: (H, W, 3), changed in place.
            centres: (2, 3) centres of the left and right eyeball in cm, as the camera sees them.
            pose: Pose of the face.
            pixels: (V, 2) projected vertices.
        """
        rings = (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE)
        for centre, ring in zip(centres, rings, strict=True):
            self._draw_eyeball(image, centre, pose.eyes, pixels[list(ring)])

    def draw_mouth(self, image: Image, pose: Pose, pixels: Array) -> None:
        """Draws cavity, tongue, gums and teeth; the skin is painted over them afterwards."""
        appearance, opening = self._appearance, pixels[list(face_mesh.LIPS_INNER)]
        if cv2.contourArea(opening.astype(np.float32)) < 1.0:
            return
        self._polygon(image, opening, appearance.mouth)
        tongue = self._project(body.tongue_outline(), pose, True)
        self._polygon(image, tongue, appearance.tongue, .8)
        for upper in (False, True):
            gum = self._project(body.gum_arch(upper), pose, not upper)
            self._polygon(image, gum, appearance.gums, .85)
            self._draw_teeth(image, self._project(body.tooth_quads(upper), pose, not upper),
                             0.92 if upper else 0.82)

    def draw_rims(self, image: Image, pixels: Array) -> None:
        """Draws lash lines and the line between the lips, smooth over the polygons' steps."""
        appearance = self._appearance
        lash = tuple(int(.45 * c) for c in appearance.brows)
        skin = tuple(int(.62 * c) for c in appearance.skin)
        for ring in (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE):
            upper = pixels[[ring[0], *ring[:7:-1]]]
            lower = pixels[list(ring[:9])]
            _line(image, lower, skin, 1)
            _line(image, upper, lash, 2 if self._camera.size[1] >= 300 else 1)
        rim = tuple(int(.52 * c) for c in appearance.lips)
        _line(image, pixels[list(face_mesh.LIPS_INNER[:11])], rim, 1)
        _line(image, pixels[[*face_mesh.LIPS_INNER[10:], face_mesh.LIPS_INNER[0]]], rim, 1)

    def _draw_eyeball(self, image: Image, centre: Array, turn: Array, opening: Array) -> None:
        appearance = self._appearance
        socket = opening.mean(0) + (opening - opening.mean(0)) * 1.12
        socket[:, 1] += np.sign(socket[:, 1] - opening[:, 1].mean())
        cv2.fillPoly(image, [raster.fixed_point(socket)], appearance.sclera, cv2.LINE_AA,
                     raster.SUBPIXEL_BITS)
        dark = tuple(int(.35 * c) for c in appearance.iris)
        mid = tuple(int(.8 * c) for c in appearance.iris)
        for radius, colour in ((IRIS_RADIUS_CM, dark), (.53, mid), (.40, appearance.iris),
                               (.25, (12, 12, 14))):
            self._draw_disc(image, centre, turn, radius, colour)
        # The lamp's reflection stays where it is while the eye turns.
        light = np.asarray(appearance.light) / np.linalg.norm(appearance.light)
        highlight = light + (0, 0, 2.2)
        spot = centre + EYEBALL_RADIUS_CM * (highlight / np.linalg.norm(highlight))
        at, _ = self._camera.project(spot)
        radius = .11 * self._camera.size[1] / self._camera.view_cm
        cv2.circle(image, raster.fixed_point(at), int(radius * 16), (250, 250, 252), -1,
                   cv2.LINE_AA, raster.SUBPIXEL_BITS)
        _shade_under_lid(image, opening)

    def _draw_disc(self, image: Image, centre: Array, turn: Array, radius: float,
                   colour: tuple[int, ...]) -> None:
        """Draws a circle on the eyeball around the line of sight."""
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        depth = np.sqrt(EYEBALL_RADIUS_CM ** 2 - radius ** 2)
        circle = np.column_stack([radius * np.cos(angle), radius * np.sin(angle),
                                  np.full(24, depth)])
        pixels, _ = self._camera.project(circle @ turn.T + centre)
        cv2.fillPoly(image, [raster.fixed_point(pixels)], colour, cv2.LINE_AA,
                     raster.SUBPIXEL_BITS)

    def _draw_teeth(self, image: Image, quads: Array, light: float) -> None:
        """Draws tooth by tooth, darker to the sides and towards the gum."""
        middle = (len(quads) - 1) / 2
        for k, quad in enumerate(quads):
            bright = light * (1 - .75 * (abs(k - middle) / (middle + .5)) ** 1.5)
            self._polygon(image, quad, self._appearance.teeth, .84 * bright)
            crown = quad.copy()
            crown[:2] += .45 * (quad[[3, 2]] - quad[:2])
            self._polygon(image, crown, self._appearance.teeth, bright)

    def _project(self, points: Array, pose: Pose, jaw: bool) -> Array:
        """Pixels of points in head axes, which move with the jaw or with the skull."""
        if jaw:
            points = pose.move_jaw(points)
        points = points * self._appearance.shape
        return self._camera.project(pose.move_head(points))[0]

    def _polygon(self, image: Image, pixels: Array, colour: tuple[int, ...],
                 light: float = 1.0) -> None:
        shade = tuple(light * c for c in colour)
        cv2.fillPoly(image, [raster.fixed_point(pixels)], shade, cv2.LINE_AA,
                     raster.SUBPIXEL_BITS)


def _shade_under_lid(image: Image, opening: Array) -> None:
    """Darkens the eyeball by the upper lid's shadow."""
    x0, y0 = np.floor(opening.min(0)).astype(int) - 2
    x1, y1 = np.ceil(opening.max(0)).astype(int) + 3
    x0, y0 = max(x0, 0), max(y0, 0)
    patch = image[y0:y1, x0:x1]
    if patch.size == 0:
        return
    rows = np.linspace(0, 1, patch.shape[0], dtype=np.float32)[:, None, None]
    patch[:] = patch * (.62 + .38 * np.clip(rows * 1.8, 0, 1))


def _line(image: Image, points: Array, colour: tuple[int, ...], thickness: int) -> None:
    cv2.polylines(image, [raster.fixed_point(points)], False, colour, thickness, cv2.LINE_AA,
                  raster.SUBPIXEL_BITS)
