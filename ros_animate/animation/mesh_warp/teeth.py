"""Rows of teeth: a texture that is painted once, posed with the head, and projected."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.mesh_warp.opening import ALONG, Opening, sample_of
from ros_animate.face.head_pose import HeadPose
from ros_animate.types import Array

_WIDTH, _HEIGHT = 384, 64
_COLUMNS = np.linspace(-1.0, 1.0, 25)
# Angle of the arch from the first to the last tooth.
_ARCH_RAD = 1.25
# (width, length) of the teeth from the middle outwards, as seen along the arch; the row is 1 wide.
_UPPER = ((0.23, 1.0), (0.175, 0.9), (0.19, 0.98), (0.16, 0.85), (0.14, 0.8), (0.12, 0.75))
_LOWER = ((0.15, 0.85), (0.16, 0.88), (0.18, 1.0), (0.18, 0.9), (0.18, 0.85), (0.15, 0.8))


@dataclass(frozen=True)
class TeethRow:
    """One row of teeth in head coordinates (cm).

    Attributes:
        edge: (3,) the biting edge in the middle.
        half_width: Distance from the middle to the last tooth.
        depth: Distance of the last tooth behind the first.
        height: Height from the biting edge to the gum; negative for the lower row.
        texture: (64, 384, 3) float32, gum at the top: brightness of the enamel, share of gum,
            coverage; each 0 to 1.
    """

    edge: Array
    half_width: float
    depth: float
    height: float
    texture: Array

    @classmethod
    def upper(cls, bite: Array, half_mouth: float) -> TeethRow:
        """The row behind the upper lip of a mouth `half_mouth` from the middle to a corner."""
        return cls(bite, 1.15 * half_mouth, 2.2, 0.5 * half_mouth, _painted_texture(_UPPER))

    @classmethod
    def lower(cls, bite: Array, half_mouth: float) -> TeethRow:
        """The row behind the lower lip."""
        edge = bite - (0.0, 0.06 * half_mouth, 0.3)
        return cls(edge, half_mouth, 2.0, -0.4 * half_mouth, _painted_texture(_LOWER))

    def render(self, pose: HeadPose, offset: Array, opening: Opening, along: Array, height: Array,
               ) -> tuple[Array, Array, Array]:
        """Brightness of the enamel, share of gum and coverage, each (h, w), at the pixels.

        Args:
            pose: Pose of the head.
            offset: (3,) displacement of the row in cm.
            opening: The opening of the mouth.
            along: (h, w) positions of the pixels along it.
            height: (h, w) heights of the pixels in it.
        """
        gum, edge = (opening.to_local(line) for line in self._lines(pose, offset))
        order = np.maximum.accumulate(0.5 * (gum[0] + edge[0]))
        column = np.interp(ALONG, order, _COLUMNS, left=-1.2, right=1.2)
        top = np.interp(column, _COLUMNS, gum[1])
        reach = np.interp(column, _COLUMNS, edge[1]) - top
        # A row that is seen edge-on has no height.
        reach = np.where(np.abs(reach) < 1e-2, 1e-2, reach)
        table = np.stack([(column + 1.0) * (0.5 * (_WIDTH - 1)), (_HEIGHT - 1) / reach,
                          top * (1 - _HEIGHT) / reach]).astype(np.float32)
        sample = sample_of(along)
        rows = height * table[1, sample] + table[2, sample]
        # cv2.remap counts in 16-bit integers.
        sampled = cv2.remap(self.texture, table[0, sample], np.clip(rows, -1e4, 1e4),
                            cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        enamel, red, coverage = cv2.split(sampled)
        return enamel, red, coverage

    def _lines(self, pose: HeadPose, offset: Array) -> tuple[Array, Array]:
        """(25, 2) pixels of the gum line and of the biting edge, from left to right."""
        sideways = self.half_width * np.sin(_COLUMNS * _ARCH_RAD) / np.sin(_ARCH_RAD)
        curve = 0.12 * _COLUMNS**2 * np.sign(self.height)
        edge = np.stack([sideways, curve, -self.depth * _COLUMNS**2], axis=1) + self.edge + offset
        gum = edge + (0.0, self.height, 0.0)
        return pose.project(gum)[:, :2], pose.project(edge)[:, :2]


@functools.lru_cache(maxsize=2)
def _painted_texture(teeth: tuple[tuple[float, float], ...]) -> Array:
    """The texture of a row of teeth, (64, 384, 3); see TeethRow.texture."""
    texture = np.zeros((_HEIGHT, _WIDTH, 3), np.float32)
    x = np.linspace(-1, 1, _WIDTH)[None, :]
    y = np.linspace(0, 1, _HEIGHT)[:, None]
    starts = np.cumsum([0.0, *(width for width, _ in teeth)])
    for start, (width, length) in zip(starts, teeth, strict=False):
        across = np.abs(np.abs(x) - (start + 0.5 * width)) / (0.5 * width)
        # Rounded biting edge, soft gaps between the teeth.
        end = length - 0.1 * across**4
        coverage = _step((end - y) * 14.0) * _step((1.04 - across) * 7.0)
        light = (1.0 - 0.22 * across**4) * (0.86 + 0.14 * np.sqrt(np.clip(y / length, 0, 1)))
        nearer = coverage > texture[..., 2]
        texture[..., 0] = np.where(nearer, light, texture[..., 0])
        texture[..., 2] = np.where(nearer, coverage, texture[..., 2])
    gum_line = 0.2 + 0.05 * np.cos(x * 30.0)
    texture[..., 1] = _step((gum_line - y) * 16.0)
    return texture


def _step(values: Array) -> Array:
    return np.clip(values + 0.5, 0.0, 1.0)
