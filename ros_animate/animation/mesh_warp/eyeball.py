"""The eyeball of a portrait in two layers: the sclera without the iris, and the iris as a disc."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.mesh_warp.warp import Region
from ros_animate.types import Array

# In radii of the iris landmarks: radius of the disc, and reach of the iris's blurred edge.
_DISC, _TRACE = 1.04, 1.15
_RINGS_PER_RADIUS = 24


@dataclass(frozen=True)
class Eyeball:
    """Image layers of one eye over a region of the source.

    Attributes:
        corner: (2,) top left pixel of the region.
        sclera: (h, w, 3) float32, the eyeball without its iris.
        disc: (h, w, 3) float32, the iris, with the part hidden by the lids completed.
        iris: (2,) centre in source pixels.
        radius: Radius of the iris in pixels.
        residual: (h, w, 3) float32, source minus rendering at rest, added where the eye is at rest.
    """

    corner: Array
    sclera: Array
    disc: Array
    iris: Array
    radius: float
    residual: Array

    @classmethod
    def of(cls, patch: Array, region: Region, visible: Array, ring: Array) -> Eyeball:
        """Separates the layers of an open eye.

        Args:
            patch: (h, w, 3) float32 image over `region`.
            region: Its place in the source.
            visible: (h, w) visibility of the eyeball, 0 (lid or lash) to 1.
            ring: (5, 2) centre of the iris and four points on its rim, source pixels.
        """
        radius = _DISC * float(np.linalg.norm(ring[1:] - ring[0], axis=1).mean())
        radius = max(radius, 1.0)
        distance = np.linalg.norm(region.grid(*patch.shape[:2]) - ring[0], axis=2) / radius
        clear = visible * np.clip((distance - _TRACE) * 5.0, 0.0, 1.0)
        corner = np.array([region.left, region.top], np.float32)
        return cls(corner, _without_iris(patch, clear, visible),
                   _complete_disc(patch, distance, visible), ring[0], radius,
                   np.zeros_like(patch))

    def render(self, sources: Array, turn: Array) -> Array:
        """(h, w, 3) colours at (h, w, 2) source pixels with the iris moved by (2,) pixels."""
        there = sources - self.corner
        sclera = cv2.remap(self.sclera, there, None, cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_REPLICATE)
        there -= turn.astype(np.float32)
        disc = cv2.remap(self.disc, there, None, cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_REPLICATE)
        there -= (self.iris - self.corner).astype(np.float32)
        distance = np.sqrt(there[..., 0] ** 2 + there[..., 1] ** 2)
        alpha = np.clip((self.radius - distance) / (0.12 * self.radius + 0.6) + 0.5, 0.0, 1.0)
        return sclera + alpha[..., None] * (disc - sclera)

    def residual_at(self, sources: Array) -> Array:
        """(h, w, 3) the residual at (h, w, 2) source pixels."""
        return cv2.remap(self.residual, sources - self.corner, None, cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_REPLICATE)


def _without_iris(patch: Array, clear: Array, visible: Array) -> Array:
    """(h, w, 3) the eyeball without its iris, filled with the mean colour of the sclera.

    Args:
        patch: (h, w, 3) image of the eye.
        clear: (h, w) 0 to 1, visibility of the sclera away from the iris.
        visible: (h, w) 0 to 1, visibility of the eyeball.
    """
    weight = clear if clear.sum() > 8.0 else np.maximum(clear, 0.1 * visible)
    light = patch.sum(axis=2)
    # The brighter half: the rest is in the shadow of the lid or has a part of the iris.
    level = np.median(light[weight > 0.05]) if (weight > 0.05).any() else 0.0
    weight = weight * (light >= level) + 1e-6
    colour = (weight[..., None] * patch).sum(axis=(0, 1)) / weight.sum()
    # Brighter and greyer than where the lids shade and tint it.
    colour = np.minimum(1.15 * (0.75 * colour + 0.25 * colour.mean()), 250.0)
    keep = cv2.GaussianBlur(clear.astype(np.float32), (0, 0), 1.0)[..., None]
    return (keep * patch + (1.0 - keep) * colour).astype(np.float32)


def _complete_disc(patch: Array, distance: Array, visible: Array) -> Array:
    """The iris in its patch, completed under the lids by the mean at the same radius."""
    count = _RINGS_PER_RADIUS + 8
    rings = np.clip((distance * _RINGS_PER_RADIUS).astype(int), 0, count - 1)
    weight = (visible + 1e-4) * (distance < 1.0)
    total = np.maximum(np.bincount(rings.ravel(), weight.ravel(), count), 1e-9)
    means = np.stack([np.bincount(rings.ravel(), (weight * patch[..., channel]).ravel(), count)
                      for channel in range(3)], axis=1) / total[:, None]
    known = np.flatnonzero(total > 1e-8)
    means = np.stack([np.interp(np.arange(count), known, means[known, channel])
                      for channel in range(3)], axis=1)
    smooth = cv2.GaussianBlur(means[:, None].astype(np.float32), (1, 3), 0)[:, 0]
    share = visible[..., None]
    return (share * patch + (1.0 - share) * smooth[rings]).astype(np.float32)
