"""Running average of the weights, which has a lower error than the last weights."""
from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

Network = TypeVar('Network', bound=nn.Module)


class RunningAverage(Generic[Network]):
    """Exponential moving average of a network's weights, with a lower decay at the start.

    Attributes:
        network: A copy with the average weights, in evaluation mode.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: Network, step: int) -> None:
        """Moves the average towards the weights after a step."""
        decay = min(self._decay, (1 + step) / (10 + step)) if self._decay else 0.0
        current = network.state_dict()
        for name, mean in self.network.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(current[name], 1 - decay)
            else:
                mean.copy_(current[name])
