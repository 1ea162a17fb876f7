"""Training of animation networks from a request: the work of `ros_animate train animation`."""
from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ros_animate.checkpoints import checkpoint, variants
from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.configuration import ConfigurationError, build
from ros_animate.networks import build_networks, find_family
from ros_animate.training.animation.card import write_card
from ros_animate.training.animation.data import DataOptions, open_data
from ros_animate.training.animation.objectives.base import Networks, TrainingObjective
from ros_animate.training.animation.objectives.registry import find_objective, options_class
from ros_animate.training.animation.perceptual_features import make_features
from ros_animate.training.animation.request import TrainingRequest
from ros_animate.training.animation.trainer import AnimationTrainer, TrainingRun
from ros_animate.training.core.loop import make_fabric, resolve_precision
from ros_animate.training.core.plan import StepPlan
from ros_animate.training.core.settings import claim, parse_settings, run_folder

WEIGHTS = 'weights'
_KERNEL = 7  # side of the convolution that computes masks of a volume


def train(request: TrainingRequest) -> None:
    """Trains animation networks and writes the run's folder; raises UserError."""
    plan = StepPlan(request.steps, request.minutes)
    options, data_options, network_options = parse_settings(
        request.settings, options_class(request.model), DataOptions,
        find_family(request.model).Config)
    config, networks = _start(request, network_options, options.seed)
    objective_class = find_objective(request.model, options)
    _check_init(request, objective_class)
    objective = objective_class(networks, options,
                                make_features(options.tower, options.tower_weights))
    folder = run_folder(request.output, request.init)
    claim(folder, {'model': request.model, 'data': [*request.data], 'init': request.init,
                   'training': dataclasses.asdict(options),
                   'of_data': dataclasses.asdict(data_options),
                   'network': dataclasses.asdict(config)}, request.resume)
    fabric = make_fabric(options.precision)
    _check_depth(config, resolve_precision(options.precision))
    size = config.image_size * getattr(config, 'upscale', 1)  # of the generated images
    data = open_data(request.data, size, data_options, objective_class.warps, request.quiet)
    run = TrainingRun(folder, plan, options, request.quiet)
    trainer = AnimationTrainer(run, objective, data, fabric)
    if request.resume and fabric.is_global_zero:
        print(f'resumes at step {trainer.step}', flush=True)
    result = trainer.train()
    if fabric.is_global_zero:
        write_weights(folder / WEIGHTS, request.model, config, result.networks,
                      objective.frozen_networks)
        write_card(folder, request, options, data_options, result)
        if not request.quiet:
            print(f'{folder / WEIGHTS}: {result.steps} steps, {result.seconds:.0f} s, error '
                  f'{result.error:.4f} (the source image as it is: {result.source_error:.4f})')


def _check_init(request: TrainingRequest, objective: type[TrainingObjective]) -> None:
    if objective.frozen_names and not request.init:
        raise ConfigurationError('--set stage=2 goes on from the weights of stage 1: name them '
                                 'with --init')


def _check_depth(config: Any, precision: str) -> None:
    """Refuses volumes that oneDNN cannot train on in bf16.

    If the volume is less deep than the largest kernel, its gradient writes outside of its memory.
    """
    depth = getattr(config, 'volume_depth', _KERNEL)
    if depth < _KERNEL and precision == 'bf16' and not torch.cuda.is_available():
        raise ConfigurationError(f'--set volume_depth={depth}: a training in bf16 on a CPU needs '
                                 f'{_KERNEL} at least; or --set precision=float32')


def _start(request: TrainingRequest, network_options: Mapping[str, Any],
           seed: int) -> tuple[Any, dict[str, nn.Module]]:
    """Configuration and networks: of the weights `init`, or new ones that depend on the seed."""
    found = checkpoint.read(request.init, request.model) if request.init else None
    base = found.config if found else variants.load_config(request.model, request.variant)
    values = {**dataclasses.asdict(base), **network_options}
    config = build(find_family(request.model).Config, values, '--set')
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = build_networks(request.model, config)
    if found:
        found = dataclasses.replace(found, config=config)
        loaded = found.load([name for name in networks if name in found.networks])
        networks |= {name: network.requires_grad_(True) for name, network in loaded.items()}
    return config, networks


def write_weights(folder: pathlib.Path, family: str, config: Any, networks: Networks,
                  frozen: Mapping[str, nn.Module] | None = None) -> None:
    """Writes float16 weights; norms and biases, few and perhaps large, stay as they are.

    Args:
        folder: Folder for the weights.
        family: Family of the networks.
        config: Configuration of the networks.
        networks: Trained networks.
        frozen: Further networks of the family, which were not trained.
    """
    states = {**{name: network.state_dict() for name, network in (frozen or {}).items()},
              **networks.states()}
    narrow = {name: {key: value.cpu().to(torch.float16 if value.ndim > 1 else value.dtype)
                     for key, value in state.items()} for name, state in states.items()}
    Checkpoint(folder.parent, family, 'own', config, narrow, ()).save(folder)
