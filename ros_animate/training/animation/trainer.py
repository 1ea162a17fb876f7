"""Trains the networks of an animator; see `training.loop` for what every run does."""
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
from ros_animate.training.animation.data import AnimationData
from ros_animate.training.animation.objectives.base import Judge, Learner, Networks, Sealed
from ros_animate.training.animation.pairs import PairBatch
from ros_animate.training.animation.pseudo_labels import Teacher
from ros_animate.training.animation.samples import concatenated, write_grid
from ros_animate.training.core import checkpoints
from ros_animate.training.core.average import RunningAverage
from ros_animate.training.core.loop import Loop

SAMPLES = 'samples'
_ROWS, _AT_ONCE = 6, 8


@dataclass(frozen=True)
class Task:
    """What is to be done.

    Attributes:
        folder: Of the run.
        steps: How many in all.
        options: Of the training.
        quiet: No progress.
    """

    folder: pathlib.Path
    steps: int
    options: Any
    quiet: bool = False


@dataclass(frozen=True)
class Outcome:
    """What has come of it.

    Attributes:
        networks: With the average weights; the discriminator is not among them.
        seconds: Training time, that of earlier starts included.
        error: Mean L1 of held-out pictures, of [0, 1].
        still: The same of the source picture as it is.
    """

    networks: Networks
    seconds: float
    error: float
    still: float


class AnimationTrainer(Loop):
    """A run, from its last checkpoint to its last step."""

    curves = ('loss', 'validation_l1')

    def __init__(self, task: Task, learner: Learner, data: AnimationData, fabric: Fabric) -> None:
        super().__init__(task.folder, task.steps, task.options, fabric, task.quiet)
        self._task, self._data, self._learner = task, data, learner
        self._held_out = data.held_out(task.options.held_out)
        for module in (learner, *(network for _, network in learner.still)):
            _prepare(module, fabric)
        self._teacher = Teacher(getattr(task.options, 'hopenet', '')) if learner.wants_labels else (
            None)
        self._average = RunningAverage(learner.networks, task.options.average)
        state = checkpoints.load(task.folder)
        plain = _adam(learner.networks, task.options)
        self._setup_learner, self._optimizer = fabric.setup(learner, plain)
        self._plain: list[torch.optim.Optimizer] = [plain]
        self._judge: Any = None
        if learner.judge is not None:
            _prepare(learner.judge, fabric)
            plain = _adam(learner.judge, task.options)
            self._judge, self._judge_optimizer = fabric.setup(Judge(learner), plain)
            self._plain.append(plain)
        if state is not None:
            self._restore(state)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        terms = (*self._learner.terms, *(('judge',) if self._judge else ()))
        return ('loss', *terms, 'learning_rate', 'validation_l1')

    def train(self) -> Outcome:
        """`run`, and what has come of it."""
        error = self.run()['validation_l1']
        assert error is not None
        held = self._held_out
        still = float((held.source - held.target).abs().mean())
        return Outcome(self._average.network, self.seconds, error, still)  # type: ignore[arg-type]

    def make_batch(self, step: int) -> PairBatch:
        batch = self._data.batch(step, self._task.options.batch_size, self.fabric.global_rank,
                                 self.fabric.world_size)
        if self._teacher is not None:
            batch = self._teacher.completed(batch)
        return batch.to(self.fabric.device)

    def next_rate(self) -> float:
        return learning_rate(self.step, self.steps, self._task.options)

    def training_step(self, batch: PairBatch, rate: float) -> Mapping[str, float]:
        self._learner.train()
        if self._judge is not None:
            self._learner.judge.requires_grad_(False)  # type: ignore[union-attr]
        terms, made = self._setup_learner(Sealed(batch, self._random()))
        loss = torch.stack(list(terms.values())).sum()
        values = {'loss': self.mean(loss)}
        values |= {name: self.mean(term) for name, term in terms.items()}
        self._improve(loss, self._optimizer, self._setup_learner, rate)
        if self._judge is not None:
            values['judge'] = self._teach_judge(batch, made, rate)
        self._average.update(self._learner.networks, self.step)
        return values

    def _teach_judge(self, batch: PairBatch, made: Any, rate: float) -> float:
        judge: Any = self._learner.judge
        judge.requires_grad_(True)
        loss = self._judge(Sealed(batch.target, made))
        value = self.mean(loss)
        self._improve(loss, self._judge_optimizer, self._judge, rate)
        return value

    def _improve(self, loss: Tensor, optimizer: Any, module: Any, rate: float) -> None:
        for group in optimizer.param_groups:
            group['lr'] = rate
        optimizer.zero_grad()
        self.fabric.backward(loss)
        if self._task.options.clip:
            self.fabric.clip_gradients(module, optimizer, max_norm=self._task.options.clip,
                                       error_if_nonfinite=False)
        optimizer.step()

    def _random(self) -> torch.Generator:
        """Of the step, so that a run that goes on meets the same deformations."""
        seed = np.random.default_rng((self._task.options.seed, self.step,
                                      self.fabric.global_rank)).integers(2 ** 63)
        return torch.Generator().manual_seed(int(seed))

    @torch.no_grad()
    def validate(self) -> Mapping[str, float | None]:
        """L1 of held-out pairs by the average weights; draws some of them."""
        parts = []
        with self.fabric.autocast():
            for start in range(0, len(self._held_out.source), _AT_ONCE):
                batch = rows(self._held_out, slice(start, start + _AT_ONCE))
                parts.append(self._learner.animate(batch.to(self.fabric.device),
                                                   self._average.network))
        made = concatenated(parts)
        if self.fabric.is_global_zero:
            path = self.folder / SAMPLES / f'step_{self.step:07d}.png'
            write_grid(path, self._held_out, made, _ROWS)
        error = (made.prediction.float().cpu() - self._held_out.target).abs().mean()
        return {'validation_l1': float(error)}

    def state(self) -> dict[str, Any]:
        judge = self._learner.judge
        return {'networks': self._learner.networks.state_dict(),
                'average': self._average.network.state_dict(),
                'judge': {} if judge is None else judge.state_dict(),
                'optimizers': [optimizer.state_dict() for optimizer in self._plain]}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._learner.networks.load_state_dict(state['networks'])
        self._average.network.load_state_dict(state['average'])
        if self._learner.judge is not None:
            self._learner.judge.load_state_dict(state['judge'])
        for optimizer, held in zip(self._plain, state['optimizers'], strict=True):
            optimizer.load_state_dict(held)
        self.step, self.seconds = state['step'], state['seconds']


def rows(batch: PairBatch, which: slice) -> PairBatch:
    """Some pairs of a batch, without labels."""
    return PairBatch(batch.source[which], batch.driving[which], batch.target[which])


def learning_rate(step: int, steps: int, options: Any) -> float:
    """Rises linearly, then is a tenth of itself after each milestone."""
    warm = round(options.warm_up * steps)
    rise = min(1.0, (step + 1) / warm) if warm else 1.0
    passed = sum(step >= part * steps for part in options.milestones)
    return options.learning_rate * rise * 0.1 ** passed


def _prepare(module: nn.Module, fabric: Fabric) -> None:
    put_channels_last(module)
    module.to(fabric.device)
    if fabric.world_size > 1 and fabric.device.type == 'cuda':  # as the references on several GPUs
        nn.SyncBatchNorm.convert_sync_batchnorm(module)


def _adam(module: nn.Module, options: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(module.parameters(), options.learning_rate,
                            (options.beta1, options.beta2))
