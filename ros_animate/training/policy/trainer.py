"""Training of a policy by imitation; see `core.loop` for the parts that every training has."""
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

from ros_animate.networks.policy_network import PolicyConfig
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core import checkpoints, muon
from ros_animate.training.core.average import RunningAverage
from ros_animate.training.core.loop import Loop
from ros_animate.training.core.plan import StepPlan
from ros_animate.training.policy.batches import Batch
from ros_animate.training.policy.data import PolicyData
from ros_animate.training.policy.losses import PolicyObjective
from ros_animate.training.policy.options import TrainOptions
from ros_animate.training.policy.validation import validation_mae

_SIDE_STEP = 16
LANDMARK_STEP_COST = 0.1  # of a step from landmarks alone, in steps with images


@dataclass(frozen=True)
class TrainingRun:
    """A training run of a policy.

    Attributes:
        folder: Folder of the run.
        plan: Number of steps of the whole run.
        batch_size: Pairs of a step, over all processes.
        options: Options of the training.
        spec: The robot.
        config: Configuration of the network.
        quiet: True to show no progress.
    """

    folder: pathlib.Path
    plan: StepPlan
    batch_size: int
    options: TrainOptions
    spec: RobotSpec
    config: PolicyConfig
    quiet: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training.

    Attributes:
        network: Network with the average weights.
        steps: Number of steps done.
        seconds: Training time, earlier starts included.
        mae: Validation error; None if no pairs are held back.
    """

    network: nn.Module
    steps: int
    seconds: float
    mae: float | None


class PolicyTrainer(Loop):
    """Trains a policy network from the last checkpoint to the last step.

    Args:
        run: The training run.
        network: Network with the weights to start with.
        data: The pairs.
        fabric: A launched Fabric.
    """

    columns = ('loss', 'learning_rate', 'validation_mae')
    curves = ('loss', 'validation_mae')

    def __init__(self, run: TrainingRun, network: nn.Module, data: PolicyData,
                 fabric: Fabric) -> None:
        super().__init__(run.folder, run.plan, run.options, fabric, run.quiet)
        self._run, self._data = run, data
        options = run.options
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.to(fabric.device)
        self._network = network
        state = checkpoints.load(run.folder)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            objective = PolicyObjective(network, run.config, run.spec, options,
                                        data.landmarks is not None)
        objective.to(fabric.device)
        self._landmark_terms = objective.landmark_terms
        if state is None:
            self._train_on_landmarks(objective)
        self._average = RunningAverage(network, options.average)
        self._optimizer = _make_optimizer(objective, options)
        self._objective, self._fabric_optimizer = fabric.setup(objective, self._optimizer)
        if state is not None:
            self._restore(state)

    def train(self) -> TrainingResult:
        """Runs all steps that are left."""
        mae = self.run().get('validation_mae')
        return TrainingResult(self._average.network, self.step, self.seconds, mae)

    def make_batch(self, step: int) -> Batch:
        side = image_side(step, self.steps, self._run)
        batch = self._data.batch(step, self._run.batch_size, side, self.fabric.global_rank,
                                 self.fabric.world_size)
        return batch.to(self.fabric.device)

    def next_rate(self) -> float:
        first, last = ((0, self._locating_steps) if self._locates()
                       else (self._locating_steps, self.steps))
        return learning_rate(self.step - first, last - first, self._run.options)

    def training_step(self, batch: Batch, rate: float) -> Mapping[str, float]:
        self._objective.train()
        for group in self._fabric_optimizer.param_groups:
            group['lr'] = rate
        loss = self._objective(batch, locate=self._locates())
        value = self.mean(loss)
        self._fabric_optimizer.zero_grad()
        self.fabric.backward(loss)
        if self._run.options.clip:
            self.fabric.clip_gradients(self._objective, self._fabric_optimizer,
                                       max_norm=self._run.options.clip,
                                       error_if_nonfinite=False)
        self._fabric_optimizer.step()
        self._average.update(self._network, self.step)
        return {'loss': value}

    def validate(self) -> Mapping[str, float | None]:
        return {'validation_mae': validation_mae(
            self._average.network, self._objective.module, self._data, self._run.spec,
            self._run.options.validation_most, self._run.batch_size, self.fabric.device)}

    def state(self) -> dict[str, Any]:
        state = {'network': self._network.state_dict(),
                 'average': self._average.network.state_dict(),
                 'optimizer': self._optimizer.state_dict()}
        if self._landmark_terms is not None and (terms := self._landmark_terms.state_dict()):
            state['guide'] = terms
        return state

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._network.load_state_dict(state['network'])
        self._average.network.load_state_dict(state['average'])
        self._optimizer.load_state_dict(state['optimizer'])
        if self._landmark_terms is not None:
            self._landmark_terms.load_state_dict(state.get('guide', {}))
        self.restore_position(state)

    def _train_on_landmarks(self, objective: PolicyObjective) -> None:
        """Steps from landmarks alone before the first image; ten cost as much as one with images.

        They are repeated when a run ends before its first checkpoint.
        """
        if objective.landmark_terms is None or self._data.landmark_batch(0) is None:
            return
        start_s, options = time.monotonic(), self._run.options
        plan = self._run.plan.before(options.geometry_first, LANDMARK_STEP_COST)
        optimizer = _make_optimizer(objective, options)
        plan.begin(0, 0.0)
        with self.progress('learning landmarks', 0, plan.steps) as progress:
            while progress.count < plan.steps:
                for group in optimizer.param_groups:
                    group['lr'] = learning_rate(progress.count, plan.steps, options)
                self._learn_landmarks(objective, optimizer, progress.count)
                progress.add()
                plan.advance(progress.count, self.first_of)
                progress.total = plan.steps
        self.seconds = time.monotonic() - start_s

    def _learn_landmarks(self, objective: PolicyObjective, optimizer: torch.optim.Optimizer,
                         step: int) -> None:
        batch = self._data.landmark_batch(step)
        assert batch is not None
        loss = objective.landmark_loss(batch.to(self.fabric.device))
        self.mean(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    @property
    def _locating_steps(self) -> int:
        return round(self._run.options.locate * self.steps)

    def _locates(self) -> bool:
        """True in the first steps, which train the early layers on landmarks alone."""
        return self.step < self._locating_steps


def learning_rate(step: int, steps: int, options: TrainOptions) -> float:
    """Learning rate of a step: linear warm-up, then a cosine."""
    warm = round(options.warm_up * steps)
    if step < warm:
        return options.learning_rate * (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    low = options.final_rate
    return options.learning_rate * (low + (1 - low) * (1 + math.cos(math.pi * done)) / 2)


def image_side(step: int, steps: int, run: TrainingRun) -> int:
    """Side of the images at a step of `steps`: grows from `coarse_size` to the network's own."""
    size = run.config.image_size
    coarse, part = run.options.coarse_size, run.options.coarse * steps
    if not coarse or step >= part:
        return size
    side = coarse + (size - coarse) * step / part
    return min(size, round(side / _SIDE_STEP) * _SIDE_STEP)


def _make_optimizer(objective: PolicyObjective, options: TrainOptions) -> torch.optim.Optimizer:
    """Optimizer without weight decay of norms and biases."""
    rate, decay = options.learning_rate, options.weight_decay
    if options.optimizer == 'muon':
        return muon.for_network(objective, rate, decay)
    parameters = list(objective.parameters())
    return torch.optim.AdamW(
        [{'params': [p for p in parameters if p.ndim > 1], 'weight_decay': decay},
         {'params': [p for p in parameters if p.ndim <= 1], 'weight_decay': 0.0}], rate)
