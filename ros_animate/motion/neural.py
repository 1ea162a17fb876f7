"""Learned motion extractors: networks with their weights, applied to the square around the face."""
from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ros_animate import plugins
from ros_animate.configuration import option
from ros_animate.face.crop import Box, Crop
from ros_animate.face.framing import TIGHT, Framing, SteadyCrop
from ros_animate.inference.conversions import KeypointConversion
from ros_animate.inference.device import NonFiniteOutputError, to_tensor
from ros_animate.inference.loading import NetworkOptions, load_networks
from ros_animate.motion.base import Extractor
from ros_animate.types import Array, Frame, Motion, UnusableMotion


@dataclass(frozen=True)
class NeuralOptions(NetworkOptions):
    """Options that the learned extractors share."""

    crop: bool = option(True, 'use the square around the face, found by the face tracker; else '
                              'the middle square of the frame, whatever it shows')
    settle_s: float = option(2.0, 'time in which that square follows the face', low=0.01)


class NeuralExtractor(Extractor):
    """Finds the face, and runs a network on the square around it.

    Without a face in the frame, or before the first one, there is no motion. When the face is
    somewhere else all of a sudden (another person takes over), the square jumps there; the motion
    remains relative to the first person until the animator is calibrated again.

    Attributes:
        family: Family of the networks.
        network_names: Names of the networks in the family.
        framing: The square around the face.
        oversampling: Pixels of the square per pixel of the networks' input.
        network_config: Configuration of the networks.
        networks: The networks by name, prepared for inference.
        execution: How they run, in words.
    """

    family: ClassVar[str]
    network_names: ClassVar[tuple[str, ...]]
    framing: ClassVar[Framing]
    oversampling: ClassVar[int] = 1

    def __init__(self, config: NeuralOptions) -> None:
        loaded = load_networks(self.family, config, self.network_names)
        self.device, self.networks = loaded.device, loaded.networks
        self.execution = loaded.execution
        self.network_config = loaded.config
        self._tracker = plugins.load('motion', 'mediapipe') if config.crop else None
        self._size = self.network_config.image_size * self.oversampling
        self._crop = SteadyCrop(self.framing, self._size, config.settle_s)

    def extract(self, frame: Frame) -> Motion | None:
        landmarks = None
        if self._tracker is None:
            crop = Crop.middle(frame.image, self._size)
        else:
            tracked = self._tracker.extract(frame)
            if tracked is None:
                return None
            landmarks = tracked.landmarks
            crop = self._crop.update(landmarks, frame.stamp_s)
        image = to_tensor(crop.take(frame.image), self.network_config.image_size, self.device)
        try:
            with torch.inference_mode():
                return self._extract(image, frame.stamp_s, landmarks)
        except UnusableMotion as error:  # an image is finite: the network is at fault
            raise NonFiniteOutputError(f'the extractor {self.family}') from error

    def fix_crop(self, box: Box) -> None:
        """Uses the square `box` from now on instead of following the face (a known clip)."""
        self._crop.fix(box)

    def reset(self) -> None:
        self._crop.reset()
        if self._tracker is not None:
            self._tracker.reset()

    def close(self) -> None:
        if self._tracker is not None:
            self._tracker.close()

    @abc.abstractmethod
    def _extract(self, image: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        """The motion in an image (1, 3, S, S).

        Args:
            image: The square, RGB in [0, 1].
            stamp_s: Stamp of the frame.
            landmarks: (478, 3) of the face in pixels of the frame; None without a tracker.
        """


class KeypointExtractor(NeuralExtractor):
    """Keypoints of a learned detector (Monkey-Net, FOMM), of a face or, without `crop`, an object.

    Attributes:
        conversion: Conversion of the detector's keypoints.
    """

    network_names = ('kp_detector',)
    framing = TIGHT
    conversion: KeypointConversion

    def _extract(self, image: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return self.conversion.to_motion(self.networks['kp_detector'](image), stamp_s)
