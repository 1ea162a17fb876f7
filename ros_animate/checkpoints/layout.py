"""Names and shapes of the tensors of a family's networks, compared with those of state dicts."""
from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ros_animate.checkpoints import variants
from ros_animate.configuration import ConfigurationError
from ros_animate.limits import NETWORK_BYTES
from ros_animate.networks import build_networks, find_family

State = Mapping[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]  # of the tensors of one sub-network, by name
Layout = Mapping[str, Shapes]  # by sub-network


@functools.cache
def network_layout(family: str, config: Any) -> Layout:
    """Shapes of the tensors of every sub-network of a family in a configuration.

    Raises:
        ConfigurationError: The networks would take more memory than any that is known.
    """
    with torch.device('meta'):
        built = build_networks(family, config)
    size = sum(value.nbytes for module in built.values() for value in module.state_dict().values())
    if size > NETWORK_BYTES:
        raise ConfigurationError(f'networks of {family} with these options take {size / 1e9:.0f} '
                                 f'GB; at most {NETWORK_BYTES / 1e9:.0f} GB are built')
    return {network: {name: tuple(value.shape) for name, value in module.state_dict().items()}
            for network, module in built.items()}


@functools.cache
def published_configs(family: str) -> tuple[tuple[str, Any], ...]:
    """(variant, Config) of every published configuration; the one with the defaults is first."""
    default = find_family(family).Config()
    known = [(name, variants.load_config(family, name)) for name in variants.variants(family)]
    known.sort(key=lambda item: item[1] != default)
    return tuple(known) or (('default', default),)


def similarity(state: State, shapes: Shapes) -> float:
    """Share of the tensors that both have, with the same name and shape, in [0, 1]."""
    common = sum(shapes.get(name) == tuple(value.shape) for name, value in state.items())
    return common / len(state.keys() | shapes.keys())


def differences(network: str, shapes: Shapes, state: State) -> list[str]:
    """Every missing, unexpected or misshapen tensor of a sub-network, one message each."""
    missing = [f'{network}.{name} is missing' for name in shapes if name not in state]
    unexpected = [f'{network}.{name} is unexpected' for name in state if name not in shapes]
    misshapen = [f'{network}.{name} is {_size(state[name].shape)} instead of {_size(shape)}'
                 for name, shape in shapes.items()
                 if name in state and tuple(state[name].shape) != shape]
    return missing + unexpected + misshapen


def _size(shape: Sequence[int]) -> str:
    return 'x'.join(map(str, shape)) or 'a number'
