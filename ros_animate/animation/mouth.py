"""A mouth that opens: lips that part, and what is seen between them."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation import teeth
from ros_animate.animation.controls import LOWER_LIP, UPPER_LIP, Controls, edge_points
from ros_animate.animation.opening import Opening
from ros_animate.animation.warp import Box, SmoothField, enlarge, invert
from ros_animate.motion.head_pose import PosedShape
from ros_animate.types import Array, Image

_GRID = 32
_CHIN = (152, 175, 199, 148, 377)
# A source mouth that is open further than this, in mouth widths, shows its own interior.
_OPEN = 0.08


def mouth_opening(landmarks: Array) -> Opening:
    """The slit between the lips, from (478, 2 or 3) landmarks in pixels."""
    return Opening.of(landmarks[list(UPPER_LIP[-1]), :2], landmarks[list(LOWER_LIP[-1]), :2])


class Lips:
    """The warp around the mouth: two smooth fields, one for each lip, that part at the slit."""

    def __init__(self, controls: Controls, landmarks: Array, size: tuple[int, int]) -> None:
        self._size = size
        around = landmarks[[i for lip in (UPPER_LIP, LOWER_LIP) for i in lip[0]] + list(_CHIN), :2]
        self._margin = 0.35 * float(np.ptp(around[:, 0]))
        self._box = Box.around(around, self._margin, size)
        upper, lower = ({i for ring in lip for i in ring[1:-1]} for lip in (UPPER_LIP, LOWER_LIP))
        self._fields = []
        for other in (lower, upper):
            index = controls.without(tuple(other))
            field = SmoothField(self._box, _GRID, _GRID, controls.points[index],
                                edge_points(size), controls.smoothing[index])
            self._fields.append((index, field))

    def part(self, sources: Array, moved: Array, landmarks: Array, opening: Opening) -> None:
        """Writes the source pixels around the mouth into `sources`, (H, W, 2).

        Args:
            sources: Those of the whole picture.
            moved: (P, 2) displacements of the control points.
            landmarks: (478, 3) pixels of the output.
            opening: The slit between the lips there.
        """
        lips = landmarks[[i for lip in (UPPER_LIP, LOWER_LIP) for i in lip[0]], :2]
        box = Box.around(lips, self._margin, self._size)
        region = box.slices()
        shape = sources[region].shape[:2]
        nodes = box.nodes(_GRID, _GRID)
        pixels = box.nodes(*shape)
        upper, lower = (enlarge(invert(field.displacement(moved[index]), self._box, nodes),
                                shape[::-1]) for index, field in self._fields)
        below = _below(opening, pixels)[..., None]
        here = pixels - (upper + below * (lower - upper))
        sources[region] += _fade(shape)[..., None] * (here - sources[region])


def _below(opening: Opening, pixels: Array) -> Array:
    """0 above the slit and 1 below it; beyond the corners the change is ever softer."""
    along, height = opening.local(pixels)
    upper, lower = opening.edges(along)
    softness = 1.0 + 0.8 * opening.width * np.maximum(np.abs(along) - 0.48, 0.0)
    return np.clip((height - 0.5 * (upper + lower)) / softness + 0.5, 0.0, 1.0).astype(np.float32)


def _fade(shape: tuple[int, int]) -> Array:
    """(h, w) 1 inside, falling to 0 at the border."""
    ramps = [np.clip(np.minimum(np.arange(n) + 0.5, n - 0.5 - np.arange(n)) / (0.16 * n), 0, 1)
             for n in shape]
    return np.outer(*(ramp * ramp * (3.0 - 2.0 * ramp) for ramp in ramps)).astype(np.float32)


@dataclass(frozen=True)
class Palette:
    """(3,) colours of what is inside a mouth."""

    enamel: Array
    gum: Array
    tongue: Array
    cavity: Array

    @classmethod
    def of(cls, image: Image, landmarks: Array) -> Palette:
        """In the light and the hue of a portrait with these (478, 3) landmarks."""
        places = landmarks[[i for ring in (*UPPER_LIP[:2], *LOWER_LIP[:2]) for i in ring[2:-2]], :2]
        lips = _median_colour(image, places)
        face = _median_colour(image, landmarks[[50, 280, 101, 330, 36, 266, 151], :2])
        light = face.max() / 255.0
        tint = face / max(face.max(), 1.0)
        enamel = 255.0 * np.clip(1.05 * light, 0.25, 0.92) * (0.75 + 0.25 * tint)
        return cls(enamel, 0.8 * lips, 0.85 * lips, 0.2 * lips)


def _median_colour(image: Image, places: Array) -> Array:
    x = np.clip(places[:, 0].round().astype(int), 0, image.shape[1] - 1)
    y = np.clip(places[:, 1].round().astype(int), 0, image.shape[0] - 1)
    return np.median(image[y, x].astype(float), axis=0)


class Interior:
    """What is seen between the lips: the source's own mouth if it is open, else a drawn one."""

    def __init__(self, image: Image, source: PosedShape) -> None:
        self._image = image
        self._source = source
        landmarks = source.landmarks()
        self._rest = mouth_opening(landmarks)
        self._own = self._rest.gap > _OPEN * self._rest.width
        self._palette = Palette.of(image, landmarks)
        self._paintings = [teeth.paint(True), teeth.paint(False)]
        shape = source.shape
        middle = 0.5 * (shape[13] + shape[14])
        half = 0.5 * abs(float(shape[308, 0] - shape[78, 0]))
        bite = np.array([middle[0], shape[13, 1] - 0.11 * half, middle[2] - 0.6])
        self._arches = [teeth.Arch(bite, 1.15 * half, 2.2, 0.5 * half),
                        teeth.Arch(bite + (0, -0.06 * half, -0.3), 1.0 * half, 2.0, -0.4 * half)]
        self._tongue = bite + (0, -0.12 * half, -1.2)
        self._half = half

    def draw(self, target: PosedShape, opening: Opening, size: tuple[int, int],
             ) -> list[tuple[Box, Array, Array]]:
        """Layers: box, (h, w, 3) colours, (h, w) coverage; none while the lips are closed."""
        if opening.gap < 0.5:
            return []
        landmarks = target.landmarks()
        box = Box.around(landmarks[list(UPPER_LIP[-1] + LOWER_LIP[-1]), :2], 2.0, size)
        pixels = box.nodes(int(box.height), int(box.width))
        along, height = opening.local(pixels)
        edges = opening.edges(along)
        colour = self._synthetic(target, opening, along, height, edges)
        if self._own:
            colour = self._with_own(colour, opening, along, height, edges)
        return [(box, colour, opening.coverage(along, height, edges))]

    def _jaw(self, shape: Array) -> Array:
        """(3,) cm that the lower teeth have moved."""
        change = shape - self._source.shape
        moved = change[list(_CHIN)].mean(axis=0) * (1.0, 1.0, 0.3)
        # The skin of the chin lags behind the bone when the mouth opens.
        moved[1] = min(moved[1], 0.5 * change[14, 1])
        return moved

    def _synthetic(self, target: PosedShape, opening: Opening, along: Array, height: Array,
                   edges: tuple[Array, Array]) -> Array:
        centimetre = target.pose.scale
        jaw = self._jaw(target.shape)
        palette = self._palette
        colour = np.broadcast_to(palette.cavity, (*along.shape, 3)).copy()
        across = along * opening.width
        tongue = opening.local(target.pose.project((self._tongue + jaw)[None])[0, :2])
        blob = (((across - tongue[0] * opening.width) / (0.75 * self._half * centimetre)) ** 2
                + ((height - tongue[1] - 0.2 * self._half * centimetre)
                   / (0.6 * self._half * centimetre)) ** 2)
        share = np.clip((1.0 - blob) * 3.0, 0.0, 1.0)[..., None]
        light = np.clip(1.1 - 0.6 * blob, 0.3, 1.0)[..., None]
        colour += share * (palette.tongue * light - colour)
        for arch, painting, motion in ((self._arches[1], self._paintings[1], jaw),
                                       (self._arches[0], self._paintings[0], np.zeros(3))):
            moved = teeth.Arch(arch.edge + motion, arch.half_width, arch.depth, arch.height)
            lines = [np.stack(opening.local(line), axis=1) * (opening.width, 1.0)
                     for line in moved.placed(target.pose)]
            shade, gum, share = cv2.split(
                teeth.sample(painting, teeth.look_up(*lines, across, height)))
            tooth = shade[..., None] * palette.enamel
            tooth += gum[..., None] * (palette.gum - tooth)
            side = 1.0 - 0.75 * np.clip(2.0 * np.abs(along), 0, 1) ** 3
            colour += share[..., None] * (side[..., None] * tooth - colour)
        # The lips throw a shadow on what lies behind them.
        deep = np.minimum(height - edges[0], 1.5 * (edges[1] - height)) / (0.45 * centimetre)
        return (colour * (0.5 + 0.5 * np.clip(deep, 0.0, 1.0))[..., None]).astype(np.float32)

    def _with_own(self, colour: Array, opening: Opening, along: Array, height: Array,
                  edges: tuple[Array, Array]) -> Array:
        """`colour` under the source's own interior, which keeps its size at either lip."""
        rest = self._rest
        upper, lower = rest.edges(along)
        space = np.maximum(lower - upper, 1e-3)
        scale = opening.width / rest.width
        from_upper, from_lower = (height - edges[0]) / scale, (edges[1] - height) / scale
        crowded = np.minimum((from_upper + from_lower) / space, 1.0)
        near_upper = from_upper < 0.6 * space * crowded
        there = np.where(near_upper, upper + from_upper, lower - from_lower)
        normal = np.array([-rest.axis[1], rest.axis[0]])
        places = (rest.middle + (along * rest.width)[..., None] * rest.axis
                  + there[..., None] * normal).astype(np.float32)
        own = cv2.remap(self._image, places, None, cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        excess = np.minimum(from_upper - 0.6 * space, from_lower - 0.4 * space)
        share = np.clip(1.0 - excess / (0.06 * rest.width), 0.0, 1.0)[..., None]
        return colour + share * (own - colour)
