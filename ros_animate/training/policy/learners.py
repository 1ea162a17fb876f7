"""Which policies are learned, and the network that one begins with."""
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
from ros_animate.plugins import available, find
from ros_animate.policy.learned import LearnedPolicy
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.pair_folder import Folder
from ros_animate.training.core.settings import parse_settings
from ros_animate.training.policy.options import TrainOptions


@dataclass(frozen=True)
class Learner:
    """A policy that can be trained.

    Attributes:
        policy: Name of the plug-in.
        family: Of its network.
        network: Name of the network in the family.
        sees_pictures: It observes pictures, not motion.
    """

    policy: str
    family: str
    network: str
    sees_pictures: bool


def learner(policy: str) -> Learner:
    """The policy of that name; raises ConfigurationError if it is not learned."""
    cls: Any = find('policy', policy)
    if not issubclass(cls, LearnedPolicy):
        learned = [n for n in available('policy') if issubclass(find('policy', n), LearnedPolicy)]
        raise ConfigurationError(f'the policy {policy!r} is not learned; '
                                 f'{suggest(policy, learned)}')
    return Learner(policy, cls.family, cls.network, cls.observes == 'image')


def parse_wishes(chosen: Learner, texts: Sequence[str]) -> tuple[TrainOptions, dict[str, Any]]:
    """('key=value', …) as options of the training, and of the network."""
    package: Any = find_family(chosen.family)
    options, network = parse_settings(texts, TrainOptions, package.Config)
    return options, network


def model_config(chosen: Learner, wishes: Mapping[str, Any], spec: RobotSpec,
                 folders: Sequence[Folder]) -> Any:
    """The configuration of a new network for the robot's controls."""
    package: Any = find_family(chosen.family)
    fields = {f.name for f in dataclasses.fields(package.Config)}
    groups = list(spec.groups)
    defaults = {'names': spec.names, 'low': tuple(map(float, spec.low)),
                'high': tuple(map(float, spec.high)), 'controls': len(spec.names),
                'groups': tuple(groups.index(c.group) for c in spec.controls)}
    values = {**{k: v for k, v in defaults.items() if k in fields}, **wishes}
    ordered = any(pair.sequence is not None for folder in folders for pair in folder.pairs)
    if ordered and 'horizon' in fields:
        values.setdefault('horizon', build(package.Config, values, '--set').waypoints)
    return build(package.Config, values, '--set')


def fresh_network(chosen: Learner, model: Any, seed: int) -> nn.Module:
    """The network with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_networks(chosen.family, model)[chosen.network]


def loaded_network(chosen: Learner, path: str, wishes: Mapping[str, Any],
                   spec: RobotSpec) -> tuple[Any, nn.Module]:
    """(Configuration, network) of weights to go on from; the wishes must fit them."""
    found = checkpoint.read(path, chosen.family)
    if found.config.names not in ((), spec.names):
        raise ConfigurationError(f'{path} is for other controls than those of {spec.name!r}')
    values = {**dataclasses.asdict(found.config), **wishes}
    model = build(type(found.config), values, '--set')
    found = dataclasses.replace(found, config=model)
    return model, found.load((chosen.network,))[chosen.network].requires_grad_(True)
