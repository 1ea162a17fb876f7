"""Openings of the face (eyes and mouth), each between an upper and a lower edge."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros_animate.types import Array

_SAMPLES = 257
# Positions of the samples along an opening's edges.
ALONG = np.linspace(-0.5, 0.5, _SAMPLES)


@dataclass(frozen=True)
class Opening:
    """Two edges between two corners, in a local frame along the corners.

    Positions along are in widths (-0.5 to 0.5 from corner to corner), heights in pixels, down.

    Attributes:
        middle: (2,) pixels, between the corners.
        axis: (2,) unit vector from the left to the right corner.
        width: Pixels between the corners.
        upper: (257,) heights of the upper edge at equal steps along, float32.
        lower: (257,) heights of the lower edge.
    """

    middle: Array
    axis: Array
    width: float
    upper: Array
    lower: Array

    @classmethod
    def of(cls, upper: Array, lower: Array) -> Opening:
        """From (K, 2) points of each edge in pixels, both from the left to the right corner."""
        left, right = 0.5 * (upper[0] + lower[0]), 0.5 * (upper[-1] + lower[-1])
        middle = 0.5 * (left + right)
        width = float(np.hypot(*(right - left)))
        # Corners may fall into one point on a face in profile.
        axis = (right - left) / width if width > 1e-3 else np.array([1.0, 0.0])
        width = max(width, 1e-3)
        smooth = _smooth_resampling(len(upper))
        edges = [_heights(smooth @ (edge - middle), axis, width) for edge in (upper, lower)]
        return cls(middle, axis, width, *edges)

    def to_local(self, pixels: Array) -> tuple[Array, Array]:
        """(..., 2) pixels to positions along (widths) and heights (pixels), float32."""
        x, y = pixels[..., 0], pixels[..., 1]
        (left, top), (ax, ay) = self.middle, self.axis
        scale = 1.0 / self.width
        # One multiplication each: these run over every pixel around the opening.
        along = x * np.float32(ax * scale) + (y * np.float32(ay * scale)
                                              - np.float32((left * ax + top * ay) * scale))
        height = y * np.float32(ax) - (x * np.float32(ay) + np.float32(top * ax - left * ay))
        return along, height

    def to_pixels(self, along: Array, height: Array) -> Array:
        """(..., 2) pixels at positions along (widths) and heights (pixels), float32."""
        across = along * self.width
        x = self.middle[0] + across * self.axis[0] - height * self.axis[1]
        y = self.middle[1] + across * self.axis[1] + height * self.axis[0]
        return np.stack([x, y], axis=-1).astype(np.float32)

    def edges(self, along: Array) -> tuple[Array, Array]:
        """Heights of both edges at positions along; beyond the corners those of the corners."""
        index = sample_of(along)
        return self.upper[index], self.lower[index]

    @property
    def gap(self) -> float:
        """Largest height of the opening in pixels; 0 if it is closed."""
        return float(max((self.lower - self.upper).max(), 0.0))

    def coverage(self, along: Array, height: Array, edges: tuple[Array, Array]) -> Array:
        """0 to 1: coverage of each pixel by the opening, antialiased over one pixel."""
        upper, lower = edges
        # The distance to a steep edge is shorter than the difference in height.
        slope = np.abs(np.gradient(self.lower - self.upper)) * ((_SAMPLES - 1) / self.width)
        nearness = (1.0 / np.sqrt(1.0 + 0.25 * slope**2))[sample_of(along)]
        between = np.minimum(height - upper, lower - height) * nearness + 0.5
        return np.clip(np.minimum(between, lower - upper), 0.0, 1.0)


def sample_of(along: Array) -> NDArray[np.int32]:
    """Nearest sample of each position along; beyond the corners the first and the last."""
    index = along * np.float32(_SAMPLES - 1) + np.float32(0.5 * _SAMPLES)
    return np.clip(index, 0, _SAMPLES - 1).astype(np.int32)


@functools.lru_cache(maxsize=8)
def _smooth_resampling(count: int) -> Array:
    """(257, count) operator: Catmull-Rom spline through `count` points, the last ones doubled."""
    t = np.linspace(0, count - 1, _SAMPLES)
    knot = np.minimum(t.astype(int), count - 2)
    f = (t - knot)[:, None]
    basis = 0.5 * np.hstack([-f + 2 * f**2 - f**3, 2 - 5 * f**2 + 3 * f**3,
                             f + 4 * f**2 - 3 * f**3, -f**2 + f**3])
    operator = np.zeros((_SAMPLES, count))
    for column in range(4):
        index = np.clip(knot + column - 1, 0, count - 1)
        np.add.at(operator, (np.arange(_SAMPLES), index), basis[:, column])
    return operator


def _heights(points: Array, axis: Array, width: float) -> Array:
    """Heights at equal steps along of a curve of (257, 2) points from left to right."""
    along = np.maximum.accumulate(points @ axis) / width
    height = points[:, 1] * axis[0] - points[:, 0] * axis[1]
    return np.interp(ALONG, along, height).astype(np.float32)
