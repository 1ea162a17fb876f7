#!/usr/bin/env python3
"""Time of an optimizer step: our Muon, torch.optim.Muon with AdamW, AdamW alone.

    OMP_NUM_THREADS=2 .venv/bin/python benchmarks/optimizers.py [--policies bc_z x2cnet] [--steps 3]

torch.optim.Muon orthogonalises in bfloat16. To see what a CPU without bf16 units does, set
ONEDNN_MAX_CPU_ISA=AVX2 and ATEN_CPU_CAPABILITY=avx2 before the call.
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ros_animate.networks import build_networks
from ros_animate.training.core import muon
from ros_animate.training.policy.trainable import find_trainable

LEARNING_RATE, WEIGHT_DECAY = 1e-3, 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--policies', nargs='+', default=['bc_z'])
    parser.add_argument('--steps', type=int, default=3, help='timed steps; the fastest counts')
    args = parser.parse_args()
    for name in args.policies:
        policy = find_trainable(name)
        network = build_networks(policy.family)[policy.network_name]
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for parameter in network.parameters():
            parameter.grad = torch.randn_like(parameter)
        for title, step in optimizers(network).items():
            print(f'{name}: {title}: {1e3 * fastest(step, args.steps):.0f} ms a step', flush=True)


def optimizers(network: nn.Module) -> dict[str, Callable[[], object]]:
    """The steps to time, by name."""
    ours = muon.for_network(network, LEARNING_RATE, WEIGHT_DECAY)
    matrices = [p for g in ours.param_groups if g['matrices'] for p in g['params']]
    others = [p for g in ours.param_groups if not g['matrices'] for p in g['params']]
    theirs = torch.optim.Muon([as_matrix(p) for p in matrices])
    adamw = torch.optim.AdamW(others, LEARNING_RATE)
    return {'our Muon': ours.step,
            'torch.optim.Muon and AdamW': lambda: (theirs.step(), adamw.step()),
            'AdamW alone': torch.optim.AdamW(network.parameters(), LEARNING_RATE).step}


def as_matrix(parameter: Tensor) -> nn.Parameter:
    """A 2-D view of a weight and its gradient; torch.optim.Muon takes no kernels."""
    assert parameter.grad is not None
    order = (0, 2, 3, 1) if parameter.ndim == 4 else (0, 1)  # channels last: flattening is a view
    matrix = nn.Parameter(parameter.data.permute(order).flatten(1))
    matrix.grad = parameter.grad.permute(order).flatten(1)
    return matrix


def fastest(step: Callable[[], object], count: int) -> float:
    """Seconds of the fastest of `count` calls, after one that does not count."""
    times = []
    for _ in range(count + 1):
        start_s = time.perf_counter()
        step()
        times.append(time.perf_counter() - start_s)
    return min(times[1:])


if __name__ == '__main__':
    main()
