"""Recognition of checkpoints: the family and variant whose names and shapes fit best.

File names do not matter, and keys in files only where they name a sub-network.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ros_animate.checkpoints.layout import (
    Layout,
    State,
    network_layout,
    published_configs,
    similarity,
)
from ros_animate.checkpoints.state_dicts import States
from ros_animate.networks import FAMILIES

# Keys of published files that differ from the name of the sub-network.
_ALIASES = {'retarget_shoulder': 'stitching_retargeting_module.stitching',
            'retarget_mouth': 'stitching_retargeting_module.lip',
            'retarget_eye': 'stitching_retargeting_module.eye'}
_LEAST_SIMILARITY = 0.3  # below it a state dict belongs to another network
# Similarity at which no further family is tried, with and without an expected family.
_SUFFICIENT, _CERTAIN = 0.8, 0.999


@dataclass(frozen=True)
class Assignment:
    """State dicts assigned to the sub-networks of a family.

    Attributes:
        family: One of FAMILIES.
        variant: Name of the configuration.
        config: The family's Config.
        networks: State dicts by sub-network.
        unknown: Keys of state dicts that belong to no sub-network.
        duplicates: One message for each sub-network that occurs twice.
    """

    family: str
    variant: str
    config: Any
    networks: Mapping[str, State]
    unknown: tuple[str, ...]
    duplicates: tuple[str, ...]

    def similarity(self) -> float:
        """Mean similarity of the state dicts to their sub-networks, 0 for unknown ones."""
        if not self.networks:
            return 0.0
        layout = network_layout(self.family, self.config)
        count = len(self.networks) + len(self.unknown) + len(self.duplicates)
        return sum(similarity(state, layout[name])
                   for name, state in self.networks.items()) / count


def recognise(states: States, expected: str | None) -> Assignment | None:
    """The best assignment to any published configuration, or None if nothing fits.

    Args:
        states: State dicts of the checkpoint.
        expected: Family that is tried first; others follow only if it does not fit well.
    """
    best, highest = None, _LEAST_SIMILARITY
    for family in sorted(FAMILIES, key=lambda name: name != expected):
        if highest > (_SUFFICIENT if expected else _CERTAIN):
            break
        for variant, config in published_configs(family):
            candidate = assign(states, family, variant, config)
            value = candidate.similarity()
            if value > highest:
                best, highest = candidate, value
    return best


def assign(states: States, family: str, variant: str, config: Any) -> Assignment:
    """Assigns every state dict to a sub-network of the family."""
    layout = network_layout(family, config)
    networks: dict[str, State] = {}
    origin: dict[str, str] = {}
    unknown: list[str] = []
    duplicates: list[str] = []
    for (file, key), state in states.items():
        for network, part in _split(key, state, layout).items():
            if network not in layout:
                unknown.append(network)
            elif network in networks:
                duplicates.append(f'{network} twice ({origin[network]} and {file})')
            else:
                networks[network], origin[network] = part, file
    return Assignment(family, variant, config, networks, tuple(unknown), tuple(duplicates))


def _split(key: str, state: State, layout: Layout) -> dict[str, State]:
    """The parts of a state dict by sub-network, or by its key if it belongs to none."""
    key = _ALIASES.get(key, key)
    if key in layout:
        return {key: state}
    owners = {name: next((n for n in layout if name.startswith(f'{n}.')), None) for name in state}
    if all(owners.values()):  # the format of this package: `network.name`
        networks: dict[str, dict[str, Tensor]] = {}
        for name, network in owners.items():
            networks.setdefault(str(network), {})[name.removeprefix(f'{network}.')] = state[name]
        return dict(networks)
    highest, network = max((similarity(state, layout[n]), n) for n in layout)
    return {network if highest > _LEAST_SIMILARITY else key or 'other tensors': state}
