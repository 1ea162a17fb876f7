"""A training run on Lightning Fabric: one process, or many under torchrun.

What happens at a step depends on the state before it, on seed and step alone. So a checkpoint
(weights, their average, optimizer, step) is all that a killed run needs to end with the same
weights as one that was never disturbed.
"""
from __future__ import annotations

import abc
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
from tqdm import tqdm

from ros_animate.concurrency import pipelined
from ros_animate.errors import UserError
from ros_animate.inference.engine import fastest_precision, keep_freed_memory
from ros_animate.training.core import checkpoints
from ros_animate.training.core.log import Log, plot_curves

_ROWS = 1000  # of the log, about


class DivergedError(UserError):
    """The loss is not a number any more; the message names the step."""


class LoopOptions(Protocol):
    """What options of every training hold."""

    @property
    def looks(self) -> int:
        """How often held-out data is looked at."""

    @property
    def checkpoint_steps(self) -> int:
        """Steps between checkpoints."""


def make_fabric(precision: str, partial: bool = False) -> Fabric:
    """One device, or those that torchrun has started this process for.

    `partial`: there are steps in which parts of the network are left out.
    """
    logging.getLogger('lightning_fabric').setLevel(logging.WARNING)
    world = int(os.environ.get('WORLD_SIZE', 1))
    local = int(os.environ.get('LOCAL_WORLD_SIZE', world))
    several = 'ddp_find_unused_parameters_true' if partial else 'ddp'
    gpu = torch.cuda.is_available()
    keep_freed_memory()
    fabric = Fabric(accelerator='cuda' if gpu else 'cpu', devices=local, num_nodes=world // local,
                    strategy=several if world > 1 else 'auto',
                    precision='bf16-mixed' if meant(precision) == 'bf16' else '32-true')
    fabric.launch()
    return fabric


def meant(precision: str) -> str:
    """'bf16' or 'float32'; 'auto' is bf16 on a GPU and on a CPU with units for it."""
    if precision != 'auto':
        return precision
    fast = torch.cuda.is_available() or fastest_precision(torch.device('cpu')) == 'bf16'
    return 'bf16' if fast else 'float32'


class Loop(abc.ABC):
    """From the last checkpoint to the last step.

    Args:
        folder: Of the run.
        steps: How many in all.
        options: Of the training.
        fabric: Launched.
        quiet: No progress.

    Attributes:
        step: Steps done.
        seconds: Training time, that of earlier starts included.
        columns: Of the log, besides the step.
        curves: Those that are drawn.
    """

    columns: tuple[str, ...]
    curves: ClassVar[tuple[str, ...]]

    def __init__(self, folder: pathlib.Path, steps: int, options: LoopOptions, fabric: Fabric,
                 quiet: bool) -> None:
        self.folder, self.steps, self._options = folder, steps, options
        self.fabric, self._quiet = fabric, quiet
        self.step, self.seconds = 0, 0.0
        self._seen: Mapping[str, float | None] = {}

    @abc.abstractmethod
    def make_batch(self, step: int) -> Any:
        """What a step learns from, on the device."""

    @abc.abstractmethod
    def rate(self) -> float:
        """The learning rate of the coming step."""

    @abc.abstractmethod
    def learn(self, batch: Any, rate: float) -> Mapping[str, float]:
        """Changes the weights; returns the losses by column of the log."""

    @abc.abstractmethod
    def look(self) -> Mapping[str, float | None]:
        """What held-out data says, by column of the log."""

    @abc.abstractmethod
    def state(self) -> dict[str, Any]:
        """Weights, average and optimizers, for a checkpoint."""

    def run(self) -> Mapping[str, float | None]:
        """Trains, and keeps a checkpoint every so many steps and at the end.

        Returns:
            What the last look saw.

        Raises:
            DivergedError: A loss is not a number; the last checkpoint stays.
        """
        start_s = time.monotonic() - self.seconds
        first, every = self.step, max(1, self.steps // _ROWS)
        self._seen = self.look() if first >= self.steps else {}
        losses: list[Mapping[str, float]] = []
        with (Log(self.folder, first, self.columns) if self.fabric.is_global_zero
              else NoLog()) as log:
            for batch in self._batches(first):
                rate = self.rate()
                losses.append(self.learn(batch, rate))
                self.step += 1
                due = self._is_due()
                self._seen = self.look() if due else self._seen
                if due or self.step % every == 0:
                    log.write(self.step, {**_means(losses), 'learning_rate': rate,
                                          **(self._seen if due else {})})
                    losses.clear()
                self.seconds = time.monotonic() - start_s
                if self.step == self.steps or not self.step % self._options.checkpoint_steps:
                    self._save()
        if self.fabric.is_global_zero:
            plot_curves(self.folder, self.curves)
        return self._seen

    def progress(self, steps: range, of: str | None = None) -> Iterator[int]:
        """The steps, while a bar shows how far they have come."""
        return iter(tqdm(steps, of, initial=steps.start, total=steps.stop, unit='step',
                         dynamic_ncols=True,
                         disable=self._quiet or not self.fabric.is_global_zero or None))

    def mean(self, loss: Tensor) -> float:
        """The loss over all processes; raises DivergedError if it is no number."""
        value = float(cast(Tensor, self.fabric.all_reduce(loss.detach(), reduce_op='mean')))
        if not math.isfinite(value):
            kept = f'; the last checkpoint in {self.folder} is from before' if self.step else ''
            raise DivergedError(f'the loss is {value} at step {self.step}: try a smaller --set '
                                f'learning_rate{kept}')
        return value

    def _batches(self, first: int) -> Iterator[Any]:
        """The batches of the steps from `first` on, made while the GPU works on those before."""
        steps = self.progress(range(first, self.steps))
        if self.fabric.device.type == 'cpu':
            yield from map(self.make_batch, steps)
        else:
            yield from pipelined(steps, self.make_batch, depth=3)

    def _is_due(self) -> bool:
        """Whether held-out data is looked at after this step."""
        looks = self._options.looks
        return self.step * looks // self.steps > (self.step - 1) * looks // self.steps

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            checkpoints.save(self.folder, {'step': self.step, 'seconds': self.seconds,
                                           **self.state()})
        self.fabric.barrier()


def _means(rows: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


class NoLog:
    """What processes other than the first write."""

    def __enter__(self) -> NoLog:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, *_: object) -> None:
        pass
