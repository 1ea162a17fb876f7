"""What the learned extractors share: weights, and the square of the frame that they see."""
from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ros_animate import plugins
from ros_animate.checkpoints import weights
from ros_animate.configuration import option
from ros_animate.face.crop import Box, Crop, Framing, SteadyCrop
from ros_animate.inference.device import DEVICES, choose_device, to_tensor
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.motion.base import Extractor
from ros_animate.types import Array, Frame, Motion


@dataclass(frozen=True)
class NeuralOptions:
    """Options that the learned extractors share."""

    weights: str = option('', 'checkpoint, a file or a folder; empty: looked for in '
                              "ROS_ANIMATE_WEIGHTS, the user's cache and the package")
    device: str = option('auto', 'where the network runs', choices=DEVICES)
    crop: bool = option(True, 'see the square around the face, found by the face tracker; else '
                              'the middle square of the frame, whatever it shows')
    settle_s: float = option(2.0, 'time in which that square follows the face', low=0.01)


class NeuralExtractor(Extractor):
    """Finds the face, and lets a network see the square around it.

    Without a face in the frame, or before the first one, there is no motion. When the face is
    somewhere else all of a sudden (another person takes over), the square jumps there; the motion
    remains relative to the first person until the animator is calibrated again.

    Attributes:
        family: Whose networks it runs.
        networks: Their names.
        framing: The square around the face.
        oversampling: Pixels of the square by pixels that the network sees.
    """

    family: ClassVar[str]
    networks: ClassVar[tuple[str, ...]]
    framing: ClassVar[Framing]
    oversampling: ClassVar[int] = 1

    def __init__(self, config: NeuralOptions) -> None:
        self.device = choose_device(config.device)
        self.model, loaded = weights.load(self.family, config.weights, self.networks)
        self.loaded: dict[str, Any] = {name: prepare(network, EngineOptions(), self.device)
                       for name, network in loaded.items()}
        self._tracker = plugins.load('motion', 'mediapipe') if config.crop else None
        size = self.model.image_size * self.oversampling
        self._size = size
        self._crop = SteadyCrop(self.framing, size, config.settle_s)

    def extract(self, frame: Frame) -> Motion | None:
        landmarks = None
        if self._tracker is None:
            crop = Crop.middle(frame.image, self._size)
        else:
            seen = self._tracker.extract(frame)
            if seen is None:
                return None
            landmarks = seen.landmarks
            crop = self._crop.update(landmarks, frame.stamp_s)
        picture = to_tensor(crop.take(frame.image), self.model.image_size, self.device)
        with torch.inference_mode():
            return self._see(picture, frame.stamp_s, landmarks)

    def hold(self, box: Box) -> None:
        """Looks at `box` from now on, instead of following the face (a clip known in advance)."""
        self._crop.fix(box)

    def reset(self) -> None:
        self._crop.reset()
        if self._tracker is not None:
            self._tracker.reset()

    def close(self) -> None:
        if self._tracker is not None:
            self._tracker.close()

    @abc.abstractmethod
    def _see(self, picture: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        """The motion in (1, 3, S, S); `landmarks` (478, 3) are the frame's, with a tracker."""
