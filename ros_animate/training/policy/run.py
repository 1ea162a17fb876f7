"""Training of a policy from a request: the work of `ros_animate train policy`."""
from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import nn

from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.configuration import ConfigurationError
from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.networks.policy_network import PolicyConfig
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.loop import make_fabric
from ros_animate.training.core.pair_folder import DataError, Folder, read_folder
from ros_animate.training.core.plan import StepPlan
from ros_animate.training.core.settings import claim, run_folder
from ros_animate.training.policy.card import write_card
from ros_animate.training.policy.data import PolicyData
from ros_animate.training.policy.options import TrainOptions
from ros_animate.training.policy.request import TrainingRequest
from ros_animate.training.policy.trainable import (
    TrainablePolicy,
    find_trainable,
    load_network,
    new_config,
    new_network,
    parse_options,
)
from ros_animate.training.policy.trainer import PolicyTrainer, TrainingResult, TrainingRun

WEIGHTS = 'weights'


def train(request: TrainingRequest) -> None:
    """Trains a policy and writes the run's folder; raises UserError."""
    plan = StepPlan(request.steps, request.minutes)
    policy, spec = find_trainable(request.policy), load_spec(request.robot)
    options, network_options = parse_options(policy, request.settings)
    folders = [read_folder(path, spec) for path in request.data]
    _check_folder_weights(request, folders)
    config, network = _start(policy, request.init, network_options, spec, folders, options)
    _check_coarse_size(policy, options)
    _check_points(config, folders)
    folder = run_folder(request.output, request.init)
    claim(folder, _settings(request, options, config), request.resume)
    fabric = make_fabric(options.precision, unused_parameters=options.locate > 0)
    data = PolicyData(folders, request.weights_of_folders or None, spec, config, options,
                      policy.takes_images, request.quiet)
    _check_readable(data)
    _check_locate(options, data)
    run = TrainingRun(folder, plan, request.batch_size, options, spec, config,
                      request.quiet)
    trainer = PolicyTrainer(run, network, data, fabric)
    if request.resume and fabric.is_global_zero:
        print(f'resumes at step {trainer.step}', flush=True)
    result = trainer.train()
    if fabric.is_global_zero:
        _write_weights(folder / WEIGHTS, policy, config, result.network)
        write_card(folder / WEIGHTS, request, options, data, result)
        _report(folder, request, data, result)


def _start(policy: TrainablePolicy, init: str, network_options: Mapping[str, Any],
           spec: RobotSpec, folders: Sequence[Folder],
           options: TrainOptions) -> tuple[PolicyConfig, nn.Module]:
    """Configuration and network to start with: of the weights `init`, or new ones."""
    if init:
        return load_network(policy, init, network_options, spec)
    config = new_config(policy, network_options, spec, folders)
    return config, new_network(policy, config, options.seed)


def _settings(request: TrainingRequest, options: TrainOptions,
              config: PolicyConfig) -> dict[str, Any]:
    """Everything that must not change when a run is resumed."""
    return {'policy': request.policy, 'robot': request.robot, 'data': [*request.data],
            'weights_of_folders': [*request.weights_of_folders], 'batch_size': request.batch_size,
            'init': request.init, 'training': dataclasses.asdict(options),
            'network': dataclasses.asdict(cast(Any, config))}


def _check_folder_weights(request: TrainingRequest, folders: Sequence[Folder]) -> None:
    if len(request.weights_of_folders) not in (0, len(folders)):
        raise ConfigurationError(f'--weights-of-folders: {len(request.weights_of_folders)} weights '
                                 f'for {len(folders)} folders')


def _check_coarse_size(policy: TrainablePolicy, options: TrainOptions) -> None:
    if options.coarse_size and policy.family != 'x2cnet':
        raise ConfigurationError(f'--set coarse_size: the network of {policy.name} takes images of '
                                 'one size only')


def _check_points(config: PolicyConfig, folders: Sequence[Folder]) -> None:
    known = len(FEATURE_POINTS)
    named = next((f.path for f in folders for p in f.pairs if p.landmarks is not None), None)
    if named is not None and config.points not in (0, known):
        raise ConfigurationError(f'--set points={config.points}: {named} has {known} landmarks for '
                                 f'them; leave it at {known}')


def _check_readable(data: PolicyData) -> None:
    if len(data.unreadable) == len(data.pairs):
        raise DataError(f'none of the {len(data.pairs)} images can be read, beginning with '
                        f'{data.unreadable[0]}')


def _check_locate(options: TrainOptions, data: PolicyData) -> None:
    if options.locate and data.landmarks is None:
        raise DataError(f'--set locate={options.locate}: there are no landmarks to find; leave it '
                        'at 0, or add images with landmarks (and no landmark_weight of 0)')


def _write_weights(folder: pathlib.Path, policy: TrainablePolicy, config: PolicyConfig,
                   network: nn.Module) -> None:
    """Writes float16 weights; norms and biases, few and perhaps large, stay as they are."""
    state = {name: value.cpu().to(torch.float16 if value.ndim > 1 else value.dtype)
             for name, value in network.state_dict().items()}
    Checkpoint(folder.parent, policy.family, 'own', config, {policy.network_name: state},
               ()).save(folder)


def _report(folder: pathlib.Path, request: TrainingRequest, data: PolicyData,
            result: TrainingResult) -> None:
    if data.unreadable:
        print(f'{len(data.unreadable)} images could not be read and were skipped, beginning with '
              f'{data.unreadable[0]}')
    if not request.quiet:
        error = 'no pairs held back' if result.mae is None else f'error {result.mae:.4f}'
        print(f'{folder / WEIGHTS}: {result.steps} steps, {result.seconds:.0f} s, {error} '
              f'({len(data.held_back)} of {len(data.pairs)} pairs held back)')
