"""Networks with their weights, ready for inference: found, read, and prepared for a device."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ros_animate.checkpoints import weights
from ros_animate.configuration import option
from ros_animate.inference.acceleration import select
from ros_animate.inference.batching import BatchedNetwork
from ros_animate.inference.device import DEVICES, choose_device
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.inference.sharing import shared
from ros_animate.networks.layers import parameter_dtype


@dataclass(frozen=True)
class NetworkOptions:
    """Options of every stage that runs networks."""

    weights: str = option('', 'checkpoint, a file or a folder; empty: looked for in '
                              "ROS_ANIMATE_WEIGHTS, the user's cache and the package")
    device: str = option('auto', 'where the networks run', choices=DEVICES)


@dataclass(frozen=True)
class LoadedNetworks:
    """The networks of one family on a device.

    Attributes:
        config: The family's configuration, as stored with the weights.
        networks: The networks by name.
        device: Device of the networks.
        execution: How they run, in words: device, precision, acceleration.
    """

    config: Any
    networks: dict[str, Any]
    device: torch.device
    execution: str = ''


def load_networks(family: str, options: NetworkOptions, names: Sequence[str],
                  optional: Sequence[str] = (),
                  engine: EngineOptions | None = None) -> LoadedNetworks:
    """Loads networks of a family and prepares them for inference.

    Args:
        family: One of `networks.FAMILIES`.
        options: The weights and the device.
        names: Networks that the weights must hold.
        optional: Networks that are left out if the weights lack them.
        engine: Options of the inference engine; None for its defaults.

    Raises:
        UserError: No weights, weights that do not fit, or no such device.
    """
    engine = engine or EngineOptions()
    known = shared()
    if known is None:
        return _load(family, options, (names, optional), engine)
    key = (family, options.weights, options.device, *names, *optional,
           *(getattr(engine, field.name) for field in dataclasses.fields(EngineOptions)))
    if key not in known:
        loaded = _load(family, options, (names, optional), engine, fixed_sizes=False)
        known[key] = dataclasses.replace(loaded, networks={
            name: BatchedNetwork(network, powers_of_two=engine.speed == 'fastest')
            for name, network in loaded.networks.items()})
    result: LoadedNetworks = known[key]
    return result


def _load(family: str, options: NetworkOptions, names: tuple[Sequence[str], Sequence[str]],
          engine: EngineOptions, fixed_sizes: bool = True) -> LoadedNetworks:
    """Loads networks, `names` being the required and the optional ones."""
    device = choose_device(options.device)
    config, networks = weights.load(family, options.weights, *names)
    acceleration = select(engine.speed, device.type, fixed_sizes)
    prepared = {name: prepare(network, engine, device, acceleration)
                for name, network in networks.items()}
    return LoadedNetworks(config, prepared, device,
                          f'{device.type}, {_precisions(prepared)}, {acceleration}')


def _precisions(networks: Mapping[str, nn.Module]) -> str:
    """The types of the networks' weights, e.g. 'float16 and float32'."""
    types = {str(parameter_dtype(network)).removeprefix('torch.') for network in networks.values()}
    return ' and '.join(sorted(types))
