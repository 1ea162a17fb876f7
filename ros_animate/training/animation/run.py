"""`ros_animate train animation`: from request to a folder with weights."""
from __future__ import annotations

import dataclasses
import importlib
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ros_animate.checkpoints import checkpoint, variants
from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.configuration import ConfigurationError, build, suggest
from ros_animate.networks import build_networks, find_family
from ros_animate.outputs.run_files import make_folder
from ros_animate.training.animation.card import write_card
from ros_animate.training.animation.data import AnimationData, DataOptions
from ros_animate.training.animation.objectives.base import Networks
from ros_animate.training.animation.perceptual_features import make_tower
from ros_animate.training.animation.request import TrainingRequest
from ros_animate.training.animation.trainer import AnimationTrainer, Task
from ros_animate.training.core.loop import make_fabric, resolve_precision
from ros_animate.training.core.settings import claim, parse_settings

WEIGHTS = 'weights'
_KERNEL = 7  # side of the convolution that makes masks of a volume
FAMILIES = ('monkey_net', 'fomm', 'face_vid2vid', 'live_portrait')


def train(request: TrainingRequest) -> None:
    """Trains and writes the run's folder; raises UserError."""
    cls = find_learner(request.model)
    package: Any = find_family(request.model)
    options, of_data, of_network = parse_settings(
        request.settings, cls.Options, DataOptions, package.Config)
    config, networks = _start(request, of_network, options.seed)
    chosen = cls.for_options(options)
    _require_init(request, chosen)
    learner = chosen(networks, options, make_tower(options.tower, options.tower_weights))
    folder = make_folder(request.output)
    claim(folder, {'model': request.model, 'data': [*request.data], 'init': request.init,
                   'training': dataclasses.asdict(options), 'of_data': dataclasses.asdict(of_data),
                   'network': dataclasses.asdict(config)}, request.resume)
    fabric = make_fabric(options.precision)
    _require_depth(config, resolve_precision(options.precision))
    size = config.image_size * getattr(config, 'upscale', 1)  # of what is made
    data = AnimationData(request.data, size, of_data, request.quiet)
    task = Task(folder, request.steps, options, request.quiet)
    trainer = AnimationTrainer(task, learner, data, fabric)
    if request.resume and fabric.is_global_zero:
        print(f'resumes at step {trainer.step}', flush=True)
    outcome = trainer.train()
    if fabric.is_global_zero:
        write_weights(folder / WEIGHTS, request.model, config, outcome.networks, learner.still)
        write_card(folder, request, options, of_data, outcome)
        if not request.quiet:
            print(f'{folder / WEIGHTS}: {request.steps} steps, {outcome.seconds:.0f} s, error '
                  f'{outcome.error:.4f} (the source picture as it is: {outcome.still:.4f})')


def find_learner(family: str) -> Any:
    """The class that trains a family; raises ConfigurationError."""
    if family not in FAMILIES:
        raise ConfigurationError(f'--model: unknown or untrainable family {family!r}; '
                                 f'{suggest(family, FAMILIES)}')
    module: Any = importlib.import_module(
        f'ros_animate.training.animation.objectives.{family}')
    return module.LEARNER


def _require_init(request: TrainingRequest, chosen: Any) -> None:
    if chosen.frozen and not request.init:
        raise ConfigurationError('--set stage=2 goes on from the weights of stage 1: name them '
                                 'with --init')


def _require_depth(config: Any, precision: str) -> None:
    """The gradient that oneDNN computes in bf16 needs a volume as deep as the largest kernel.

    It writes outside of its memory otherwise.
    """
    depth = getattr(config, 'volume_depth', _KERNEL)
    if depth < _KERNEL and precision == 'bf16' and not torch.cuda.is_available():
        raise ConfigurationError(f'--set volume_depth={depth}: a training in bf16 on a CPU needs '
                                 f'{_KERNEL} at least; or --set precision=float32')


def _start(request: TrainingRequest, of_network: Mapping[str, Any],
           seed: int) -> tuple[Any, dict[str, nn.Module]]:
    """(Configuration, networks): random ones that depend on the seed alone, or those to go on."""
    package: Any = find_family(request.model)
    found = checkpoint.read(request.init, request.model) if request.init else None
    base = found.config if found else variants.load_config(request.model, request.variant)
    config = build(package.Config, {**dataclasses.asdict(base), **of_network}, '--set')
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = build_networks(request.model, config)
    if found:
        found = dataclasses.replace(found, config=config)
        held = found.load([name for name in networks if name in found.networks])
        networks |= {name: network.requires_grad_(True) for name, network in held.items()}
    return config, networks


def write_weights(folder: pathlib.Path, family: str, config: Any, networks: Networks,
                  still: Sequence[tuple[str, nn.Module]] = ()) -> None:
    """float16, but for what belongs to norms and offsets, which is little and may be large.

    Args:
        folder: For the weights.
        family: Of the networks.
        config: Of the networks.
        networks: Trained.
        still: Others that belong to them.
    """
    states = {**{name: network.state_dict() for name, network in still}, **networks.states()}
    narrow = {name: {key: value.cpu().to(torch.float16 if value.ndim > 1 else value.dtype)
                     for key, value in state.items()} for name, state in states.items()}
    Checkpoint(folder.parent, family, 'own', config, narrow, ()).save(folder)
