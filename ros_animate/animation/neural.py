"""What the neural animators share: weights, crop, paste-back, the driving person's reference."""
from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
import torch
from torch import Tensor

from ros_animate import plugins
from ros_animate.animation import relative_motion
from ros_animate.animation.base import Animator, SourceImageError
from ros_animate.checkpoints import weights
from ros_animate.configuration import ConfigurationError, option
from ros_animate.face.crop import Crop, Framing, limit_size
from ros_animate.inference.device import DEVICES, choose_device, to_image, to_tensor
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.types import Array, Frame, Image, Motion

_TRACKED = (320, 1280)  # pixels of the shorter and longer side that the face tracker likes


@dataclass(frozen=True)
class AnimatorOptions(EngineOptions):
    """Options that the neural animators share."""

    weights: str = option('', 'checkpoint, a file or a folder; empty: looked for in '
                              "ROS_ANIMATE_WEIGHTS, the user's cache and the package")
    device: str = option('auto', 'where the networks run', choices=DEVICES)
    relative: bool = option(True, "what moves is the change since the driving person's neutral "
                                  'face; else the source takes over the driving motion as it is')
    crop: bool = option(True, "animate the square around the source's face; else the middle "
                              'square of the picture, whatever it shows')
    paste_back: bool = option(False, 'put the animated square back into the whole picture')


@dataclass(frozen=True)
class ScalingOptions(AnimatorOptions):
    """Options of the animators with keypoints of their own scale."""

    adapt_scale: bool = option(True, "motion is larger where the source's face is larger than "
                                     'the driving one (relative motion only)')


class NeuralAnimator(Animator):
    """Sees the source once, then renders it in each driving pose.

    The reference of relative motion is the first motion, or the one given to `calibrate`. It stays
    when another person takes over, who then starts from the wrong face: calibrate again.

    Attributes:
        family: Whose networks it runs.
        networks: Their names.
        optional: Those it can do without.
        framing: The square around the source's face.
        magnification: Pixels made by pixels seen.
    """

    family: ClassVar[str]
    networks: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]] = ()
    framing: ClassVar[Framing]
    magnification: ClassVar[int] = 1

    def __init__(self, config: Any) -> None:
        self.config = config
        self.device = choose_device(config.device)
        self.model, loaded = weights.load(self.family, config.weights, self.networks,
                                          self.optional)
        self.loaded: dict[str, Any] = {name: prepare(network, config, self.device)
                       for name, network in loaded.items()}
        self.source: Motion | None = None
        self._reference: Motion | None = None

    def set_source(self, image: Image) -> None:
        # A video of the whole picture would be too large; the square alone keeps every detail.
        picture = limit_size(image) if self.config.paste_back else image
        landmarks = find_face(picture) if self.config.crop else None
        size = self.model.image_size * self.magnification
        if not self.config.crop:
            crop = Crop.middle(picture, size)
        elif landmarks is None:
            raise SourceImageError(
                'no face found in the source picture: choose a portrait in which one face is well '
                'lit, upright and seen from the front, or animate the middle of the picture '
                'without looking for a face (crop: false, --no-crop)')
        else:
            crop = Crop.of(self.framing.box(landmarks), size, self.framing.upright)
        self._picture, self._crop = picture, crop
        seen = to_tensor(crop.take(picture), self.model.image_size, self.device)
        with torch.inference_mode():
            self.source = self._encode(seen, landmarks)
        self._refer(self._reference)

    def animate(self, motion: Motion) -> Frame:
        if self.source is None:
            raise SourceImageError(f'{self.family} has no portrait yet: call set_source first')
        self._expect(motion)
        if self._reference is None:
            self._refer(motion)
        with torch.inference_mode():
            square = to_image(self._render(motion))
        image = self._crop.paste(self._picture, square) if self.config.paste_back else square
        return Frame(image, motion.stamp_s)

    def calibrate(self, motion: Motion) -> None:
        self._expect(motion)
        self._refer(motion)

    def reset(self) -> None:
        self._reference = None

    def _expect(self, motion: Motion) -> None:
        if motion.model != self.extractor:
            raise ConfigurationError(f'the animator {self.family} follows the motion of '
                                     f'{self.extractor}, not of {motion.model}')

    def _refer(self, motion: Motion | None) -> None:
        """Takes the reference; computes what depends on it and the source alone."""
        self._reference = motion

    @abc.abstractmethod
    def _encode(self, picture: Tensor, landmarks: Array | None) -> Motion:
        """Keeps what rendering needs of the source (1, 3, S, S); returns its motion.

        Args:
            picture: What the networks see.
            landmarks: (478, 3) of the source's face, in pixels of the whole picture; None if it
                was not looked for.
        """

    @abc.abstractmethod
    def _render(self, motion: Motion) -> Tensor:
        """The source in the driving pose, (1, 3, S, S)."""


class KeypointAnimator(NeuralAnimator):
    """Moves the source's keypoints; the same for Monkey-Net, FOMM and face-vid2vid."""

    _scale = 1.0

    def _refer(self, motion: Motion | None) -> None:
        super()._refer(motion)
        if motion is None or self.source is None or not self.config.adapt_scale:
            return
        source, reference = self.source.keypoints, self._placed(motion).keypoints
        assert source is not None and reference is not None
        self._scale = relative_motion.movement_scale(source, reference)

    def _transferred(self, motion: Motion, adapt_covariance: bool = False) -> Motion:
        """The keypoints that the source shall have."""
        placed = self._placed(self._viewed(motion))
        if not self.config.relative:
            return placed
        assert self.source is not None and self._reference is not None
        return relative_motion.relative(self.source, placed, self._placed(self._reference),
                                 scale=self._scale, adapt_covariance=adapt_covariance)

    def _placed(self, motion: Motion) -> Motion:
        """`motion` with keypoints."""
        return motion

    def _viewed(self, motion: Motion) -> Motion:
        """`motion` as seen from where the user wants to see it."""
        return motion


def find_face(image: Image) -> Array | None:
    """(478, 3) landmarks of the largest face in a still picture, in pixels; None without one."""
    sides = image.shape[:2]
    scale = min(max(1.0, _TRACKED[0] / min(sides)), _TRACKED[1] / max(sides))
    height, width = (max(1, round(n * scale)) for n in sides)
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    seen = np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)
    extractor = plugins.load('motion', 'mediapipe')
    try:
        motion = extractor.extract(Frame(seen, 0.0))
    finally:
        extractor.close()
    return None if motion is None else motion.landmarks / scale
