"""Batches that a policy is trained on."""
from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor


class LandmarkBatch(NamedTuple):
    """Examples without images.

    Attributes:
        landmarks: (G, K, 2), xy in [-1, 1] of the image that a network would be given.
        target: (G, H, N) as in Batch.
        mask: (G, H, N) as in Batch.
    """

    landmarks: Tensor
    target: Tensor
    mask: Tensor

    def to(self, device: torch.device, non_blocking: bool = False) -> LandmarkBatch:
        """The batch on a device."""
        return LandmarkBatch(*(part.to(device, non_blocking=non_blocking) for part in self))


class Batch(NamedTuple):
    """Examples of observations and control values.

    Attributes:
        observation: (B, …) input of the network.
        target: (B, H, N) waypoints, scaled to [-1, 1].
        mask: (B, H, N) 1 where the target value is visible in the observation, else 0.
        task: (B, Z) task embeddings, noise included; None for networks without.
        twin: (T, …) observations of the same faces as in the rows `paired`, or None.
        paired: (T,) rows that have a twin.
        landmarks: (B, K, 2), xy in [-1, 1] of the image, NaN where unknown, or None.
        landmark_batch: More examples, without images.
    """

    observation: Tensor
    target: Tensor
    mask: Tensor
    task: Tensor | None = None
    twin: Tensor | None = None
    paired: Tensor | None = None
    landmarks: Tensor | None = None
    landmark_batch: LandmarkBatch | None = None

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Arguments of the network."""
        return (self.observation,) if self.task is None else (self.observation, self.task)

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        moved: list[Any] = [part if part is None else part.to(device, non_blocking=True)
                            for part in self]
        return Batch(*moved)
