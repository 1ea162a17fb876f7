"""Networks with their weights, ready for inference: found, read, and prepared for a device."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ros_animate.checkpoints import weights
from ros_animate.configuration import option
from ros_animate.inference.device import DEVICES, choose_device
from ros_animate.inference.engine import EngineOptions, prepare


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
    """

    config: Any
    networks: dict[str, Any]
    device: torch.device


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
    device = choose_device(options.device)
    config, networks = weights.load(family, options.weights, names, optional)
    prepared = {name: prepare(network, engine or EngineOptions(), device)
                for name, network in networks.items()}
    return LoadedNetworks(config, prepared, device)
