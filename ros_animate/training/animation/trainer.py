"""Training of the networks of an animator; see `core.loop` for what every training has."""
from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ros_animate.inference.engine import put_channels_last
from ros_animate.networks.warp_guided import WarpedSource
from ros_animate.training.animation.data import TrainingData
from ros_animate.training.animation.objectives.base import (
    DiscriminatorObjective,
    Networks,
    TrainingObjective,
    UncastInput,
)
from ros_animate.training.animation.options import AnimationOptions
from ros_animate.training.animation.output import AnimationOutput, concatenate
from ros_animate.training.animation.pairs import PairBatch
from ros_animate.training.animation.pseudo_labels import PseudoLabels
from ros_animate.training.animation.samples import write_grid
from ros_animate.training.core import checkpoints
from ros_animate.training.core.average import RunningAverage
from ros_animate.training.core.loop import Loop
from ros_animate.training.core.plan import StepPlan

SAMPLES = 'samples'
_SHOWN_PAIRS, _VALIDATION_BATCH = 6, 8
_DISCRIMINATOR = 'judge'  # its name in logs and checkpoints of all runs


@dataclass(frozen=True)
class TrainingRun:
    """A training run of animation networks.

    Attributes:
        folder: Folder of the run.
        plan: Number of steps of the whole run.
        options: Options of the training.
        quiet: True to show no progress.
    """

    folder: pathlib.Path
    plan: StepPlan
    options: AnimationOptions
    quiet: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training.

    Attributes:
        networks: Networks with the average weights, without the discriminator.
        steps: Number of steps done.
        seconds: Training time, earlier starts included.
        error: Mean L1 error of held-out images in [0, 1].
        source_error: Mean L1 error of the unchanged source images.
    """

    networks: Networks
    steps: int
    seconds: float
    error: float
    source_error: float


class AnimationTrainer(Loop):
    """Trains animation networks from the last checkpoint to the last step.

    Args:
        run: The training run.
        objective: Networks with the weights to start with, and their loss.
        data: The pairs.
        fabric: A launched Fabric.
    """

    curves = ('loss', 'validation_l1')

    def __init__(self, run: TrainingRun, objective: TrainingObjective, data: TrainingData,
                 fabric: Fabric) -> None:
        super().__init__(run.folder, run.plan, run.options, fabric, run.quiet)
        self._run, self._data, self._objective = run, data, objective
        self._held_out = data.held_out(run.options.held_out)
        for module in (objective, *objective.frozen_networks.values()):
            _prepare(module, fabric)
        self._pseudo_labels = (PseudoLabels(run.options.hopenet_weights)
                               if objective.needs_labels else None)
        self._average = RunningAverage(objective.networks, run.options.average)
        state = checkpoints.load(run.folder)
        optimizer = make_optimizer(objective.networks, run.options)
        self._fabric_objective, self._fabric_optimizer = fabric.setup(objective, optimizer)
        self._optimizers: list[torch.optim.Optimizer] = [optimizer]
        self._fabric_discriminator: Any = None
        if objective.discriminator is not None:
            _prepare(objective.discriminator, fabric)
            optimizer = make_optimizer(objective.discriminator, run.options)
            self._fabric_discriminator, self._fabric_discriminator_optimizer = fabric.setup(
                DiscriminatorObjective(objective), optimizer)
            self._optimizers.append(optimizer)
        if state is not None:
            self._restore(state)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        discriminator = (_DISCRIMINATOR,) if self._objective.discriminator is not None else ()
        return ('loss', *self._objective.terms, *discriminator, 'learning_rate', 'validation_l1')

    def train(self) -> TrainingResult:
        """Runs all steps that are left."""
        try:
            error = self.run()['validation_l1']
        finally:
            if self._pseudo_labels is not None:
                self._pseudo_labels.close()
        assert error is not None
        held_out = self._held_out
        source_error = float((held_out.source - held_out.target).abs().mean())
        return TrainingResult(self._average.network, self.step, self.seconds, error, source_error)

    def make_batch(self, step: int) -> PairBatch:
        batch = self._data.batch(step, self._run.options.batch_size, self.fabric.global_rank,
                                 self.fabric.world_size)
        if self._pseudo_labels is not None:
            batch = self._pseudo_labels.complete(batch)
        return batch.to(self.fabric.device)

    def next_rate(self) -> float:
        return learning_rate(self.step, self.steps, self._run.options)

    def training_step(self, batch: PairBatch, rate: float) -> Mapping[str, float]:
        self._objective.train()
        discriminator = self._objective.discriminator
        if discriminator is not None:
            discriminator.requires_grad_(False)
        terms, output = self._fabric_objective(UncastInput(batch, self._random()))
        loss = torch.stack(list(terms.values())).sum()
        values = {'loss': self.mean(loss)}
        values |= {name: self.mean(term) for name, term in terms.items()}
        self._update(loss, self._fabric_optimizer, self._fabric_objective, rate)
        if discriminator is not None:
            discriminator.requires_grad_(True)
            values[_DISCRIMINATOR] = self._train_discriminator(batch, output, rate)
        self._average.update(self._objective.networks, self.step)
        return values

    @torch.no_grad()
    def validate(self) -> Mapping[str, float | None]:
        """L1 error of held-out pairs by the average weights; writes a grid of some of them."""
        parts = []
        with self.fabric.autocast():
            for start in range(0, len(self._held_out.source), _VALIDATION_BATCH):
                batch = rows(self._held_out, slice(start, start + _VALIDATION_BATCH))
                parts.append(self._objective.animate(batch.to(self.fabric.device),
                                                     self._average.network))
        output = concatenate(parts)
        if self.fabric.is_global_zero:
            path = self.folder / SAMPLES / f'step_{self.step:07d}.png'
            write_grid(path, self._held_out, output, _SHOWN_PAIRS)
        error = (output.prediction.float().cpu() - self._held_out.target).abs().mean()
        return {'validation_l1': float(error)}

    def state(self) -> dict[str, Any]:
        discriminator = self._objective.discriminator
        return {'networks': self._objective.networks.state_dict(),
                'average': self._average.network.state_dict(),
                _DISCRIMINATOR: {} if discriminator is None else discriminator.state_dict(),
                'optimizers': [optimizer.state_dict() for optimizer in self._optimizers]}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._objective.networks.load_state_dict(state['networks'])
        self._average.network.load_state_dict(state['average'])
        if self._objective.discriminator is not None:
            self._objective.discriminator.load_state_dict(state[_DISCRIMINATOR])
        for optimizer, kept in zip(self._optimizers, state['optimizers'], strict=True):
            optimizer.load_state_dict(kept)
        self.restore_position(state)

    def _train_discriminator(self, batch: PairBatch, output: AnimationOutput,
                             rate: float) -> float:
        loss = self._fabric_discriminator(UncastInput(batch.target, output))
        value = self.mean(loss)
        self._update(loss, self._fabric_discriminator_optimizer, self._fabric_discriminator, rate)
        return value

    def _update(self, loss: Tensor, optimizer: Any, module: Any, rate: float) -> None:
        """One optimizer step with the gradient of the loss."""
        for group in optimizer.param_groups:
            group['lr'] = rate
        optimizer.zero_grad()
        self.fabric.backward(loss)
        if self._run.options.clip:
            self.fabric.clip_gradients(module, optimizer, max_norm=self._run.options.clip,
                                       error_if_nonfinite=False)
        optimizer.step()

    def _random(self) -> torch.Generator:
        """Random numbers of the step, so that a resumed run draws the same deformations."""
        seed = np.random.default_rng((self._run.options.seed, self.step,
                                      self.fabric.global_rank)).integers(2 ** 63)
        return torch.Generator().manual_seed(int(seed))


def rows(batch: PairBatch, selected: slice) -> PairBatch:
    """Some pairs of a batch, without labels."""
    warped = batch.warped and WarpedSource(*(tensor[selected] for tensor in batch.warped))
    return PairBatch(batch.source[selected], batch.driving[selected], batch.target[selected],
                     warped=warped)


def learning_rate(step: int, steps: int, options: AnimationOptions) -> float:
    """Learning rate of a step: linear warm-up, then a tenth of itself after each milestone."""
    warm = round(options.warm_up * steps)
    rise = min(1.0, (step + 1) / warm) if warm else 1.0
    passed = sum(step >= part * steps for part in options.milestones)
    return options.learning_rate * rise * 0.1 ** passed


def _prepare(module: nn.Module, fabric: Fabric) -> None:
    put_channels_last(module)
    module.to(fabric.device)
    if fabric.world_size > 1 and fabric.device.type == 'cuda':  # as the references on several GPUs
        nn.SyncBatchNorm.convert_sync_batchnorm(module)


def make_optimizer(module: nn.Module, options: AnimationOptions) -> torch.optim.Optimizer:
    """The optimizer that the options name, for all parameters of a module."""
    if options.optimizer == 'sgd':
        return torch.optim.SGD(module.parameters(), options.learning_rate, options.beta1)
    return torch.optim.Adam(module.parameters(), options.learning_rate,
                            (options.beta1, options.beta2))
