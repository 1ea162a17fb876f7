"""Smooth warps of a picture that follow moved points.

The displacement of every grid node is linear in the displacements of the control points, so the
thin-plate spline is solved once per picture and a frame costs one matrix product. Pictures are
sampled backwards, so the forward displacement is inverted on the coarse grid; only then is it
brought to full resolution.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.types import Array


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: left, top, width, height."""

    left: float
    top: float
    width: float
    height: float

    def nodes(self, rows: int, columns: int) -> Array:
        """(rows, columns, 2) centres of equal cells, x and y in pixels."""
        x = self.left - 0.5 + (np.arange(columns) + 0.5) * self.width / columns
        y = self.top - 0.5 + (np.arange(rows) + 0.5) * self.height / rows
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)

    @classmethod
    def around(cls, points: Array, margin: float, size: tuple[int, int]) -> Box:
        """Whole pixels around (N, 2) points, cut off at a picture of (width, height)."""
        low = np.floor(np.clip(points.min(axis=0) - margin, 0, np.subtract(size, 2)))
        high = np.ceil(np.clip(points.max(axis=0) + margin, low + 2, size))
        return cls(*(float(v) for v in (*low, *(high - low))))

    def holds(self, points: Array, margin: float) -> np.ndarray:
        """(N,) whether each of (N, 2) points lies in the box or within a margin around it."""
        low = np.array([self.left, self.top]) - margin
        high = low + np.array([self.width, self.height]) + 2.0 * margin
        return np.all((points > low) & (points < high), axis=1)

    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of a box of whole pixels."""
        left, top = int(self.left), int(self.top)
        return slice(top, top + int(self.height)), slice(left, left + int(self.width))


class SmoothField:
    """Displacements on a grid over a box, linear in those of the control points.

    A thin-plate spline; source: Bookstein, "Principal warps: thin-plate splines and the
    decomposition of deformations", 1989, equations 8 to 12; smoothing as in Wahba, "Spline models
    for observational data", 1990, section 2.4.
    """

    def __init__(self, box: Box, rows: int, columns: int, points: Array, fixed: Array,
                 smoothing: Array) -> None:
        """For P movable control points, (P, 2) pixels, and F that stay, (F, 2).

        smoothing: (P,) how far the spline may miss each point, for jitter and steep places.
        """
        self.box = box
        self.shape = (rows, columns)
        unit = max(float(np.ptp(fixed, axis=0).max()), 1.0)
        controls = np.concatenate([points, fixed]) / unit
        nodes = box.nodes(rows, columns).reshape(-1, 2) / unit
        count = len(controls)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(controls, controls)
        system[range(len(points)), range(len(points))] += smoothing
        system[:count, count:] = _affine(controls)
        system[count:, :count] = system[:count, count:].T
        rows_of_nodes = np.hstack([_kernel(nodes, controls), _affine(nodes)])
        operator = np.linalg.solve(system, rows_of_nodes.T).T[:, :len(points)]
        self._operator = np.ascontiguousarray(operator, np.float32)

    def displacement(self, moved: Array) -> Array:
        """(P, 2) displacements of the control points to (rows, columns, 2), float32."""
        return (self._operator @ moved.astype(np.float32)).reshape(*self.shape, 2)


def _kernel(a: Array, b: Array) -> Array:
    """(A, B) thin-plate kernel r^2 log r^2 between (A, 2) and (B, 2) points."""
    squared = ((a[:, None] - b) ** 2).sum(axis=2)
    return squared * np.log(np.maximum(squared, 1e-12))


def _affine(points: Array) -> Array:
    return np.hstack([np.ones((len(points), 1)), points])


def invert(displacement: Array, box: Box, targets: Array, rounds: int = 8,
           damping: float = 0.8) -> Array:
    """Where the targets come from: x with x + displacement(x) = target, by fixed-point iteration.

    Args:
        displacement: (rows, columns, 2), continued beyond its edge as there.
        box: What the displacement covers.
        targets: (h, w, 2) pixels.
        rounds: Of the iteration.
        damping: Below 1 it also converges where the picture is stretched to the double.

    Returns:
        (h, w, 2) displacement target - x, float32.
    """
    rows, columns = displacement.shape[:2]
    scale = np.array([columns / box.width, rows / box.height], np.float32)
    offset = np.array([0.5 - box.left, 0.5 - box.top], np.float32) * scale - np.float32(0.5)
    start = targets * scale + offset
    result = np.zeros_like(targets)
    for _ in range(rounds):
        there = start - result * scale
        found = cv2.remap(displacement, there, None, cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
        result += damping * (found - result)
    return result


def enlarge(field: Array, size: tuple[int, int]) -> Array:
    """(rows, columns, 2) cell centres to (height, width, 2) pixels, size = (width, height)."""
    return cv2.resize(field, size, interpolation=cv2.INTER_CUBIC)
