"""Trains a policy by imitation, with Lightning Fabric: one process, or many under torchrun.

What happens at a step depends on the state before it, on seed and step alone. So a checkpoint
(weights, their average, optimizer, step) is all that a killed run needs to end with the same
weights as one that was never disturbed.
"""
from __future__ import annotations

import logging
import math
import os
import pathlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from tqdm import tqdm

from ros_animate.concurrency import pipelined
from ros_animate.errors import UserError
from ros_animate.hardware.spec import RobotSpec
from ros_animate.models.engine import fastest_precision
from ros_animate.training import checkpoints
from ros_animate.training.average import RunningAverage
from ros_animate.training.data import Batch, Data
from ros_animate.training.log import Log, plot_curves
from ros_animate.training.losses import Objective
from ros_animate.training.options import TrainOptions
from ros_animate.training.validation import validation_mae

_SIDE_STEP = 16
_ROWS = 1000  # of the log, about


class DivergedError(UserError):
    """The loss is not a number any more; the message names the step."""


@dataclass(frozen=True)
class Task:
    """What is to be done.

    Attributes:
        folder: Of the run.
        steps: How many in all.
        batch_size: Pairs a step, over all processes.
        options: Of the training.
        spec: The robot.
        model: Configuration of the network.
        quiet: No progress.
    """

    folder: pathlib.Path
    steps: int
    batch_size: int
    options: TrainOptions
    spec: RobotSpec
    model: Any
    quiet: bool = False


@dataclass(frozen=True)
class Outcome:
    """What has come of it.

    Attributes:
        network: The average weights.
        seconds: Training time, that of earlier starts included.
        mae: Validation error; None if no pairs are held back.
    """

    network: nn.Module
    seconds: float
    mae: float | None


def make_fabric(precision: str) -> Fabric:
    """One device, or those that torchrun has started this process for."""
    logging.getLogger('lightning_fabric').setLevel(logging.WARNING)
    world = int(os.environ.get('WORLD_SIZE', 1))
    local = int(os.environ.get('LOCAL_WORLD_SIZE', world))
    gpu = torch.cuda.is_available()
    if precision == 'auto':
        fast = gpu or fastest_precision(torch.device('cpu')) == 'bf16'
        precision = 'bf16' if fast else 'float32'
    fabric = Fabric(accelerator='cuda' if gpu else 'cpu', devices=local, num_nodes=world // local,
                    strategy='ddp' if world > 1 else 'auto',
                    precision='bf16-mixed' if precision == 'bf16' else '32-true')
    fabric.launch()
    return fabric


class Trainer:
    """A run, from its last checkpoint to its last step."""

    def __init__(self, task: Task, network: nn.Module, data: Data, fabric: Fabric) -> None:
        self._task, self._data, self._fabric = task, data, fabric
        options = task.options
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.to(fabric.device)
        self._network = network
        self._average = RunningAverage(network, options.average)
        self._step, self._seconds = 0, 0.0
        state = checkpoints.load(task.folder)
        if state is not None:
            self._network.load_state_dict(state['network'])
            self._average.network.load_state_dict(state['average'])
            self._step, self._seconds = state['step'], state['seconds']
        plain = torch.optim.AdamW(_parameter_groups(network, options.weight_decay),
                                  options.learning_rate)
        objective = Objective(network, task.model, task.spec, options)
        self._objective, self._optimizer = fabric.setup(objective, plain)
        if state is not None:
            plain.load_state_dict(state['optimizer'])
        self._plain_optimizer = plain

    @property
    def step(self) -> int:
        """Steps done."""
        return self._step

    def run(self) -> Outcome:
        """Trains, and keeps a checkpoint every so many steps and at the end.

        Raises:
            DivergedError: The loss is not a number; the last checkpoint stays.
        """
        task, start_s = self._task, time.monotonic() - self._seconds
        first, every = self._step, max(1, task.steps // _ROWS)
        mae, losses = self._look() if first >= task.steps else None, []
        with Log(task.folder, first) if self._fabric.is_global_zero else _NoLog() as log:
            for batch in self._batches(first):
                rate = learning_rate(self._step, task.steps, task.options)
                losses.append(self._learn(batch, rate))
                self._step += 1
                due = self._is_due(task.options.looks)
                mae = self._look() if due else mae
                if due or self._step % every == 0:
                    log.write(self._step, sum(losses) / len(losses), rate, mae if due else None)
                    losses.clear()
                self._seconds = time.monotonic() - start_s
                if self._step == task.steps or not self._step % task.options.checkpoint_steps:
                    self._save()
        if self._fabric.is_global_zero:
            plot_curves(task.folder)
        return Outcome(self._average.network, self._seconds, mae)

    def _batches(self, first: int) -> Iterator[Batch]:
        """The batches of the steps from `first` on, made while the GPU works on those before."""
        steps = tqdm(range(first, self._task.steps), initial=first, total=self._task.steps,
                     unit='step', dynamic_ncols=True,
                     disable=self._task.quiet or not self._fabric.is_global_zero or None)
        if self._fabric.device.type == 'cpu':
            yield from map(self._make_batch, steps)
        else:
            yield from pipelined(steps, self._make_batch, depth=3)

    def _make_batch(self, step: int) -> Batch:
        side = picture_side(step, self._task)
        batch = self._data.batch(step, self._task.batch_size, side, self._fabric.global_rank,
                                 self._fabric.world_size)
        return batch.to(self._fabric.device)

    def _learn(self, batch: Batch, rate: float) -> float:
        self._objective.train()
        for group in self._optimizer.param_groups:
            group['lr'] = rate
        loss = self._objective(batch)
        value = float(cast(Tensor, self._fabric.all_reduce(loss.detach(), reduce_op='mean')))
        if not math.isfinite(value):
            raise DivergedError(
                f'the loss is {value} at step {self._step}: try a smaller --set learning_rate; the '
                f'last checkpoint in {self._task.folder} is from before')
        self._optimizer.zero_grad()
        self._fabric.backward(loss)
        if self._task.options.clip:
            self._fabric.clip_gradients(self._objective, self._optimizer,
                                        max_norm=self._task.options.clip,
                                        error_if_nonfinite=False)
        self._optimizer.step()
        self._average.update(self._network, self._step)
        return value

    def _is_due(self, looks: int) -> bool:
        """Whether the validation error is taken after this step."""
        steps = self._task.steps
        return self._step * looks // steps > (self._step - 1) * looks // steps

    def _look(self) -> float | None:
        return validation_mae(self._average.network, self._objective.module, self._data,
                              self._task.spec, self._task.options.validation_most,
                              self._task.batch_size, self._fabric.device)

    def _save(self) -> None:
        if self._fabric.is_global_zero:
            checkpoints.save(self._task.folder, {
                'step': self._step, 'seconds': self._seconds,
                'network': self._network.state_dict(),
                'average': self._average.network.state_dict(),
                'optimizer': self._plain_optimizer.state_dict()})
        self._fabric.barrier()


class _NoLog:
    """What processes other than the first write."""

    def __enter__(self) -> _NoLog:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, *_: object) -> None:
        pass


def learning_rate(step: int, steps: int, options: TrainOptions) -> float:
    """Rises linearly, then falls along a cosine."""
    warm = round(options.warm_up * steps)
    if step < warm:
        return options.learning_rate * (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    low = options.final_rate
    return options.learning_rate * (low + (1 - low) * (1 + math.cos(math.pi * done)) / 2)


def picture_side(step: int, task: Task) -> int:
    """Side of the pictures at a step: grows from coarse_size to the network's own."""
    size = getattr(task.model, 'image_size', 0)
    coarse, part = task.options.coarse_size, task.options.coarse * task.steps
    if not coarse or step >= part:
        return size
    side = coarse + (size - coarse) * step / part
    return min(size, round(side / _SIDE_STEP) * _SIDE_STEP)


def _parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Norms and offsets do not decay."""
    parameters = list(network.parameters())
    return [{'params': [p for p in parameters if p.ndim > 1], 'weight_decay': weight_decay},
            {'params': [p for p in parameters if p.ndim <= 1], 'weight_decay': 0.0}]
