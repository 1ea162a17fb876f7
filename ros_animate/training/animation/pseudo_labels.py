"""Labels of pictures that have none: what the face tracker sees, and Hopenet if it is at hand."""
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


class Teacher:
    """Landmarks by the MediaPipe tracker, which is what LivePortrait is guided by; head angles by
    it too, or by Hopenet.

    Args:
        hopenet: The published checkpoint; '' does without.
    """

    def __init__(self, hopenet: str = '') -> None:
        self._tracker: Any = None  # opened when it is needed
        self._hopenet = load_hopenet(hopenet) if hopenet else None

    def completed(self, batch: PairBatch) -> PairBatch:
        """The batch with labels, as far as it has none; NaN where there is no face."""
        if batch.driving_labels is not None:
            return batch
        return batch._replace(source_labels=self.labels(batch.source),
                              driving_labels=self.labels(batch.target))

    def labels(self, pictures: Tensor) -> Labels:
        """What (B, 3, S, S) in [0, 1] show; expressions (B, 0) are not told."""
        seen = [self._see(picture[None]) for picture in pictures]
        landmarks, angles = (np.stack(part).astype(np.float32) for part in zip(*seen))
        found = torch.from_numpy(angles)
        if self._hopenet is not None:
            found = self._angles(pictures).where(~found.isnan(), found)
        return Labels(torch.from_numpy(landmarks), found, torch.zeros(len(pictures), 0))

    def _see(self, picture: Tensor) -> tuple[np.ndarray, np.ndarray]:
        if self._tracker is None:
            self._tracker = plugins.load('motion', 'mediapipe')
        self._tracker.reset()
        motion = self._tracker.extract(Frame(to_image(picture), 0.0))
        if motion is None:
            return np.full((_VERTICES, 2), np.nan), np.full(3, np.nan)
        side = picture.shape[-1]
        landmarks = 2 * (motion.landmarks[:_VERTICES, :2] - 0.5) / (side - 1) - 1
        return landmarks, head_angles_deg(motion.rotation)

    @torch.no_grad()
    def _angles(self, pictures: Tensor) -> Tensor:
        """Hopenet's yaw, pitch, roll as labels have them: its pitch is up, its roll to the left."""
        assert self._hopenet is not None
        small = functional.interpolate(pictures.float(), size=(_SIDE, _SIDE), mode='bilinear')
        mean, std = (small.new_tensor(v).view(3, 1, 1) for v in (_MEAN, _STD))
        angles = self._hopenet((small - mean) / std)
        return angles * angles.new_tensor([1.0, -1.0, -1.0])


def load_hopenet(path: str) -> Hopenet:
    """Hopenet with the weights of a file; raises UserError."""
    network = Hopenet()
    content = tensor_files.read(path)
    try:
        network.load_state_dict(content)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise UserError(f'{path} does not hold the weights of Hopenet: {error}') from error
    return network.eval().requires_grad_(False)
