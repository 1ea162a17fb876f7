"""The mouth's interior between the lips: the source's own if its mouth is open, else rendered."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.mesh_warp.control_points import LOWER_LIP, UPPER_LIP
from ros_animate.animation.mesh_warp.lips import CHIN, mouth_opening
from ros_animate.animation.mesh_warp.opening import Opening
from ros_animate.animation.mesh_warp.teeth import TeethRow
from ros_animate.animation.mesh_warp.warp import Region
from ros_animate.face.head_pose import HeadPose, PosedShape
from ros_animate.types import Array, Image

# Opening of a source's mouth, in mouth widths, from which its own interior is used.
_OPEN = 0.08
_UPPER_MIDDLE, _LOWER_MIDDLE = 13, 14
_FACE = (50, 280, 101, 330, 36, 266, 151)
# Shares of the source's interior that move with the upper and with the lower lip.
_WITH_UPPER, _WITH_LOWER = 0.6, 0.4


@dataclass(frozen=True)
class Palette:
    """(3,) float32 colours of a mouth's interior."""

    enamel: Array
    gum: Array
    tongue: Array
    cavity: Array

    @classmethod
    def of(cls, image: Image, landmarks: Array) -> Palette:
        """Matches the brightness and hue of a portrait with these (478, 3) landmarks."""
        lips = _median_colour(image, landmarks, [i for ring in (*UPPER_LIP[:2], *LOWER_LIP[:2])
                                                 for i in ring[2:-2]])
        face = _median_colour(image, landmarks, _FACE)
        brightest = max(float(face.max()), 1.0)
        light = float(np.clip(1.05 * brightest / 255.0, 0.25, 0.92))
        enamel = 255.0 * light * (0.75 + 0.25 * face / brightest)
        return cls(*(colour.astype(np.float32)
                     for colour in (enamel, 0.8 * lips, 0.85 * lips, 0.2 * lips)))


def _median_colour(image: Image, landmarks: Array, indices: list[int] | tuple[int, ...]) -> Array:
    x, y = landmarks[list(indices), :2].round().astype(int).T
    inside = image[np.clip(y, 0, image.shape[0] - 1), np.clip(x, 0, image.shape[1] - 1)]
    return np.median(inside.astype(float), axis=0)


@dataclass(frozen=True)
class _Cavity:
    """Local coordinates of the pixels in an open mouth: along in widths, height, edges' heights."""

    opening: Opening
    along: Array
    height: Array
    edges: tuple[Array, Array]


class Interior:
    """The interior of the source's mouth, as a layer under the lips."""

    def __init__(self, image: Image, source: PosedShape) -> None:
        """Prepares palette, teeth and tongue of a source: (H, W, 3) image and the face in it."""
        self._image = image
        self._rest_shape = source.shape
        landmarks = source.landmarks()
        self._rest = mouth_opening(landmarks)
        self._source_is_open = self._rest.gap > _OPEN * self._rest.width
        self._palette = Palette.of(image, landmarks)
        upper, lower = source.shape[_UPPER_MIDDLE], source.shape[_LOWER_MIDDLE]
        self._half = 0.5 * abs(float(source.shape[LOWER_LIP[-1][-1], 0]
                                     - source.shape[LOWER_LIP[-1][0], 0]))
        # The upper teeth show a little below the lip; the lower ones bite behind them.
        bite = np.array([0.5 * (upper + lower)[0], upper[1] - 0.11 * self._half,
                         0.5 * (upper + lower)[2] - 0.6])
        self._upper_teeth = TeethRow.upper(bite, self._half)
        self._lower_teeth = TeethRow.lower(bite, self._half)
        self._tongue = bite - (0.0, 0.32 * self._half, 1.2)

    def draw(self, target: PosedShape, opening: Opening, size: tuple[int, int],
             ) -> list[tuple[Region, Array, Array]]:
        """Layers: region, (h, w, 3) premultiplied colours, (h, w) coverage; none on closed lips.

        Args:
            target: The target face.
            opening: The slit between its lips in pixels of the output.
            size: (width, height) of the output.
        """
        if opening.gap < 0.5:
            return []
        landmarks = target.landmarks()
        region = Region.around(landmarks[list(UPPER_LIP[-1] + LOWER_LIP[-1]), :2], 2.0, size)
        along, height = opening.to_local(region.grid(int(region.height), int(region.width)))
        cavity = _Cavity(opening, along, height, opening.edges(along))
        colour = self._rendered(cavity, target)
        if self._source_is_open:
            colour = self._blend_source_interior(colour, cavity)
        coverage = opening.coverage(along, height, cavity.edges)
        return [(region, colour * coverage[..., None], coverage)]

    def _rendered(self, cavity: _Cavity, target: PosedShape) -> Array:
        """(h, w, 3) float32: tongue, lower teeth, upper teeth, shaded by the lips."""
        jaw = self._jaw(target.shape)
        colour = np.empty((*cavity.along.shape, 3), np.float32)
        colour[:] = self._palette.cavity
        self._add_tongue(colour, cavity, target.pose, jaw)
        beside = np.minimum(2.0 * np.abs(cavity.along), 1.0)
        sides = 1.0 - 0.75 * beside * beside * beside
        for row, offset in ((self._lower_teeth, jaw), (self._upper_teeth, np.zeros(3))):
            enamel, gum, coverage = row.render(target.pose, offset, cavity.opening, cavity.along,
                                               cavity.height)
            tooth = enamel[..., None] * self._palette.enamel
            tooth += gum[..., None] * (self._palette.gum - tooth)
            colour += coverage[..., None] * (sides[..., None] * tooth - colour)
        upper, lower = cavity.edges
        deep = np.minimum(cavity.height - upper, 1.5 * (lower - cavity.height))
        light = 0.5 + 0.5 * np.clip(deep / (0.45 * target.pose.scale), 0.0, 1.0)
        return (colour * light[..., None]).astype(np.float32)

    def _jaw(self, shape: Array) -> Array:
        """(3,) displacement of the lower teeth in cm."""
        change = shape - self._rest_shape
        moved = change[list(CHIN)].mean(axis=0) * (1.0, 1.0, 0.3)
        # The skin of the chin lags behind the bone when the mouth opens.
        moved[1] = min(moved[1], 0.5 * change[_LOWER_MIDDLE, 1])
        return moved

    def _add_tongue(self, colour: Array, cavity: _Cavity, pose: HeadPose, jaw: Array) -> None:
        along, height = cavity.opening.to_local(pose.project((self._tongue + jaw)[None])[0, :2])
        half = self._half * pose.scale
        across = (cavity.along - along) * (cavity.opening.width / (0.75 * half))
        distance = across**2 + ((cavity.height - height) / (0.6 * half)) ** 2
        light = np.clip(1.1 - 0.6 * distance, 0.3, 1.0)[..., None]
        share = np.clip(3.0 - 3.0 * distance, 0.0, 1.0)[..., None]
        colour += share * (self._palette.tongue * light - colour)

    def _blend_source_interior(self, colour: Array, cavity: _Cavity) -> Array:
        """`colour` blended with the source's own interior, which keeps its size at either lip."""
        rest = self._rest
        upper, lower = rest.edges(cavity.along)
        space = np.maximum(lower - upper, 1e-3)
        scale = cavity.opening.width / rest.width
        from_upper = (cavity.height - cavity.edges[0]) / scale
        from_lower = (cavity.edges[1] - cavity.height) / scale
        crowded = np.minimum((from_upper + from_lower) / space, 1.0)
        there = np.where(from_upper < _WITH_UPPER * space * crowded, upper + from_upper,
                         lower - from_lower)
        own = cv2.remap(self._image, rest.to_pixels(cavity.along, there), None, cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_REPLICATE)
        beyond = np.minimum(from_upper - _WITH_UPPER * space, from_lower - _WITH_LOWER * space)
        share = np.clip(1.0 - beyond / (0.06 * rest.width), 0.0, 1.0)[..., None]
        return colour + share * (own - colour)
