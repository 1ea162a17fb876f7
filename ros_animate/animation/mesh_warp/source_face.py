"""The warp of one portrait to any target face."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.mesh_warp.control_points import (
    LOWER_LIP,
    UPPER_LIP,
    ControlPoints,
    edge_points,
)
from ros_animate.animation.mesh_warp.eyes import PortraitEye
from ros_animate.animation.mesh_warp.lips import Lips, mouth_opening
from ros_animate.animation.mesh_warp.mouth import Interior
from ros_animate.animation.mesh_warp.portrait import Portrait
from ros_animate.animation.mesh_warp.warp import (
    Region,
    ThinPlateSpline,
    invert_displacement,
    upsample,
)
from ros_animate.face.head_pose import PosedShape
from ros_animate.types import Array, Image

GRID = 40


@dataclass(frozen=True)
class WarpedFace:
    """A warped portrait.

    Attributes:
        image: (size, size, 3) uint8.
        motion: (GRID, GRID, 2) float32, how far each place of it has come, in pixels; without the
            motion of lips and lids.
    """

    image: Image
    motion: Array


class SourceFace:
    """The precomputed state of one portrait, and the rendering of frames.

    A thin-plate spline through landmarks, points around the head and fixed points on the image's
    edge warps skin, hair and background. The warp is discontinuous between the lips, with rendered
    teeth and tongue behind; lids close over eyeballs whose irises turn.

    Args:
        portrait: The portrait.
        shape: Its landmarks, decomposed.

    Attributes:
        image: (size, size, 3) uint8, the portrait.
        shape: Its landmarks, decomposed.
    """

    def __init__(self, portrait: Portrait, shape: PosedShape) -> None:
        self.image, self.shape = portrait.image, shape
        size = portrait.image.shape[0]
        self._size = (size, size)
        landmarks = self.shape.landmarks()
        self._controls = ControlPoints.of(self.shape, self._size)
        self._region = Region(0, 0, size, size)
        self._skin = self._controls.without(
            tuple(i for lip in (UPPER_LIP, LOWER_LIP) for ring in lip[1:] for i in ring))
        self._spline = ThinPlateSpline(
            self._region, GRID, GRID, self._controls.points[self._skin],
            edge_points(self._size), self._controls.smoothing[self._skin])
        self._grid = self._region.grid(GRID, GRID)
        self._pixels = self._region.grid(size, size)
        self._lips = Lips(self._controls, landmarks, self._size)
        self._interior = Interior(self.image, self.shape)
        self._eyes = [PortraitEye(self.image, side, landmarks) for side in (0, 1)]

    def render(self, target: PosedShape) -> WarpedFace:
        """The portrait with the target face."""
        landmarks = target.landmarks()
        in_source = self.shape.pose.project(target.shape)
        mouth = mouth_opening(landmarks)
        displacements = self._controls.displacements(target, target.shape - self.shape.shape,
                                                     self.shape.pose)
        forward = self._spline.displacement(displacements[self._skin])
        backward = invert_displacement(forward, self._region, self._grid)
        sources = self._pixels - upsample(backward, self._size)
        self._lips.warp(sources, self._pixels, displacements, landmarks, mouth)
        layers = []
        for eye in self._eyes:
            region = eye.region(landmarks, self._size)
            inside = region.slices()
            sources[inside], colour, coverage = eye.draw(sources[inside], eye.target(in_source))
            layers.append((region, colour, coverage))
        layers += self._interior.draw(target, mouth, self._size)
        image = cv2.remap(self.image, sources, None, cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
        for region, colour, coverage in layers:
            part = image[region.slices()]
            part[...] = np.clip(part * (1.0 - coverage)[..., None] + colour + 0.5, 0.0, 255.0)
        return WarpedFace(image, backward)
