"""mesh_warp: a portrait warped by its landmarks, without learned weights."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.base import Animator, SourceImageError
from ros_animate.animation.mesh_warp.control_points import (
    LOWER_LIP,
    UPPER_LIP,
    ControlPoints,
    edge_points,
)
from ros_animate.animation.mesh_warp.eyes import PortraitEye
from ros_animate.animation.mesh_warp.landmark_transfer import Gains, LandmarkTransfer
from ros_animate.animation.mesh_warp.lips import Lips, mouth_opening
from ros_animate.animation.mesh_warp.mouth import Interior
from ros_animate.animation.mesh_warp.portrait import Portrait
from ros_animate.animation.mesh_warp.warp import (
    Region,
    ThinPlateSpline,
    invert_displacement,
    upsample,
)
from ros_animate.configuration import option
from ros_animate.face.finder import find_face
from ros_animate.types import Array, Frame, Image, Motion

_GRID = 40


class MeshWarp(Animator):
    """Image warping by scattered data interpolation of retargeted landmarks.

    The driving landmarks are retargeted (mesh_warp/landmark_transfer.py) relative to the driving
    person's neutral. `calibrate` sets that neutral; without it, it is a running mean in which calm
    frames count most, started from the source's own face, and lips are transferred absolutely, so
    that a grimace in the first frame does not become the neutral. Gains are a little above 1
    because a warped image, which has no wrinkles, appears less expressive than the driving face (a
    tracker measures about three quarters of brows, mouth and head rotation).

    A thin-plate spline through landmarks, points around the head and fixed points on the image's
    edge warps skin, hair and background. The warp is discontinuous between the lips, with rendered
    teeth and tongue behind; lids close over eyeballs whose irises turn.
    """

    @dataclass(frozen=True)
    class Config:
        """Options of the animator."""

        size: int = option(256, 'width and height of the animated image in pixels',
                           low=64, high=2048)
        margin: float = option(1.9, 'side of the square cut out of the portrait, in face heights; '
                                    '0 animates the whole portrait', low=0.0, high=10.0)
        relative: float = option(0.5, '1: the driving face counts relative to its own neutral; 0: '
                                      'absolutely, so that the portrait takes on its proportions',
                                 low=0.0, high=1.0)
        brows: float = option(1.2, 'gain of forehead and brows', low=0.0, high=2.0)
        eyes: float = option(1.2, 'gain of lids and gaze', low=0.0, high=2.0)
        mouth: float = option(1.2, 'gain of mouth, cheeks and jaw', low=0.0, high=2.0)
        pose: float = option(1.2, 'gain of the turn of the head, which is limited to 35 degrees',
                             low=0.0, high=2.0)
        translation: float = option(0.4, 'gain of the shift of the head in the image',
                                    low=0.0, high=1.0)

    extractor = 'mediapipe'

    changeable = ('relative', 'brows', 'eyes', 'mouth', 'pose', 'translation')

    def __init__(self, config: Config) -> None:
        self.config = config
        self._source: _SourceFace | None = None

    def set_source(self, image: Image) -> None:
        landmarks = find_face(image)
        if landmarks is None:
            raise SourceImageError('no face found in the source image: choose a portrait in '
                                   'which one human face is well lit, upright and seen from the '
                                   'front')
        portrait = Portrait.cut(image, landmarks, self.config.size, self.config.margin)
        transfer = LandmarkTransfer(portrait.landmarks, self._gains(), self.config.relative)
        self._source = _SourceFace(portrait, transfer)

    def configure(self, config: Config) -> None:
        self.config = config
        if self._source is not None:
            self._source.transfer.configure(self._gains(), config.relative)

    def _gains(self) -> Gains:
        return Gains(self.config.brows, self.config.eyes, self.config.mouth, self.config.pose,
                     self.config.translation)

    def animate(self, motion: Motion) -> Frame:
        return Frame(self._face.render(motion), motion.stamp_s)

    @property
    def landmarks(self) -> Array:
        return self._face.rendered.landmarks() + (0.5, 0.5, 0.0)

    def calibrate(self, motion: Motion) -> None:
        self._face.transfer.calibrate(motion)

    def reset(self) -> None:
        if self._source is not None:
            self._source.reset()

    @property
    def _face(self) -> _SourceFace:
        if self._source is None:
            raise SourceImageError('mesh_warp has no portrait yet: call set_source first')
        return self._source


class _SourceFace:
    """The precomputed state of one portrait, and the rendering of frames.

    Attributes:
        transfer: Transfer of the driving motion.
        rendered: Face of the last frame.
    """

    def __init__(self, portrait: Portrait, transfer: LandmarkTransfer) -> None:
        self.transfer = transfer
        self._image = portrait.image
        self._shape = self.rendered = transfer.source
        size = portrait.image.shape[0]
        self._size = (size, size)
        landmarks = self._shape.landmarks()
        self._controls = ControlPoints.of(self._shape, self._size)
        self._region = Region(0, 0, size, size)
        self._skin = self._controls.without(
            tuple(i for lip in (UPPER_LIP, LOWER_LIP) for ring in lip[1:] for i in ring))
        self._spline = ThinPlateSpline(
            self._region, _GRID, _GRID, self._controls.points[self._skin],
            edge_points(self._size), self._controls.smoothing[self._skin])
        self._grid = self._region.grid(_GRID, _GRID)
        self._pixels = self._region.grid(size, size)
        self._lips = Lips(self._controls, landmarks, self._size)
        self._interior = Interior(self._image, self._shape)
        self._eyes = [PortraitEye(self._image, side, landmarks) for side in (0, 1)]

    def reset(self) -> None:
        """Forgets the driving person."""
        self.transfer.reset()
        self.rendered = self._shape

    def render(self, motion: Motion) -> Image:
        """(size, size, 3) uint8."""
        target = self.rendered = self.transfer(motion)
        landmarks = target.landmarks()
        in_source = self._shape.pose.project(target.shape)
        mouth = mouth_opening(landmarks)
        displacements = self._controls.displacements(target, target.shape - self._shape.shape,
                                                     self._shape.pose)
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
        image = cv2.remap(self._image, sources, None, cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
        for region, colour, coverage in layers:
            part = image[region.slices()]
            part[...] = np.clip(part * (1.0 - coverage)[..., None] + colour + 0.5, 0.0, 255.0)
        return image


PLUGIN = MeshWarp
