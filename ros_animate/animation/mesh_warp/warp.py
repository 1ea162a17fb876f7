"""Image warps by scattered data interpolation of control points' displacements.

The displacement of every grid node is linear in the displacements of the control points, so the
thin-plate spline is solved once per image and a frame costs one matrix product. Images are sampled
backwards, so the forward displacement is inverted on the coarse grid and upsampled afterwards.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.types import Array


@dataclass(frozen=True)
class Region:
    """A rectangular region of an image in pixels: left, top, width, height."""

    left: float
    top: float
    width: float
    height: float

    def grid(self, rows: int, columns: int) -> Array:
        """(rows, columns, 2) centres of equal cells, x and y in pixels."""
        x = self.left - 0.5 + (np.arange(columns) + 0.5) * self.width / columns
        y = self.top - 0.5 + (np.arange(rows) + 0.5) * self.height / rows
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)

    @classmethod
    def around(cls, points: Array, margin: float, size: tuple[int, int]) -> Region:
        """Whole pixels around (N, 2) points, clipped to an image of (width, height)."""
        low = np.floor(np.clip(points.min(axis=0) - margin, 0, np.subtract(size, 2)))
        high = np.ceil(np.clip(points.max(axis=0) + margin, low + 2, size))
        return cls(*(float(v) for v in (*low, *(high - low))))

    def contains(self, points: Array, margin: float) -> np.ndarray:
        """(N,) True for each of (N, 2) points inside the region or within a margin around it."""
        low = np.array([self.left, self.top]) - margin
        high = low + np.array([self.width, self.height]) + 2.0 * margin
        return np.all((points > low) & (points < high), axis=1)

    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of a region of whole pixels."""
        left, top = int(self.left), int(self.top)
        return slice(top, top + int(self.height)), slice(left, left + int(self.width))


class ThinPlateSpline:
    """A thin-plate spline, evaluated on a grid over a region.

    Source: Bookstein, "Principal warps: thin-plate splines and the
    decomposition of deformations", 1989, equations 8 to 12; smoothing as in Wahba, "Spline models
    for observational data", 1990, section 2.4.
    """

    def __init__(self, region: Region, rows: int, columns: int, points: Array, fixed: Array,
                 smoothing: Array) -> None:
        """Solves the spline.

        Args:
            region: The region.
            rows: Rows of the grid.
            columns: Columns of the grid.
            points: (P, 2) pixels of the movable control points.
            fixed: (F, 2) pixels of the control points that never move.
            smoothing: (P,) regularisation of each movable point: 0 interpolates it.
        """
        self.region = region
        self.shape = (rows, columns)
        unit = max(float(np.ptp(fixed, axis=0).max()), 1.0)
        controls = np.concatenate([points, fixed]) / unit
        nodes = region.grid(rows, columns).reshape(-1, 2) / unit
        count = len(controls)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(controls, controls)
        system[range(len(points)), range(len(points))] += smoothing
        system[:count, count:] = _affine(controls)
        system[count:, :count] = system[:count, count:].T
        rows_of_nodes = np.hstack([_kernel(nodes, controls), _affine(nodes)])
        operator = np.linalg.solve(system, rows_of_nodes.T).T[:, :len(points)]
        self._operator = np.ascontiguousarray(operator, np.float32)

    def displacement(self, displacements: Array) -> Array:
        """(P, 2) displacements of the control points to those of the grid, (rows, columns, 2)."""
        return (self._operator @ displacements.astype(np.float32)).reshape(*self.shape, 2)


def _kernel(a: Array, b: Array) -> Array:
    """(A, B) thin-plate kernel r^2 log r^2 between (A, 2) and (B, 2) points."""
    squared = ((a[:, None] - b) ** 2).sum(axis=2)
    return squared * np.log(np.maximum(squared, 1e-12))


def _affine(points: Array) -> Array:
    return np.hstack([np.ones((len(points), 1)), points])


def invert_displacement(displacement: Array, region: Region, targets: Array, rounds: int = 8,
           damping: float = 0.8) -> Array:
    """Inverse warp: solves x + displacement(x) = target for x, by damped fixed-point iteration.

    Args:
        displacement: (rows, columns, 2) over the region, extended by its border.
        region: The region of the displacement.
        targets: (h, w, 2) pixels.
        rounds: Number of iterations.
        damping: Below 1 the iteration also converges where the image is stretched to the double.

    Returns:
        (h, w, 2) displacement target - x, float32.
    """
    rows, columns = displacement.shape[:2]
    scale = np.array([columns / region.width, rows / region.height], np.float32)
    offset = np.array([0.5 - region.left, 0.5 - region.top], np.float32) * scale - np.float32(0.5)
    start = targets * scale + offset
    result = np.zeros_like(targets)
    for _ in range(rounds):
        there = start - result * scale
        found = cv2.remap(displacement, there, None, cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
        result += damping * (found - result)
    return result


def upsample(field: Array, size: tuple[int, int]) -> Array:
    """(rows, columns, 2) cell centres to (height, width, 2) pixels; size = (width, height)."""
    return cv2.resize(field, size, interpolation=cv2.INTER_CUBIC)
