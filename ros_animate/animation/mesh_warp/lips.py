"""Lips that part: the warp around the mouth."""
from __future__ import annotations

import numpy as np

from ros_animate.animation.mesh_warp.control_points import (
    LOWER_LIP,
    UPPER_LIP,
    Controls,
    edge_points,
)
from ros_animate.animation.mesh_warp.opening import Opening
from ros_animate.animation.mesh_warp.warp import Box, SmoothField, enlarge, invert
from ros_animate.types import Array

CHIN = (152, 175, 199, 148, 377)
_GRID = 28
_OUTLINE = [i for lip in (UPPER_LIP, LOWER_LIP) for i in lip[0]]


def mouth_opening(landmarks: Array) -> Opening:
    """The slit between the lips, from (478, 2 or 3) landmarks in pixels."""
    return Opening.of(landmarks[list(UPPER_LIP[-1]), :2], landmarks[list(LOWER_LIP[-1]), :2])


class Lips:
    """Two smooth warps, one with the upper lip and one with the lower, that part at the slit.

    No smooth warp can open a closed mouth. Each of the two knows nothing of the other lip; above
    the slit the one holds and below it the other, and around the mouth they agree.
    """

    def __init__(self, controls: Controls, landmarks: Array, size: tuple[int, int]) -> None:
        """For a source with these (478, 3) landmarks in a picture of (width, height) pixels."""
        self._size = size
        around = landmarks[_OUTLINE + list(CHIN), :2]
        self._margin = 0.35 * float(np.ptp(around[:, 0]))
        self._box = Box.around(around, self._margin, size)
        near = self._box.holds(controls.points, 2.0 * self._margin)
        self._fields = []
        for other in (LOWER_LIP, UPPER_LIP):
            index = controls.without(tuple(i for ring in other for i in ring[1:-1]))
            index = index[near[index]]
            field = SmoothField(self._box, _GRID, _GRID, controls.points[index],
                                edge_points(size), controls.smoothing[index])
            self._fields.append((index, field))

    def part(self, sources: Array, pixels: Array, moved: Array, landmarks: Array,
             opening: Opening) -> None:
        """Writes the source pixels around the mouth into `sources`, (H, W, 2).

        Args:
            sources: Those of the whole picture.
            pixels: (H, W, 2) every pixel's own place.
            moved: (P, 2) displacements of the control points.
            landmarks: (478, 3) pixels of the output.
            opening: The slit between the lips there.
        """
        box = Box.around(landmarks[_OUTLINE, :2], self._margin, self._size)
        region = box.slices()
        shape = int(box.height), int(box.width)
        nodes = box.nodes(_GRID, _GRID)
        upper, lower = (enlarge(invert(field.displacement(moved[index]), self._box, nodes),
                                (shape[1], shape[0])) for index, field in self._fields)
        here = pixels[region] - upper
        here -= _below(opening, pixels[region])[..., None] * (lower - upper)
        sources[region] += _fade(shape)[..., None] * (here - sources[region])


def _below(opening: Opening, pixels: Array) -> Array:
    """0 above the slit and 1 below it; beyond the corners the change is ever softer."""
    along, height = opening.local(pixels)
    upper, lower = opening.edges(along)
    softness = 1.0 + np.float32(0.8 * opening.width) * np.maximum(np.abs(along) - 0.48, 0.0)
    return np.clip((height - 0.5 * (upper + lower)) / softness + 0.5, 0.0, 1.0)


def _fade(shape: tuple[int, int]) -> Array:
    """(h, w) 1 inside, falling to 0 at the border."""
    ramps = [np.clip(np.minimum(np.arange(n) + 0.5, n - 0.5 - np.arange(n)) / (0.16 * n), 0, 1)
             for n in shape]
    rows, columns = (ramp * ramp * (3.0 - 2.0 * ramp) for ramp in ramps)
    return np.outer(rows, columns).astype(np.float32)
