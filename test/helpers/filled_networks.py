"""Networks whose outputs lie within [-1, 1] and differ from image to image."""
from __future__ import annotations

import torch
from torch import nn


def filled(network: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights, statistics and conditions; in evaluation mode."""
    random = torch.Generator().manual_seed(seed)
    for name, value in network.eval().state_dict().items():
        if name.endswith('running_var'):
            value.uniform_(0.8, 1.5, generator=random)
        elif value.is_floating_point() and value.ndim > 1:
            value.normal_(0, (1.5 / value[0].numel()) ** 0.5, generator=random)
        elif value.is_floating_point():
            value.add_(0.1 * torch.randn(value.shape, generator=random))
    return network
