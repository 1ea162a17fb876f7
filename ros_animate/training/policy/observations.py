"""Observations of a policy by index of the pair: images or motions."""
from __future__ import annotations

import abc
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros_animate.networks.actions import normalise_image
from ros_animate.networks.policy_network import ImagePolicyConfig
from ros_animate.training.core.augmentation import augment
from ros_animate.training.core.order import Indices
from ros_animate.training.policy.images import ImageSet
from ros_animate.training.policy.options import TrainOptions
from ros_animate.types import Array

Usable = NDArray[np.bool_]
_MARGIN = 1.15  # stored images are larger than augmented ones by this factor
_MOTION_NOISE = 0.5  # standard deviation of the noise on features by that of images


class Observed(NamedTuple):
    """Observations of some pairs.

    Attributes:
        observation: (B, …) input of the network.
        usable: (B,) False where there is no observation.
        frames: (B, 2, 3) framing of images, as `augment` returns it; None for motions.
    """

    observation: Tensor
    usable: Usable
    frames: Tensor | None = None


class Observations(abc.ABC):
    """Source of observations."""

    @abc.abstractmethod
    def augmented(self, indices: Indices, random: torch.Generator, size: int) -> Observed:
        """Randomly augmented observations, for training.

        Args:
            indices: (B,) pairs.
            random: Random numbers.
            size: Width and height of images in pixels.
        """

    @abc.abstractmethod
    def plain(self, indices: Indices) -> Observed:
        """Observations without augmentation."""

    @property
    def unreadable(self) -> list[pathlib.Path]:
        """Image files that turned out to be unreadable so far."""
        return []


class ImageObservations(Observations):
    """Images as input of a network.

    Args:
        files: Image files.
        config: Configuration of the network.
        options: Options of the training.
    """

    def __init__(self, files: Sequence[pathlib.Path], config: ImagePolicyConfig,
                 options: TrainOptions) -> None:
        self._config, self._options = config, options
        self._enlarged = ImageSet(files, round(config.image_size * _MARGIN),
                                  options.memory_gb * 1e9, config.view)
        self._plain = ImageSet(files, config.image_size, 0, config.view)

    def augmented(self, indices: Indices, random: torch.Generator, size: int) -> Observed:
        images = self._enlarged.take(indices).float() / 255
        images, frames = augment(images, size, self._options, random)
        return Observed(normalise_image(images, self._config), self._enlarged.readable[indices],
                        frames)

    def plain(self, indices: Indices) -> Observed:
        images = self._plain.take(indices).float() / 255
        return Observed(normalise_image(images, self._config), self._plain.readable[indices])

    @property
    def unreadable(self) -> list[pathlib.Path]:
        return self._enlarged.unreadable


class MotionObservations(Observations):
    """Features of motions.

    Args:
        features: (T, F) features of the face tracker, NaN where it found no face.
        options: Options of the training.
    """

    def __init__(self, features: Array, options: TrainOptions) -> None:
        self._usable: Usable = np.asarray(np.isfinite(features).all(1))
        self._features = torch.from_numpy(np.nan_to_num(features).astype(np.float32))
        self._noise = options.noise * _MOTION_NOISE

    def augmented(self, indices: Indices, random: torch.Generator, size: int) -> Observed:
        features, usable, _ = self.plain(indices)
        noise = self._noise * torch.randn(features.shape, generator=random)
        return Observed(features + noise, usable)

    def plain(self, indices: Indices) -> Observed:
        return Observed(self._features[torch.as_tensor(indices)], self._usable[indices])
