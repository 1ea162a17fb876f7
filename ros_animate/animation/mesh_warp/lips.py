"""Warp around the mouth that is discontinuous between the lips."""
from __future__ import annotations

import numpy as np

from ros_animate.animation.mesh_warp.control_points import (
    LOWER_LIP,
    UPPER_LIP,
    ControlPoints,
    edge_points,
)
from ros_animate.animation.mesh_warp.opening import Opening
from ros_animate.animation.mesh_warp.warp import (
    Region,
    ThinPlateSpline,
    invert_displacement,
    upsample,
)
from ros_animate.types import Array

CHIN = (152, 175, 199, 148, 377)
_GRID = 28
_OUTLINE = [i for lip in (UPPER_LIP, LOWER_LIP) for i in lip[0]]


def mouth_opening(landmarks: Array) -> Opening:
    """The slit between the lips, from (478, 2 or 3) landmarks in pixels."""
    return Opening.of(landmarks[list(UPPER_LIP[-1]), :2], landmarks[list(LOWER_LIP[-1]), :2])


class Lips:
    """Two smooth warps, one for each lip, joined along the slit between the lips.

    No smooth warp can open a closed mouth. Each of the two ignores the other lip; the one is used
    above the slit, the other below it, and around the mouth they agree.
    """

    def __init__(self, controls: ControlPoints, landmarks: Array, size: tuple[int, int]) -> None:
        """Prepares both warps.

        Args:
            controls: Control points of the source.
            landmarks: (478, 3) of the source in pixels.
            size: (width, height) of the image.
        """
        self._size = size
        around = landmarks[_OUTLINE + list(CHIN), :2]
        self._margin = 0.35 * float(np.ptp(around[:, 0]))
        self._region = Region.around(around, self._margin, size)
        near = self._region.contains(controls.points, 2.0 * self._margin)
        self._splines = []
        for other in (LOWER_LIP, UPPER_LIP):
            index = controls.without(tuple(i for ring in other for i in ring[1:-1]))
            index = index[near[index]]
            spline = ThinPlateSpline(self._region, _GRID, _GRID, controls.points[index],
                                     edge_points(size), controls.smoothing[index])
            self._splines.append((index, spline))

    def warp(self, sources: Array, pixels: Array, displacements: Array, landmarks: Array,
             opening: Opening) -> None:
        """Writes the source pixels around the mouth into `sources`, (H, W, 2).

        Args:
            sources: Source pixels of the whole image, changed in place.
            pixels: (H, W, 2) coordinates of every output pixel.
            displacements: (P, 2) displacements of the control points.
            landmarks: (478, 3) pixels of the output.
            opening: The slit between the lips in the output.
        """
        region = Region.around(landmarks[_OUTLINE, :2], self._margin, self._size)
        inside = region.slices()
        shape = int(region.height), int(region.width)
        nodes = region.grid(_GRID, _GRID)
        upper, lower = (
            upsample(invert_displacement(spline.displacement(displacements[index]), self._region,
                                         nodes), (shape[1], shape[0]))
            for index, spline in self._splines)
        here = pixels[inside] - upper
        here -= _lower_lip_weight(opening, pixels[inside])[..., None] * (lower - upper)
        sources[inside] += _border_weight(shape)[..., None] * (here - sources[inside])


def _lower_lip_weight(opening: Opening, pixels: Array) -> Array:
    """Weight of the lower lip's warp: 0 above the slit, 1 below, softer beyond the corners."""
    along, height = opening.to_local(pixels)
    upper, lower = opening.edges(along)
    softness = 1.0 + np.float32(0.8 * opening.width) * np.maximum(np.abs(along) - 0.48, 0.0)
    return np.clip((height - 0.5 * (upper + lower)) / softness + 0.5, 0.0, 1.0)


def _border_weight(shape: tuple[int, int]) -> Array:
    """(h, w) blending weight: 1 inside, falling to 0 at the border."""
    ramps = [np.clip(np.minimum(np.arange(n) + 0.5, n - 0.5 - np.arange(n)) / (0.16 * n), 0, 1)
             for n in shape]
    rows, columns = (ramp * ramp * (3.0 - 2.0 * ramp) for ramp in ramps)
    return np.outer(rows, columns).astype(np.float32)
