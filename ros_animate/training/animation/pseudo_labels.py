"""Pseudo-labels of images without labels, by the face tracker and optionally by Hopenet."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ros_animate import plugins
from ros_animate.checkpoints import tensor_files
from ros_animate.errors import UserError
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.inference.device import to_image
from ros_animate.networks.perceptual import Hopenet
from ros_animate.training.animation.pairs import Labels, PairBatch
from ros_animate.types import Frame

_VERTICES, _SIDE = 468, 224
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PseudoLabels:
    """Landmarks of the MediaPipe tracker, as LivePortrait's guide has them, and head angles.

    Args:
        hopenet: Published checkpoint of Hopenet, which then estimates the angles; '' leaves them to
            the tracker.
    """

    def __init__(self, hopenet: str = '') -> None:
        self._tracker: Any = None  # opened when it is needed
        self._hopenet = load_hopenet(hopenet) if hopenet else None

    def close(self) -> None:
        """Closes the tracker: MediaPipe's may hang when it is left to the garbage collector."""
        if self._tracker is not None:
            self._tracker.close()
            self._tracker = None

    def complete(self, batch: PairBatch) -> PairBatch:
        """The batch with pseudo-labels, if it has no labels; NaN where there is no face."""
        if batch.driving_labels is not None:
            return batch
        return batch._replace(source_labels=self.labels(batch.source),
                              driving_labels=self.labels(batch.target))

    def labels(self, images: Tensor) -> Labels:
        """Pseudo-labels of images (B, 3, S, S) in [0, 1]; expressions (B, 0) are unknown."""
        tracked = [self._track(image[None]) for image in images]
        landmarks, angles = (torch.from_numpy(np.stack(part).astype(np.float32))
                             for part in zip(*tracked))
        if self._hopenet is not None:
            angles = self._estimate_angles(images).where(~angles.isnan(), angles)
        return Labels(landmarks, angles, torch.zeros(len(images), 0))

    def _track(self, image: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks (468, 2) and head angles (3,) of an image (1, 3, S, S); NaN without a face."""
        if self._tracker is None:
            self._tracker = plugins.load('motion', 'mediapipe', {'stills': True})
        motion = self._tracker.extract(Frame(to_image(image), 0.0))
        if motion is None:
            return np.full((_VERTICES, 2), np.nan), np.full(3, np.nan)
        side = image.shape[-1]
        landmarks = 2 * (motion.landmarks[:_VERTICES, :2] - 0.5) / (side - 1) - 1
        return landmarks, head_angles_deg(motion.rotation)

    @torch.no_grad()
    def _estimate_angles(self, images: Tensor) -> Tensor:
        """Hopenet's yaw, pitch, roll (B, 3) with the signs of labels; its own pitch is up."""
        assert self._hopenet is not None
        small = functional.interpolate(images.float(), size=(_SIDE, _SIDE), mode='bilinear')
        mean, std = (small.new_tensor(v).view(3, 1, 1) for v in (_MEAN, _STD))
        angles = self._hopenet((small - mean) / std)
        return angles * angles.new_tensor([1.0, -1.0, -1.0])


def load_hopenet(path: str) -> Hopenet:
    """Hopenet with weights of a file; raises UserError."""
    network = Hopenet()
    content = tensor_files.read(path)
    try:
        network.load_state_dict(content)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise UserError(f'{path} does not hold the weights of Hopenet: {error}') from error
    return network.eval().requires_grad_(False)
