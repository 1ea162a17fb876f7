"""Validation error of a policy network."""
from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ros_animate.robot.control_error import compare
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.policy.data import PolicyData
from ros_animate.training.policy.losses import PolicyObjective


@torch.no_grad()
def validation_mae(network: nn.Module, objective: PolicyObjective, data: PolicyData,
                   spec: RobotSpec, most: int, batch_size: int,
                   device: torch.device) -> float | None:
    """X2CNet's error on pairs that are held back; None if there are none.

    Args:
        network: Network to validate.
        objective: Scales the network's outputs.
        data: The pairs.
        spec: The robot.
        most: Largest number of pairs to use.
        batch_size: Pairs of a batch.
        device: Device of the network.
    """
    held = data.held_back
    selected = held[np.linspace(0, len(held) - 1, min(most, len(held))).astype(int)]
    targets, outputs = [], []
    for start in range(0, len(selected), batch_size):
        indices = selected[start:start + batch_size]
        batch, usable = data.plain(indices)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == 'cuda'):
            waypoints = objective.waypoints(batch.to(device), network)
        targets.append(data.values[indices][usable])
        outputs.append(waypoints[:, 0].float().cpu().numpy()[usable])
    if not sum(map(len, targets)):
        return None
    values = spec.low + (np.concatenate(outputs).clip(-1, 1) + 1) * (spec.high - spec.low) / 2
    return compare(np.concatenate(targets), values, spec).mae
