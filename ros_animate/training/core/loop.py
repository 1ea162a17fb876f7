"""A training run on Lightning Fabric: one process, or many under torchrun.

A step depends on the state before it, the seed and the step number alone. So a checkpoint (weights,
their average, optimizer, step) is all that a killed run needs to end with the same weights as one
that was never interrupted.
"""
from __future__ import annotations

import abc
import contextlib
import itertools
import logging
import math
import os
import pathlib
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ros_animate.concurrency import pipelined
from ros_animate.errors import UserError
from ros_animate.inference.engine import fastest_precision
from ros_animate.interrupts import DeferredSignals
from ros_animate.memory import keep_all_freed_memory
from ros_animate.outputs.progress import Progress
from ros_animate.training.core import checkpoints
from ros_animate.training.core.log import TrainingLog, plot_curves
from ros_animate.training.core.plan import StepPlan

_LOG_ROWS = 1000  # about


class DivergedError(UserError):
    """The loss is not finite; the message names the step."""


class LoopOptions(Protocol):
    """Options that every training has."""

    @property
    def looks(self) -> int:
        """Number of validations in the run."""

    @property
    def checkpoint_steps(self) -> int:
        """Steps between checkpoints."""


def make_fabric(precision: str, unused_parameters: bool = False) -> Fabric:
    """A launched Fabric: one device, or those that torchrun has started this process for.

    Args:
        precision: 'auto', 'float32' or 'bf16'.
        unused_parameters: True if parts of the network get no gradient in some steps.
    """
    logging.getLogger('lightning_fabric').setLevel(logging.WARNING)
    world = int(os.environ.get('WORLD_SIZE', 1))
    local = int(os.environ.get('LOCAL_WORLD_SIZE', world))
    strategy = 'ddp_find_unused_parameters_true' if unused_parameters else 'ddp'
    gpu = torch.cuda.is_available()
    keep_all_freed_memory()
    fabric = Fabric(accelerator='cuda' if gpu else 'cpu', devices=local, num_nodes=world // local,
                    strategy=strategy if world > 1 else 'auto',
                    precision='bf16-mixed' if resolve_precision(precision) == 'bf16' else '32-true')
    fabric.launch()
    return fabric


def resolve_precision(precision: str) -> str:
    """'bf16' or 'float32'; 'auto' is bf16 on a GPU and on a CPU with bf16 units."""
    if precision != 'auto':
        return precision
    fast = torch.cuda.is_available() or fastest_precision(torch.device('cpu')) == 'bf16'
    return 'bf16' if fast else 'float32'


class Loop(abc.ABC):
    """Training loop from the last checkpoint to the last step.

    Args:
        folder: Folder of the run.
        plan: Number of steps of the whole run.
        options: Options of the training.
        fabric: A launched Fabric.
        quiet: True to show no progress.

    Attributes:
        step: Number of steps done.
        seconds: Training time, earlier starts included.
        columns: Columns of the log, besides the step.
        curves: Columns that are drawn in curves.png.
    """

    columns: tuple[str, ...]
    curves: ClassVar[tuple[str, ...]]

    def __init__(self, folder: pathlib.Path, plan: StepPlan, options: LoopOptions, fabric: Fabric,
                 quiet: bool) -> None:
        self.folder, self.plan, self._options = folder, plan, options
        self.fabric, self._quiet = fabric, quiet
        self.step, self.seconds = 0, 0.0
        self._validation: Mapping[str, float | None] = {}
        self._validations = 0

    @property
    def steps(self) -> int:
        """Number of steps of the whole run."""
        return self.plan.steps

    @abc.abstractmethod
    def make_batch(self, step: int) -> Any:
        """The batch of a step, on the device."""

    @abc.abstractmethod
    def next_rate(self) -> float:
        """Learning rate of the next step."""

    @abc.abstractmethod
    def training_step(self, batch: Any, rate: float) -> Mapping[str, float]:
        """Updates the weights; returns the losses by column of the log."""

    @abc.abstractmethod
    def validate(self) -> Mapping[str, float | None]:
        """Errors on held-out data by column of the log."""

    @abc.abstractmethod
    def state(self) -> dict[str, Any]:
        """Content of a checkpoint: weights, their average, optimizers."""

    def run(self) -> Mapping[str, float | None]:
        """Trains, and keeps a checkpoint every so many steps and at the end.

        Returns:
            Result of the last validation.

        Raises:
            DivergedError: A loss is not finite; the last checkpoint stays.
        """
        first = self.step
        self.plan.begin(first, self.seconds if first else 0.0)
        start_s = time.monotonic() - self.seconds
        self._validations = self._validations_due()
        self._validation = self.validate() if first >= self.steps else {}
        losses: list[Mapping[str, float]] = []
        with (TrainingLog(self.folder, first, self.columns) if self.fabric.is_global_zero
              else NoLog()) as log, DeferredSignals() as signals:
            for batch in self._batches(first):
                rate = self.next_rate()
                losses.append(self.training_step(batch, rate))
                self.step += 1
                self.plan.advance(self.step, self.first_of)
                due = self._validations_due() > self._validations
                if due:
                    self._validations = self._validations_due()
                    self._validation = self.validate()
                if due or self.step % max(1, self.steps // _LOG_ROWS) == 0:
                    log.write(self.step, {**_means(losses), 'learning_rate': rate,
                                          **(self._validation if due else {})})
                    losses.clear()
                self.seconds = time.monotonic() - start_s
                if self.step == self.steps or not self.step % self._options.checkpoint_steps:
                    self._save()
                signals.check()
        if self.fabric.is_global_zero:
            plot_curves(self.folder, self.curves)
        return self._validation

    def progress(self, title: str, first: int, steps: int) -> Progress:
        """A progress bar of steps, of which the first are done; the first process shows it."""
        return Progress(title, steps, 'step', initial=first,
                        quiet=self._quiet or not self.fabric.is_global_zero)

    def mean(self, loss: Tensor) -> float:
        """Mean loss over all processes; raises DivergedError if it is not finite."""
        value = float(cast(Tensor, self.fabric.all_reduce(loss.detach(), reduce_op='mean')))
        if not math.isfinite(value):
            kept = f'; the last checkpoint in {self.folder} is from before' if self.step else ''
            raise DivergedError(f'the loss is {value} at step {self.step}: try a smaller --set '
                                f'learning_rate{kept}')
        return value

    def first_of(self, number: int) -> int:
        """The number of the first process, in all of them."""
        return int(self.fabric.broadcast(number))

    def restore_position(self, state: Mapping[str, Any]) -> None:
        """Goes on where a checkpoint ends."""
        self.step, self.seconds = state['step'], state['seconds']
        self.plan.resume(state.get('steps', self.steps))

    def _batches(self, first: int) -> Iterator[Any]:
        """Batches of the steps from `first` on, prepared while the GPU works on earlier ones."""
        steps = itertools.count(first)
        batches = ((self.make_batch(step) for step in steps) if self.fabric.device.type == 'cpu'
                   else pipelined(steps, self.make_batch, depth=3))
        with (contextlib.closing(batches),
              self.progress('training', first, self.steps) as progress):
            while self.step < self.steps:
                yield next(batches)
                progress.total = self.steps
                progress.add()

    def _validations_due(self) -> int:
        """Number of validations that belong to the steps done."""
        return self.step * self._options.looks // self.steps

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            checkpoints.save(self.folder, {'step': self.step, 'steps': self.steps,
                                           'seconds': self.seconds, **self.state()})
        self.fabric.barrier()


def _means(rows: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


class NoLog:
    """Log of the processes other than the first: it writes nothing."""

    def __enter__(self) -> NoLog:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, *_: object) -> None:
        pass
