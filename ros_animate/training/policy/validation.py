"""The error on pairs that are held back."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ros_animate.robot.control_error import compare
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.policy.data import Data


@torch.no_grad()
def validation_mae(network: nn.Module, objective: Any, data: Data, spec: RobotSpec, most: int,
                   batch_size: int, device: torch.device) -> float | None:
    """X2CNet's error of `network` over at most `most` pairs; None if there are none."""
    held = data.held_back
    chosen = held[np.linspace(0, len(held) - 1, min(most, len(held))).astype(int)]
    wanted, got = [], []
    for start in range(0, len(chosen), batch_size):
        indices = chosen[start:start + batch_size]
        batch, usable = data.plain(indices)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == 'cuda'):
            said = objective.waypoints(batch.to(device), network)[:, 0]
        wanted.append(data.values[indices][usable])
        got.append(said.float().cpu().numpy()[usable])
    if not sum(map(len, wanted)):
        return None
    values = spec.low + (np.concatenate(got).clip(-1, 1) + 1) * (spec.high - spec.low) / 2
    return compare(np.concatenate(wanted), values, spec).mae
