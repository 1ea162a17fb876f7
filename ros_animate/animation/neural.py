"""Neural animators: networks with their weights, crop and paste-back, and the driving reference."""
from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ros_animate.animation import relative_motion
from ros_animate.animation.base import Animator, SourceImageError
from ros_animate.configuration import ConfigurationError, option
from ros_animate.face.crop import Crop, limit_size
from ros_animate.face.finder import find_face
from ros_animate.face.framing import TIGHT, Framing
from ros_animate.inference.conversions import KeypointConversion
from ros_animate.inference.device import to_image, to_tensor
from ros_animate.inference.engine import EngineOptions
from ros_animate.inference.loading import NetworkOptions, load_networks
from ros_animate.types import MOTION_ARRAYS, Array, Frame, Image, Motion, UnusableMotion


@dataclass(frozen=True)
class AnimatorOptions(NetworkOptions, EngineOptions):
    """Options that the neural animators share."""

    relative: bool = option(True, "what moves is the change since the driving person's neutral "
                                  'face; else the source takes over the driving motion as it is')
    crop: bool = option(True, "animate the square around the source's face; else the middle "
                              'square of the image, whatever it shows')
    paste_back: bool = option(False, 'put the animated square back into the whole image')


@dataclass(frozen=True)
class ScalingOptions(AnimatorOptions):
    """Options of the animators with keypoints of their own scale."""

    adapt_scale: bool = option(True, "motion is larger where the source's face is larger than "
                                     'the driving one (relative motion only)')


class NeuralAnimator(Animator):
    """Encodes the source once, then renders it in each driving pose.

    The reference of relative motion is the first motion, or the one given to `calibrate`. It stays
    when another person takes over, who then starts from the wrong face: calibrate again.

    Attributes:
        family: Family of the networks.
        network_names: Names of the networks in the family.
        optional_networks: Names of networks that the weights may lack.
        framing: The square around the source's face.
        computed_fields: Fields of the source's motion that the extractor does not fill in.
        magnification: Pixels of the output per pixel of the networks' input.
        network_config: Configuration of the networks.
        networks: The networks by name, prepared for inference.
        source: Motion of the source; None before `set_source`.
    """

    family: ClassVar[str]
    network_names: ClassVar[tuple[str, ...]]
    optional_networks: ClassVar[tuple[str, ...]] = ()
    framing: ClassVar[Framing]
    computed_fields: ClassVar[tuple[str, ...]] = ()
    magnification: ClassVar[int] = 1

    def __init__(self, config: Any) -> None:
        self.config = config
        loaded = load_networks(self.family, config, self.network_names, self.optional_networks,
                               config)
        self.device, self.networks = loaded.device, loaded.networks
        self.execution = loaded.execution
        self.network_config = loaded.config
        self.source: Motion | None = None
        self._reference: Motion | None = None

    def set_source(self, image: Image) -> None:
        # A video of the whole image would be too large; the square alone keeps every detail.
        image = limit_size(image) if self.config.paste_back else image
        landmarks = find_face(image, search_squares=False) if self.config.crop else None
        self._image, self._crop = image, self._source_crop(image, landmarks)
        square = to_tensor(self._crop.take(image), self.network_config.image_size, self.device)
        with torch.inference_mode():
            self.source = self._encode(square, landmarks)
        self._set_reference(self._reference)

    def configure(self, config: Any) -> None:
        self.config = config

    def animate(self, motion: Motion) -> Frame:
        if self.source is None:
            raise SourceImageError(f'{self.family} has no portrait yet: call set_source first')
        self._check_motion(motion)
        if self._reference is None:
            self._set_reference(motion)
        with torch.inference_mode():
            square = to_image(self._render(motion))
        image = self._crop.paste(self._image, square) if self.config.paste_back else square
        return Frame(image, motion.stamp_s)

    def calibrate(self, motion: Motion) -> None:
        self._check_motion(motion)
        self._set_reference(motion)

    def reset(self) -> None:
        self._reference = None

    def _source_crop(self, image: Image, landmarks: Array | None) -> Crop:
        size = self.network_config.image_size * self.magnification
        if not self.config.crop:
            return Crop.middle(image, size)
        if landmarks is None:
            raise SourceImageError(
                'no face found in the source image: choose a portrait in which one face is well '
                'lit, upright and seen from the front, or animate the middle of the image '
                'without looking for a face (crop: false, --no-crop)')
        return Crop.of(self.framing.box(landmarks), size, self.framing.upright)

    def _check_motion(self, motion: Motion) -> None:
        if motion.model != self.extractor:
            raise ConfigurationError(f'the animator {self.family} follows the motion of '
                                     f'{self.extractor}, not of {motion.model}')
        assert self.source is not None
        for name in MOTION_ARRAYS:
            expected, given = getattr(self.source, name), getattr(motion, name)
            if expected is None or name in self.computed_fields:
                continue
            if given is None or given.shape != expected.shape:
                shape = None if given is None else given.shape
                raise UnusableMotion(f'{self.family} needs {name} {expected.shape} of a motion, '
                                     f'got {shape}')

    def _set_reference(self, motion: Motion | None) -> None:
        """Sets the driving reference; computes what depends on it and the source alone."""
        self._reference = motion

    @abc.abstractmethod
    def _encode(self, image: Tensor, landmarks: Array | None) -> Motion:
        """Encodes the source, keeps what rendering needs of it, and returns its motion.

        Args:
            image: (1, 3, S, S), the square, RGB in [0, 1].
            landmarks: (478, 3) of the source's face, in pixels of the whole image; None if no face
                was searched.
        """

    @abc.abstractmethod
    def _render(self, motion: Motion) -> Tensor:
        """The source in the driving pose, (1, 3, S, S)."""


class KeypointAnimator(NeuralAnimator):
    """Animators that move the source's keypoints: Monkey-Net, FOMM and face-vid2vid."""

    _scale = 1.0
    _adapt_covariance = False

    def _set_reference(self, motion: Motion | None) -> None:
        super()._set_reference(motion)
        if motion is None or self.source is None or not self.config.adapt_scale:
            return
        source, reference = self.source.keypoints, self._with_keypoints(motion).keypoints
        assert source is not None and reference is not None
        self._scale = relative_motion.movement_scale(source, reference)

    def _transfer(self, motion: Motion) -> Motion:
        """The source's motion for the driving `motion`: its keypoints, moved."""
        driving = self._with_keypoints(self._with_view(motion))
        if not self.config.relative:
            return driving
        assert self.source is not None and self._reference is not None
        return relative_motion.relative_keypoints(
            self.source, driving, self._with_keypoints(self._reference), scale=self._scale,
            adapt_covariance=self._adapt_covariance)

    def _with_keypoints(self, motion: Motion) -> Motion:
        """`motion` with its keypoints computed, where the extractor does not detect them."""
        return motion

    def _with_view(self, motion: Motion) -> Motion:
        """`motion` from the viewpoint that the user has set (free view)."""
        return motion


class DetectorAnimator(KeypointAnimator):
    """A keypoint detector and a generator that warps encoded features (Monkey-Net, FOMM).

    Attributes:
        conversion: Conversion of the detector's keypoints.
    """

    network_names = ('kp_detector', 'generator')
    framing = TIGHT
    conversion: KeypointConversion

    def _encode(self, image: Tensor, landmarks: Array | None) -> Motion:
        self._keypoints = self.networks['kp_detector'](image)
        self._features = self.networks['generator'].encode(image)
        return self.conversion.to_motion(self._keypoints, 0.0)

    def _render(self, motion: Motion) -> Tensor:
        driving = self.conversion.to_keypoints(self._transfer(motion), self.device)
        return self.networks['generator'].render(self._features, self._keypoints, driving)
