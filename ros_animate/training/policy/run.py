"""`ros_animate train policy`: from request to a folder with weights."""
from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.configuration import ConfigurationError
from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.outputs.run_files import make_folder
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.loop import make_fabric
from ros_animate.training.core.pair_folder import DataError, Folder, read_folder
from ros_animate.training.core.settings import claim
from ros_animate.training.policy.card import write_card
from ros_animate.training.policy.data import Data
from ros_animate.training.policy.learners import (
    Learner,
    fresh_network,
    learner,
    loaded_network,
    model_config,
    parse_wishes,
)
from ros_animate.training.policy.options import TrainOptions
from ros_animate.training.policy.request import TrainingRequest
from ros_animate.training.policy.trainer import Outcome, Task, Trainer

WEIGHTS = 'weights'


def train(request: TrainingRequest) -> None:
    """Trains and writes the run's folder; raises UserError."""
    chosen, spec = learner(request.policy), load_spec(request.robot)
    options, network_wishes = parse_wishes(chosen, request.settings)
    folders = [read_folder(path, spec) for path in request.data]
    if len(request.weights_of_folders) not in (0, len(folders)):
        raise ConfigurationError(f'--weights-of-folders: {len(request.weights_of_folders)} weights '
                                 f'for {len(folders)} folders')
    model, network = _start(chosen, request.init, network_wishes, spec, folders, options)
    _check_coarse(chosen, options)
    _check_points(model, folders)
    folder = make_folder(request.output)
    claim(folder, {
        'policy': request.policy, 'robot': request.robot, 'data': [*request.data],
        'weights_of_folders': [*request.weights_of_folders], 'batch_size': request.batch_size,
        'init': request.init, 'training': dataclasses.asdict(options),
        'network': dataclasses.asdict(model)}, request.resume)
    fabric = make_fabric(options.precision, partial=options.locate > 0)
    data = Data(folders, request.weights_of_folders or None, spec, model, options,
                chosen.sees_pictures, request.quiet)
    _require_readable(data)
    if options.locate and data.landmarks is None:
        raise DataError(f'--set locate={options.locate}: there are no landmarks to find; leave it '
                        'at 0, or add pictures with landmarks (and no landmark_weight of 0)')
    task = Task(folder, request.steps, request.batch_size, options, spec, model, request.quiet)
    trainer = Trainer(task, network, data, fabric)
    if request.resume and fabric.is_global_zero:
        print(f'resumes at step {trainer.step}', flush=True)
    outcome = trainer.train()
    if fabric.is_global_zero:
        _write_weights(folder / WEIGHTS, chosen, model, outcome.network)
        write_card(folder / WEIGHTS, request, options, data, outcome)
        _report(folder, request, data, outcome)


def _start(chosen: Learner, init: str, request: Mapping[str, Any], spec: RobotSpec,
           folders: Sequence[Folder], options: TrainOptions) -> tuple[Any, nn.Module]:
    if init:
        return loaded_network(chosen, init, request, spec)
    model = model_config(chosen, request, spec, folders)
    return model, fresh_network(chosen, model, options.seed)


def _check_coarse(chosen: Learner, options: TrainOptions) -> None:
    if options.coarse_size and chosen.family != 'x2cnet':
        raise ConfigurationError(f'--set coarse_size: the network of {chosen.policy} sees pictures '
                                 'of one size only')


def _check_points(model: Any, folders: Sequence[Folder]) -> None:
    points, known = getattr(model, 'points', 0), len(FEATURE_POINTS)
    named = next((f.path for f in folders for p in f.pairs if p.landmarks is not None), None)
    if named is not None and points not in (0, known):
        raise ConfigurationError(f'--set points={points}: {named} has {known} landmarks for them; '
                                 f'leave it at {known}')


def _require_readable(data: Data) -> None:
    if len(data.unreadable) == len(data.pairs):
        raise DataError(f'none of the {len(data.pairs)} pictures can be read, beginning with '
                        f'{data.unreadable[0]}')


def _write_weights(folder: pathlib.Path, chosen: Learner, model: Any, network: nn.Module) -> None:
    """float16, but for what belongs to norms and offsets, which is little and may be large."""
    state = {name: value.cpu().to(torch.float16 if value.ndim > 1 else value.dtype)
             for name, value in network.state_dict().items()}
    made = Checkpoint(folder.parent, chosen.family, 'own', model, {chosen.network: state}, ())
    made.save(folder)


def _report(folder: pathlib.Path, request: TrainingRequest, data: Data, outcome: Outcome) -> None:
    if data.unreadable:
        print(f'{len(data.unreadable)} pictures could not be read and were skipped, beginning with '
              f'{data.unreadable[0]}')
    if not request.quiet:
        error = 'no pairs held back' if outcome.mae is None else f'error {outcome.mae:.4f}'
        print(f'{folder / WEIGHTS}: {request.steps} steps, {outcome.seconds:.0f} s, {error} '
              f'({len(data.held_back)} of {len(data.pairs)} pairs held back)')
