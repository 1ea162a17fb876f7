"""Eyes of a still portrait that blink and look around.

Everything happens in pixels of the source: the lids' skin is stretched along the eye's height from
the brow or the cheek to its edge (the lashes move as they are), and between the lids lie the white
of the eye, filled in where the iris was, and the iris as a rigid disc.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.opening import Opening
from ros_animate.animation.warp import Box
from ros_animate.motion.eye_motion import CORNERS, IRISES, LOWER_LIDS, UPPER_LIDS
from ros_animate.types import Array, Image

# In eye widths: skin that a lid takes along above and below, height of the lashes, margin of the
# region that is drawn.
_SKIN_ABOVE, _SKIN_BELOW, _LASHES, _MARGIN = 0.45, 0.4, 0.05, 0.6
# Radius of the disc that is cut out, in iris radii; the landmarks lie inside the dark limbus.
_DISC = 1.04
# How much of a closing lid is painted over the stretched skin.
_LID_PAINT = 0.6
# Reach of the shadow of the upper lid in eye widths.
_SHADOW = 0.1


# (2, 9) edges from the left to the right corner as seen in the picture, for either eye.
_EDGES = [(np.r_[corners[0], upper, corners[1]][::step], np.r_[corners[0], lower, corners[1]][::step])
          for corners, upper, lower, step in zip(CORNERS, UPPER_LIDS, LOWER_LIDS, (1, -1),
                                                 strict=True)]


def eye_opening(side: int, landmarks: Array) -> Opening:
    """The slit between the lids of the right (0) or left (1) eye, from landmarks in pixels."""
    upper, lower = _EDGES[side]
    return Opening.of(landmarks[upper, :2], landmarks[lower, :2])


@dataclass(frozen=True)
class EyeView:
    """An eye as it shall be, in pixels of the source."""

    opening: Opening
    iris: Array  # (2,) centre


class PortraitEye:
    """One eye of the source."""

    def __init__(self, image: Image, side: int, landmarks: Array) -> None:
        """image: (H, W, 3) source; side: 0 right, 1 left; landmarks: (478, 3) pixels."""
        self._side = side
        self.rest = eye_opening(side, landmarks)
        ring = landmarks[IRISES[side], :2]
        self._iris = ring[0]
        self._radius = _DISC * float(np.linalg.norm(ring[1:] - ring[0], axis=1).mean())
        size = (image.shape[1], image.shape[0])
        corners = self.rest.middle + np.outer((-0.5, 0.5), self.rest.axis * self.rest.width)
        self._box = Box.around(np.concatenate([corners, ring]), 0.4 * self.rest.width, size)
        patch = image[self._box.slices()].astype(np.float32)
        pixels = self._box.nodes(*patch.shape[:2])
        along, height = self.rest.local(pixels)
        upper, lower = self.rest.edges(along)
        # The rims of the lids and the lashes are no part of the eyeball.
        rim = 0.5 + _LASHES * self.rest.width
        visible = np.clip(np.minimum(height - upper, lower - height) / rim - 0.5, 0.0, 1.0)
        self._lid_colour = _median(patch, _band(lower - height, -0.45, -0.2, self.rest.width)
                                   | _band(upper - height, 0.1, 0.4, self.rest.width))
        self._lash_colour = _darkest(patch, _band(upper - height, -0.06, 0.08, self.rest.width)
                                     & (np.abs(along) < 0.45))
        distance = np.linalg.norm(pixels - self._iris, axis=2) / self._radius
        self._white = _white(patch, visible * np.clip((distance - 1.15) * 5.0, 0.0, 1.0), visible)
        self._disc = _complete_disc(patch, distance, visible)

    def region(self, landmarks: Array, size: tuple[int, int]) -> Box:
        """Where the eye is drawn when its corners are at these (478, 3) pixels of the output."""
        corners = landmarks[CORNERS[self._side], :2]
        width = float(np.linalg.norm(corners[1] - corners[0]))
        return Box.around(corners, max(_MARGIN * width, 0.3 * self.rest.width), size)

    def view(self, landmarks: Array) -> EyeView:
        """From (478, 3) landmarks of the target shape in the source's pose, source pixels."""
        return EyeView(eye_opening(self._side, landmarks), landmarks[IRISES[self._side, 0], :2])

    def draw(self, sources: Array, view: EyeView) -> tuple[Array, Array, Array]:
        """Moves the lids and renders the eyeball.

        Args:
            sources: (h, w, 2) source pixel of each output pixel.
            view: The eye as it shall be.

        Returns:
            (h, w, 2) source pixels with the lids moved, (h, w, 3) float32 colours of the eyeball,
            (h, w) its coverage from 0 to 1.
        """
        along, height = self.rest.local(sources)
        upper, lower = view.opening.edges(along)
        upper_rest, lower_rest = self.rest.edges(along)
        width = self.rest.width
        lashes = _LASHES * width
        moved = np.where(height > 0.5 * (upper + lower),
                         _lid(height - lower, lower - lower_rest, _SKIN_BELOW * width, lashes),
                         _lid(upper - height, upper - upper_rest, _SKIN_ABOVE * width, lashes))
        normal = np.array([-self.rest.axis[1], self.rest.axis[0]], np.float32)
        skin = (sources - moved[..., None] * normal).astype(np.float32)
        colour, coverage = self._lid_and_lashes(view, along, height, upper, upper_rest)
        between = view.opening.coverage(along, height, (upper, lower))
        # The upper lid and its lashes throw a shadow; the ball turns away from light at the sides.
        depth = np.exp(np.minimum(upper - height, 0.0) / (_SHADOW * width))
        light = 1.0 - 0.4 * depth - 0.6 * np.minimum(along * along, 0.25)
        eyeball = self._eyeball(sources, view.iris) * light[..., None]
        colour += between[..., None] * (eyeball - colour)
        return skin, colour, between + (1.0 - between) * coverage

    def _lid_and_lashes(self, view: EyeView, along: Array, height: Array, upper: Array,
                        upper_rest: Array) -> tuple[Array, Array]:
        """Colour and coverage of what a closing lid brings into view.

        Stretching alone would smear the dark fold above the eye over the lid.
        """
        closed = np.clip(1.0 - view.opening.gap / max(self.rest.gap, 1e-3), 0.0, 1.0)
        inner = np.clip(1.0 - (2.0 * along) ** 6, 0.0, 1.0)
        width = self.rest.width
        soft = 0.06 * width
        lid = np.clip(np.minimum(upper - height, height - upper_rest + soft) / soft, 0.0, 1.0)
        line = np.exp(-((height - upper) / (0.025 * width + 0.5)) ** 2) * inner * closed
        lid *= _LID_PAINT * inner * np.clip(2.0 * closed, 0.0, 1.0)
        colour = self._lid_colour + line[..., None] * (self._lash_colour - self._lid_colour)
        return colour.astype(np.float32), np.maximum(lid, 0.85 * line)

    def _eyeball(self, sources: Array, iris: Array) -> Array:
        corner = np.array([self._box.left, self._box.top], np.float32)
        there = (sources - corner).astype(np.float32)
        white = cv2.remap(self._white, there, None, cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
        turn = (iris - self._iris).astype(np.float32)
        disc = cv2.remap(self._disc, there - turn, None, cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_REPLICATE)
        distance = np.linalg.norm(sources - iris, axis=2)
        alpha = np.clip((self._radius - distance) / (0.12 * self._radius + 0.6) + 0.5, 0.0, 1.0)
        return white + alpha[..., None] * (disc - white)


def _band(height: Array, low: float, high: float, width: float) -> Array:
    return (height > low * width) & (height < high * width)


def _median(patch: Array, mask: Array) -> Array:
    """(3,) colour of the pixels in `mask`."""
    return np.median(patch[mask] if mask.any() else patch.reshape(-1, 3), axis=0)


def _darkest(patch: Array, mask: Array) -> Array:
    """(3,) mean colour of the darkest tenth of the pixels in `mask`."""
    pixels = patch[mask] if mask.any() else patch.reshape(-1, 3)
    order = pixels.sum(axis=1).argsort()
    return pixels[order[:max(len(order) // 10, 1)]].mean(axis=0)


def _lid(distance: Array, motion: Array, skin: float, lashes: float) -> Array:
    """Displacement at a distance from a lid's edge: all of `motion` at the lashes, none far away."""
    t = np.clip((distance - lashes) / (skin + np.abs(motion)), 0.0, 1.0)
    return motion * (1.0 - t * t * (3.0 - 2.0 * t))


def _white(patch: Array, seen: Array, opening: Array) -> Array:
    """(h, w, 3) the eyeball without its iris: what is `seen` of it, else its colour there.

    Args:
        patch: (h, w, 3) picture of the eye.
        seen: (h, w) 0 to 1, where it shows white and no lid or lash throws a shadow.
        opening: (h, w) 0 to 1, between the lids.
    """
    weight = seen if seen.sum() > 8.0 else np.maximum(seen, 0.1 * opening)
    light = patch.sum(axis=2)
    # The brighter half: the rest is in the shadow of the lid or has a part of the iris.
    level = np.median(light[weight > 0.05]) if (weight > 0.05).any() else 0.0
    weight = weight * (light >= level) + 1e-6
    colour = (weight[..., None] * patch).sum(axis=(0, 1)) / weight.sum()
    # Brighter and greyer than where the lids shade and tint it.
    colour = np.minimum(1.15 * (0.75 * colour + 0.25 * colour.mean()), 250.0)
    keep = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), 1.0)[..., None]
    return (keep * patch + (1.0 - keep) * colour).astype(np.float32)


def _complete_disc(patch: Array, distance: Array, visible: Array) -> Array:
    """The iris in its patch, with what the lids hide taken from the mean at the same radius."""
    rings = np.clip((distance * 24).astype(int), 0, 31)
    weight = (visible + 1e-4) * (distance < 1.0)
    total = np.bincount(rings.ravel(), weight.ravel(), 32)
    means = np.stack([np.bincount(rings.ravel(), (weight * patch[..., c]).ravel(), 32)
                      / np.maximum(total, 1e-9) for c in range(3)], axis=1)
    means[24:] = means[23]
    profile = cv2.GaussianBlur(means[:, None].astype(np.float32), (1, 3), 0)[:, 0][rings]
    return (visible[..., None] * patch + (1 - visible[..., None]) * profile).astype(np.float32)
