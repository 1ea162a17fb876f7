"""What training makes small."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.hardware.spec import RobotSpec
from ros_animate.models.actions import in_units
from ros_animate.training.data import Batch
from ros_animate.training.options import TrainOptions


class Objective(nn.Module):
    """Huber loss of the waypoints, and X2CNet's matching of features.

    The second term is 1 - cosine between the features of a picture and of its twin (a real and an
    animated picture of one face). One `forward` holds all, so that gradients of several processes
    are gathered.

    Args:
        network: Of a policy.
        model: Its configuration.
        spec: The robot.
        options: Of the training.
    """

    low: Tensor
    high: Tensor

    def __init__(self, network: nn.Module, model: Any, spec: RobotSpec,
                 options: TrainOptions) -> None:
        super().__init__()
        self.network, self._model, self._options = network, model, options
        self.register_buffer('low', torch.tensor(spec.low, dtype=torch.float32), False)
        self.register_buffer('high', torch.tensor(spec.high, dtype=torch.float32), False)

    def forward(self, batch: Batch) -> Tensor:
        delta = self._options.huber_delta
        distance = functional.huber_loss(self.waypoints(batch), batch.wanted, delta=delta,
                                         reduction='none')
        loss = (distance * batch.counts).sum() / batch.counts.sum().clamp(min=1)
        if batch.twin is not None and len(batch.twin) and self._options.feature_weight:
            loss = loss + self._options.feature_weight * self._mismatch(batch)
        return loss

    def waypoints(self, batch: Batch, network: nn.Module | None = None) -> Tensor:
        """(B, H, N) scaled to [-1, 1], by `network` in the place of the own one."""
        network = network or self.network
        given = (batch.observation,) if batch.task is None else (batch.observation, batch.task)
        said = network(*given).float()
        said = said[:, None] if said.ndim == 2 else said
        if self._model.low:
            return said
        low, high = self.low, self.high
        return 2 * (in_units(said, self._model) - low) / (high - low) - 1

    def _mismatch(self, batch: Batch) -> Tensor:
        assert batch.twin is not None and batch.paired is not None
        network: Any = self.network
        task = () if batch.task is None else (batch.task[batch.paired],)
        one = network.features(batch.observation[batch.paired], *task)
        other = network.features(batch.twin, *task)
        return (1 - functional.cosine_similarity(one.float(), other.float())).mean()
