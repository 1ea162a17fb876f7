"""Rendering of a portrait's eyes that blink and turn.

All computation is in pixels of the source: the lids' skin is stretched along the eye's height from
the brow or the cheek to its edge (the lashes move rigidly), and between the lids lie the sclera,
filled in where the iris was, and the iris as a rigid disc.
"""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ros_animate.animation.mesh_warp.eye_motion import CORNERS, IRISES, LOWER_LIDS, UPPER_LIDS
from ros_animate.animation.mesh_warp.eyeball import Eyeball
from ros_animate.animation.mesh_warp.opening import Opening
from ros_animate.animation.mesh_warp.warp import Region
from ros_animate.types import Array, Image

# In eye widths: skin that moves with a lid above and below, height of the lashes, reach of the
# shadow of the upper lid, reach of the rendered region above and below.
_SKIN_ABOVE, _SKIN_BELOW, _LASHES, _SHADOW, _REACH = 0.45, 0.4, 0.05, 0.1, 0.65
# Opacity of a closing lid over the stretched skin.
_LID_PAINT = 0.6
# (2, 9) edges from the left to the right corner as seen in the image, for either eye.
_EDGES = [[np.r_[CORNERS[side, 0], lids[side], CORNERS[side, 1]][::step]
           for lids in (UPPER_LIDS, LOWER_LIDS)] for side, step in ((0, 1), (1, -1))]


def eye_opening(side: int, landmarks: Array) -> Opening:
    """The slit between the lids of the right (0) or left (1) eye, from landmarks in pixels."""
    upper, lower = _EDGES[side]
    return Opening.of(landmarks[upper, :2], landmarks[lower, :2])


@dataclass(frozen=True)
class EyeTarget:
    """Target state of an eye, in pixels of the source and in the frame of its corners at rest."""

    opening: Opening
    turn: Array  # (2,) displacement of the iris in pixels


@dataclass(frozen=True)
class _Heights:
    """Local coordinates around an eye: position along, height, heights of the edges."""

    along: Array
    own: Array
    upper: Array
    lower: Array
    upper_rest: Array
    lower_rest: Array


class PortraitEye:
    """One eye of the source."""

    def __init__(self, image: Image, side: int, landmarks: Array) -> None:
        """image: (H, W, 3) source; side: 0 right, 1 left; landmarks: (478, 3) pixels."""
        self._side = side
        self._rest = eye_opening(side, landmarks)
        ring = landmarks[IRISES[side], :2]
        self._iris = ring[0]
        corners = landmarks[CORNERS[side], :2]
        region = Region.around(np.concatenate([corners, ring]), 0.4 * self._rest.width,
                         (image.shape[1], image.shape[0]))
        patch = image[region.slices()].astype(np.float32)
        pixels = region.grid(*patch.shape[:2])
        along, height = self._rest.to_local(pixels)
        upper, lower = self._rest.edges(along)
        # The rims of the lids and the lashes are no part of the eyeball.
        rim = 0.5 + _LASHES * self._rest.width
        visible = np.clip(np.minimum(height - upper, lower - height) / rim - 0.5, 0.0, 1.0)
        self._eyeball = Eyeball.of(patch, region, visible, ring)
        width = self._rest.width
        self._lid_colour = _median(patch, _band(lower - height, -0.45, -0.2, width)
                                   | _band(upper - height, 0.1, 0.4, width))
        self._lash_colour = _darkest(patch, _band(upper - height, -0.06, 0.08, width)
                                     & (np.abs(along) < 0.45))

        self._store_residual(patch, pixels)

    def _store_residual(self, patch: Array, pixels: Array) -> None:
        """Stores the difference between source and rendering at rest, so that rest is exact."""
        at_rest = EyeTarget(self._rest, np.zeros(2))
        _, colour, coverage = self.draw(pixels, at_rest)
        colour = colour / np.maximum(coverage, 1e-3)[..., None]
        residual = np.where(coverage[..., None] > 0.05, patch - colour, 0.0)
        self._eyeball = dataclasses.replace(self._eyeball, residual=residual.astype(np.float32))

    def region(self, landmarks: Array, size: tuple[int, int]) -> Region:
        """The region to render for a face with (478, 3) landmarks, in pixels of the output."""
        first, second = landmarks[CORNERS[self._side], :2]
        across = second - first
        # Seen from the side an eye is narrow but as high as ever.
        width = max(float(np.hypot(*across)), 1e-3)
        reach = _REACH * max(width, 0.5 * self._rest.width)
        upright = np.array([-across[1], across[0]]) * (reach / width)
        ends = np.stack([first - 0.1 * across, second + 0.1 * across])
        return Region.around(np.concatenate([ends - upright, ends + upright]), 1.0, size)

    def target(self, landmarks: Array) -> EyeTarget:
        """The target state for (478, 3) landmarks in the source's pose, in source pixels."""
        opening, rest = eye_opening(self._side, landmarks), self._rest
        scale = rest.width / opening.width
        along, height = opening.to_local(landmarks[IRISES[self._side, 0], :2])
        iris = rest.to_pixels(along, height * scale)
        at_rest = dataclasses.replace(rest, upper=opening.upper * np.float32(scale),
                                      lower=opening.lower * np.float32(scale))
        return EyeTarget(at_rest, iris - self._iris)

    def draw(self, sources: Array, target: EyeTarget) -> tuple[Array, Array, Array]:
        """Moves the lids and renders the eyeball.

        Args:
            sources: (h, w, 2) source pixel of each output pixel.
            target: Target state of the eye.

        Returns:
            (h, w, 2) source pixels with the lids moved, and the layer over them: (h, w, 3) float32
            colours premultiplied by coverage, (h, w) coverage from 0 to 1.
        """
        along, height = self._rest.to_local(sources)
        heights = _Heights(along, height, *target.opening.edges(along), *self._rest.edges(along))
        moved = self._lid_motion(heights)
        normal = np.array([-self._rest.axis[1], self._rest.axis[0]], np.float32)
        colour, coverage = self._lid_and_lashes(target, heights)
        between = target.opening.coverage(along, height, (heights.upper, heights.lower))
        # Shadow of the upper lid; shading of the ball towards its sides.
        depth = np.exp(np.minimum(heights.upper - height, 0.0) / (_SHADOW * self._rest.width))
        light = between * (1.0 - 0.4 * depth - 0.6 * np.minimum(along * along, 0.25))
        over_lid = (1.0 - between) * coverage
        colour *= over_lid[..., None]
        colour += self._eyeball.render(sources, target.turn) * light[..., None]
        if (similarity := self._similarity(target)) > 0.02:
            colour += (between * similarity)[..., None] * self._eyeball.residual_at(sources)
        return sources - moved[..., None] * normal, colour, between + over_lid

    def _similarity(self, target: EyeTarget) -> float:
        """Similarity to the eye at rest: 1 at rest, near 0 once iris or lids have clearly moved."""
        turned = float(np.hypot(*target.turn)) / (0.4 * self._eyeball.radius)
        closed = (target.opening.gap - self._rest.gap) / max(0.2 * self._rest.gap, 1e-3)
        return float(np.exp(-turned**2 - closed**2))

    def _lid_motion(self, heights: _Heights) -> Array:
        """(h, w) displacement of the skin in pixels: that of the lid at its lashes, 0 far away."""
        below = heights.own > 0.5 * (heights.upper + heights.lower)
        distance = np.where(below, heights.own - heights.lower, heights.upper - heights.own)
        motion = np.where(below, heights.lower - heights.lower_rest,
                          heights.upper - heights.upper_rest)
        width = np.float32(self._rest.width)
        skin = np.where(below, _SKIN_BELOW * width, _SKIN_ABOVE * width)
        t = np.clip((distance - _LASHES * width) / (skin + np.abs(motion)), 0.0, 1.0)
        return motion * (1.0 - t * t * (3.0 - 2.0 * t))

    def _lid_and_lashes(self, target: EyeTarget, heights: _Heights) -> tuple[Array, Array]:
        """Colour and coverage of the skin that a closing lid reveals.

        Stretching alone would smear the dark fold above the eye over the lid.
        """
        closed = float(np.clip(1.0 - target.opening.gap / max(self._rest.gap, 1e-3), 0.0, 1.0))
        if closed == 0.0:
            return np.zeros((*heights.own.shape, 3), np.float32), np.zeros_like(heights.own)
        along = 4.0 * heights.along * heights.along
        inner = np.maximum(1.0 - along * along * along, 0.0)
        width = self._rest.width
        soft = np.float32(0.06 * width)
        below_edge = heights.own - heights.upper
        lid = np.clip(np.minimum(-below_edge, heights.own - heights.upper_rest + soft) / soft, 0, 1)
        line = np.exp(-(below_edge / np.float32(0.025 * width + 0.5)) ** 2) * (inner * closed)
        lid *= inner * min(_LID_PAINT, 2.0 * _LID_PAINT * closed)
        colour = self._lid_colour + line[..., None] * (self._lash_colour - self._lid_colour)
        return colour, np.maximum(lid, 0.85 * line)


def _band(height: Array, low: float, high: float, width: float) -> NDArray[np.bool_]:
    return (height > low * width) & (height < high * width)


def _median(patch: Array, mask: NDArray[np.bool_]) -> Array:
    """(3,) colour of the pixels in `mask`."""
    return np.median(patch[mask] if mask.any() else patch.reshape(-1, 3), axis=0).astype(np.float32)


def _darkest(patch: Array, mask: NDArray[np.bool_]) -> Array:
    """(3,) mean colour of the darkest tenth of the pixels in `mask`."""
    pixels = patch[mask] if mask.any() else patch.reshape(-1, 3)
    order = pixels.sum(axis=1).argsort()
    return pixels[order[:max(len(order) // 10, 1)]].mean(axis=0)
