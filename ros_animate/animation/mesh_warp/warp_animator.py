"""Animators that warp a portrait by the retargeted landmarks of the driving face."""
from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any

from ros_animate.animation.base import Animator, SourceImageError
from ros_animate.animation.mesh_warp.landmark_transfer import Gains, LandmarkTransfer
from ros_animate.animation.mesh_warp.portrait import Portrait
from ros_animate.animation.mesh_warp.source_face import SourceFace
from ros_animate.configuration import option
from ros_animate.face.finder import find_face
from ros_animate.face.head_pose import PosedShape
from ros_animate.types import Array, Frame, Image, Motion


@dataclass(frozen=True)
class WarpOptions:
    """Options of the animators that warp a portrait."""

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


class WarpAnimator(Animator):
    """Retargets the driving landmarks to the portrait, and warps it.

    The driving landmarks are retargeted (mesh_warp/landmark_transfer.py) relative to the driving
    person's neutral. `calibrate` sets that neutral; without it, it is a running mean in which calm
    frames count most, started from the source's own face, and lips are transferred absolutely, so
    that a grimace in the first frame does not become the neutral.

    Attributes:
        name: Name of the animator in messages.
    """

    name: str

    extractor = 'mediapipe'

    changeable = ('relative', 'brows', 'eyes', 'mouth', 'pose', 'translation')

    def __init__(self, config: Any) -> None:
        self.config = config
        self._source: SourceFace | None = None

    @property
    @abc.abstractmethod
    def side(self) -> int:
        """Width and height of the animated image in pixels."""

    @abc.abstractmethod
    def render(self, source: SourceFace, target: PosedShape) -> Image:
        """The portrait with the target face, (side, side, 3) uint8."""

    def set_source(self, image: Image) -> None:
        landmarks = find_face(image)
        if landmarks is None:
            raise SourceImageError('no face found in the source image: choose a portrait in '
                                   'which one human face is well lit, upright and seen from the '
                                   'front')
        portrait = Portrait.cut(image, landmarks, self.side, self.config.margin)
        self._transfer = LandmarkTransfer(portrait.landmarks, self._gains(), self.config.relative)
        self._target = self._transfer.source
        self._source = SourceFace(portrait, self._transfer.source)

    def configure(self, config: Any) -> None:
        self.config = config
        if self._source is not None:
            self._transfer.configure(self._gains(), config.relative)

    def _gains(self) -> Gains:
        return Gains(self.config.brows, self.config.eyes, self.config.mouth, self.config.pose,
                     self.config.translation)

    def animate(self, motion: Motion) -> Frame:
        source = self._known_source()
        self._target = self._transfer(motion)
        return Frame(self.render(source, self._target), motion.stamp_s)

    @property
    def landmarks(self) -> Array:
        self._known_source()
        return self._target.landmarks() + (0.5, 0.5, 0.0)

    def calibrate(self, motion: Motion) -> None:
        self._known_source()
        self._transfer.calibrate(motion)

    def reset(self) -> None:
        if self._source is not None:
            self._transfer.reset()
            self._target = self._transfer.source

    def _known_source(self) -> SourceFace:
        if self._source is None:
            raise SourceImageError(f'{self.name} has no portrait yet: call set_source first')
        return self._source
