"""Policies that can be trained, and the network that a training starts with."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ros_animate.checkpoints import checkpoint
from ros_animate.configuration import ConfigurationError, build, suggest
from ros_animate.networks import build_networks, find_family
from ros_animate.networks.policy_network import PolicyConfig
from ros_animate.plugins import available, find
from ros_animate.policy.learned import LearnedPolicy
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.pair_folder import Folder
from ros_animate.training.core.settings import parse_settings
from ros_animate.training.policy.options import TrainOptions


@dataclass(frozen=True)
class TrainablePolicy:
    """A policy that can be trained.

    Attributes:
        name: Name of the plug-in.
        family: Family of its network.
        network_name: Name of the network in the family.
        takes_images: True if the policy observes images, False if it observes motion.
    """

    name: str
    family: str
    network_name: str
    takes_images: bool


def find_trainable(name: str) -> TrainablePolicy:
    """The policy of that name; raises ConfigurationError if it has no network to train."""
    cls = find('policy', name)
    if not issubclass(cls, LearnedPolicy):
        learned = [n for n in available('policy') if issubclass(find('policy', n), LearnedPolicy)]
        raise ConfigurationError(f'the policy {name!r} is not learned; {suggest(name, learned)}')
    return TrainablePolicy(name, cls.family, cls.network_name, cls.observes == 'image')


def parse_options(policy: TrainablePolicy, texts: Sequence[str],
                  where: str = '--set') -> tuple[TrainOptions, dict[str, Any]]:
    """'key=value' texts as options of the training, and of the network; `where` they stand."""
    options, network_options = parse_settings(texts, TrainOptions,
                                              find_family(policy.family).Config, where=where)
    return options, network_options


def new_config(policy: TrainablePolicy, network_options: Mapping[str, Any], spec: RobotSpec,
               folders: Sequence[Folder]) -> PolicyConfig:
    """Configuration of a new network for the robot's controls.

    Args:
        policy: Policy that the network is for.
        network_options: Values that differ from the defaults.
        spec: The robot.
        folders: The data; `horizon` depends on whether it has sequences.
    """
    cls = find_family(policy.family).Config
    fields = {f.name for f in dataclasses.fields(cls)}
    groups = list(spec.groups)
    of_robot = {'names': spec.names, 'low': tuple(map(float, spec.low)),
                'high': tuple(map(float, spec.high)), 'controls': len(spec.names),
                'groups': tuple(groups.index(c.group) for c in spec.controls)}
    values = {**{k: v for k, v in of_robot.items() if k in fields}, **network_options}
    ordered = any(pair.sequence is not None for folder in folders for pair in folder.pairs)
    if ordered and 'horizon' in fields:
        values.setdefault('horizon', build(cls, values, '--set').waypoints)
    config: PolicyConfig = build(cls, values, '--set')
    return config


def new_network(policy: TrainablePolicy, config: PolicyConfig, seed: int) -> nn.Module:
    """A network with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_networks(policy.family, config)[policy.network_name]


def load_network(policy: TrainablePolicy, path: str, network_options: Mapping[str, Any],
                 spec: RobotSpec) -> tuple[PolicyConfig, nn.Module]:
    """Configuration and network of existing weights, to continue training.

    Args:
        policy: Policy that the network is for.
        path: The weights.
        network_options: Values of the configuration to change; the weights must still fit.
        spec: The robot.
    """
    found = checkpoint.read(path, policy.family)
    if found.config.names not in ((), spec.names):
        raise ConfigurationError(f'{path} is for other controls than those of {spec.name!r}')
    values = {**dataclasses.asdict(found.config), **network_options}
    config = build(type(found.config), values, '--set')
    found = dataclasses.replace(found, config=config)
    network = found.load((policy.network_name,))[policy.network_name]
    return config, network.requires_grad_(True)
