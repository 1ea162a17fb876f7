"""Trains a policy by imitation; see `loop` for what every run does."""
from __future__ import annotations

import math
import pathlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core import checkpoints, muon
from ros_animate.training.core.average import RunningAverage
from ros_animate.training.core.loop import Loop
from ros_animate.training.policy.data import Batch, Data
from ros_animate.training.policy.losses import Objective
from ros_animate.training.policy.options import TrainOptions
from ros_animate.training.policy.validation import validation_mae

_SIDE_STEP = 16


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


class Trainer(Loop):
    """A run, from its last checkpoint to its last step."""

    columns = ('loss', 'learning_rate', 'validation_mae')
    curves = ('loss', 'validation_mae')

    def __init__(self, task: Task, network: nn.Module, data: Data, fabric: Fabric) -> None:
        super().__init__(task.folder, task.steps, task.options, fabric, task.quiet)
        self._task, self._data = task, data
        options = task.options
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.to(fabric.device)
        self._network = network
        state = checkpoints.load(task.folder)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            objective = Objective(network, task.model, task.spec, options,
                                  data.landmarks is not None)
        objective.to(fabric.device)
        self._guide = objective.guide
        self._locating = round(options.locate * task.steps)
        if state is None:
            self._learn_geometry(objective)
        self._average = RunningAverage(network, options.average)
        if state is not None:
            self._network.load_state_dict(state['network'])
            self._average.network.load_state_dict(state['average'])
            self.step, self.seconds = state['step'], state['seconds']
        plain = _optimizer(objective, options)
        self._objective, self._optimizer = fabric.setup(objective, plain)
        if state is not None:
            plain.load_state_dict(state['optimizer'])
            if self._guide is not None:
                self._guide.load_state_dict(state['guide'])
        self._plain_optimizer = plain

    def train(self) -> Outcome:
        """`run`, and what has come of it."""
        mae = self.run().get('validation_mae')
        return Outcome(self._average.network, self.seconds, mae)

    def _learn_geometry(self, objective: Objective) -> None:
        """Controls from landmarks, before the first picture: ten such steps cost one with pictures.

        It is done anew when a run ends before its first checkpoint.
        """
        start_s, options = time.monotonic(), self._task.options
        steps = round(options.geometry_first * self.steps) if self._data.geometry(0) else 0
        optimizer = _optimizer(objective, options)
        for step in self.progress(range(steps), 'landmarks'):
            for group in optimizer.param_groups:
                group['lr'] = learning_rate(step, steps, options)
            geometry = self._data.geometry(step)
            assert geometry is not None
            loss = objective.from_geometry(geometry.to(self.fabric.device))
            self.mean(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        self.seconds = time.monotonic() - start_s

    def make_batch(self, step: int) -> Batch:
        side = picture_side(step, self._task)
        batch = self._data.batch(step, self._task.batch_size, side, self.fabric.global_rank,
                                 self.fabric.world_size)
        return batch.to(self.fabric.device)

    def rate(self) -> float:
        first, last = (0, self._locating) if self._locates() else (self._locating, self.steps)
        return learning_rate(self.step - first, last - first, self._task.options)

    def learn(self, batch: Batch, rate: float) -> Mapping[str, float]:
        self._objective.train()
        for group in self._optimizer.param_groups:
            group['lr'] = rate
        loss = self._objective(batch, locate=self._locates())
        value = self.mean(loss)
        self._optimizer.zero_grad()
        self.fabric.backward(loss)
        if self._task.options.clip:
            self.fabric.clip_gradients(self._objective, self._optimizer,
                                       max_norm=self._task.options.clip,
                                       error_if_nonfinite=False)
        self._optimizer.step()
        self._average.update(self._network, self.step)
        return {'loss': value}

    def _locates(self) -> bool:
        return self.step < self._locating

    def look(self) -> Mapping[str, float | None]:
        return {'validation_mae': validation_mae(
            self._average.network, self._objective.module, self._data, self._task.spec,
            self._task.options.validation_most, self._task.batch_size, self.fabric.device)}

    def state(self) -> dict[str, Any]:
        return {'network': self._network.state_dict(),
                'average': self._average.network.state_dict(),
                'optimizer': self._plain_optimizer.state_dict(),
                **({'guide': self._guide.state_dict()} if self._guide is not None else {})}


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


def _optimizer(objective: Objective, options: TrainOptions) -> torch.optim.Optimizer:
    """Norms and offsets do not decay."""
    rate, decay = options.learning_rate, options.weight_decay
    if options.optimizer == 'muon':
        return muon.for_network(objective, rate, decay)
    parameters = list(objective.parameters())
    return torch.optim.AdamW(
        [{'params': [p for p in parameters if p.ndim > 1], 'weight_decay': decay},
         {'params': [p for p in parameters if p.ndim <= 1], 'weight_decay': 0.0}], rate)
