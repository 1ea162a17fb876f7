"""Training pairs of animation networks: two frames of one clip, and labels."""
from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ros_animate.networks.warp_guided import WarpedSource
from ros_animate.types import Image


class Labels(NamedTuple):
    """Labels of frames.

    Attributes:
        landmarks: (B, 468, 2) xy of the face mesh's vertices in [-1, 1], which are the centres of
            the image's outermost pixels; hidden ones and those outside included.
        angles_deg: (B, 3) yaw to the face's left, pitch down, roll to its right ear, as
            `motion.head_angles` measures them.
        expression: (B, E) values of the muscles `synthetic.EXPRESSION`, in the units of the virtual
            face but for gaze, which is in parts of its range.
    """

    landmarks: Tensor
    angles_deg: Tensor
    expression: Tensor

    def to(self, device: torch.device) -> Labels:
        """The labels on a device."""
        return Labels(*(t.to(device, non_blocking=True) for t in self))


class PairBatch(NamedTuple):
    """Pairs of frames.

    Attributes:
        source: (B, 3, S, S) in [0, 1]: identity.
        driving: (B, 3, S, S): input of the keypoint detector; colours, blur and noise of its own.
        target: (B, 3, S, S): desired output. The driving frame in the source's colours; where
            the driving frame shows another person, the source's person in the same pose and with
            the same expression.
        source_labels: Labels of `source`; None for data without labels.
        driving_labels: Labels of `target`, and of `driving` except for another person's landmarks.
        warped: The source warped to the target; None for data without warps.
    """

    source: Tensor
    driving: Tensor
    target: Tensor
    source_labels: Labels | None = None
    driving_labels: Labels | None = None
    warped: WarpedSource | None = None

    def to(self, device: torch.device) -> PairBatch:
        """The batch on a device."""
        parts: list[Any] = [
            t if t is None else t.to(device) if isinstance(t, (Labels, WarpedSource))
            else t.to(device, non_blocking=True) for t in self]
        return PairBatch(*parts)


class Clip(NamedTuple):
    """A whole clip.

    Attributes:
        name: Name of the file or folder, or number of the synthetic clip.
        frames: (T, S, S, 3) uint8 RGB, in order.
        labels: Labels of its frames, (T, …) each; None for data without labels.
    """

    name: str
    frames: Image
    labels: Labels | None = None
