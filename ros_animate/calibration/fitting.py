"""Fits the forward model of a robot's face to observations."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.calibration.observations import ANGLES, Observations, ObservationsError
from ros_animate.configuration import option
from ros_animate.policy.forward_model import ANGLE_UNIT_DEG, ForwardModel, ModelConfig
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

LEAST_POSES = 40
_RIDGE = 1.0  # of the linear model that the training begins with
_LEAST_SHAPE = 0.02  # blendshapes nearer to 0 or 1 have no useful logit


@dataclass(frozen=True)
class FitOptions:
    """Options of the fit."""

    members: int = option(3, 'number of networks, whose mean predicts better than each of them',
                          low=1, high=20)
    hidden: int = option(64, 'size of the hidden layers of a network', low=4, high=1024)
    steps: int = option(2000, 'steps of the optimiser for a network', low=1)
    batch_size: int = option(128, 'poses in a step', low=1)
    learning_rate: float = option(3e-3, 'highest learning rate', low=1e-6, high=1.0)
    weight_decay: float = option(0.1, 'decay of the weights, which keeps the model simple where '
                                      'there are few poses', low=0.0, high=10.0)
    held_back: float = option(0.1, 'share of the poses on which the error is measured', low=0.02,
                              high=0.5)
    seed: int = option(0, 'of the first weights and of the order of the poses', low=0)


def fit(spec: RobotSpec, observations: Observations,
        options: FitOptions = FitOptions()) -> ForwardModel:
    """The forward model that predicts the observed faces best.

    The error of its outputs is that of a single network without the held-back poses, on these
    poses; the result is the mean of several, fitted to all of them.

    Args:
        spec: The robot.
        observations: Poses with their faces, in any order of the controls.
        options: Options.

    Raises:
        ObservationsError: They are of another robot, or fewer than LEAST_POSES.
    """
    observations = observations.in_order_of(spec)
    if len(observations) < LEAST_POSES:
        raise ObservationsError(f'{len(observations)} poses with a face are too few to learn '
                                f'from: at least {LEAST_POSES} are needed')
    targets = np.column_stack([observations.expression, observations.angles_deg])
    is_held = _held_back(len(observations), options)
    trial = _fitted(spec, observations.controls[~is_held], targets[~is_held],
                    dataclasses.replace(options, members=1))
    error = trial.predict(observations.controls[is_held]) - targets[is_held]
    rms = np.sqrt((error ** 2).mean(axis=0))
    return _fitted(spec, observations.controls, targets, options, rms)


def _held_back(count: int, options: FitOptions) -> np.ndarray:
    """(N,) True for the poses on which the error is measured, spread over all of them."""
    order = np.random.default_rng(options.seed).permutation(count)
    is_held = np.zeros(count, bool)
    is_held[order[:max(round(options.held_back * count), 1)]] = True
    return is_held


class _Perceptron(nn.Module):
    """The network of a forward model: inputs (B, C) to logits and angles (B, 55)."""

    def __init__(self, inputs: Tensor, targets: Tensor, hidden: int) -> None:
        super().__init__()
        controls, outputs = inputs.shape[1], targets.shape[1]
        self.first, self.second = nn.Linear(controls, hidden), nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)
        self.linear = nn.Linear(controls, outputs, bias=False)
        slope, offset = _linear_model(inputs, targets)
        with torch.no_grad():
            self.last.weight.zero_()
            self.last.bias.copy_(offset)
            self.linear.weight.copy_(slope)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = torch.tanh(self.second(torch.tanh(self.first(inputs))))
        return self.last(hidden) + self.linear(inputs)

    def arrays(self) -> dict[str, Array]:
        """The weights by their names in `ForwardModel`."""
        layers = {'A': self.first.weight, 'a': self.first.bias, 'B': self.second.weight,
                  'b': self.second.bias, 'C': self.last.weight, 'c': self.last.bias,
                  'D': self.linear.weight}
        return {name: value.detach().numpy().astype(float) for name, value in layers.items()}


def _fitted(spec: RobotSpec, controls: Array, targets: Array, options: FitOptions,
            error: Array | None = None) -> ForwardModel:
    """A model fitted to all of the poses (N, C) and outputs (N, 55)."""
    scale = (spec.high - spec.low) / 2
    inputs = torch.from_numpy((controls - spec.neutral) / scale).float()
    outputs = torch.from_numpy(targets).float()
    outputs[:, -ANGLES:] /= ANGLE_UNIT_DEG
    members = [_network(inputs, outputs, options, options.seed + k)
               for k in range(options.members)]
    zero = np.zeros(targets.shape[1])
    config = ModelConfig(
        robot=spec.name, transport=spec.transport, names=spec.names,
        centre=tuple(spec.neutral.tolist()), scale=tuple(scale.tolist()),
        error=tuple((zero if error is None else error).tolist()),
        spread=tuple(targets.std(axis=0).tolist()), poses=len(controls))
    return ForwardModel(config, _mean_network([network.arrays() for network in members]))


def _network(inputs: Tensor, outputs: Tensor, options: FitOptions, seed: int) -> _Perceptron:
    """One network, fitted with its own first weights and order of the poses."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _Perceptron(inputs, outputs, options.hidden)
    _train(network, inputs, outputs, options, torch.Generator().manual_seed(seed))
    return network


def _mean_network(members: list[dict[str, Array]]) -> dict[str, Array]:
    """Weights of the network whose logits and angles are the mean of those of the members."""
    joined = {name: np.concatenate([m[name] for m in members]) for name in 'Aab'}
    joined['B'] = torch.block_diag(*(torch.from_numpy(m['B']) for m in members)).numpy()
    joined['C'] = np.concatenate([m['C'] for m in members], axis=1) / len(members)
    for name in 'cD':
        joined[name] = np.mean([m[name] for m in members], axis=0)
    return joined


def _train(network: _Perceptron, inputs: Tensor, targets: Tensor, options: FitOptions,
           generator: torch.Generator) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), options.learning_rate,
                                  weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate,
                                                   total_steps=options.steps)
    for _ in range(options.steps):
        rows = torch.randint(len(inputs), (options.batch_size,), generator=generator)
        loss = _loss(network(inputs[rows]), targets[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _linear_model(inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """(55, C) and (55,): ridge regression of the logits of blendshapes, and of the angles."""
    logits = targets.clone()
    logits[:, :-ANGLES] = torch.logit(targets[:, :-ANGLES], _LEAST_SHAPE)
    middle, mean = inputs.mean(0), logits.mean(0)
    centred = inputs - middle
    gram = centred.T @ centred + _RIDGE * torch.eye(inputs.shape[1])
    slope = torch.linalg.solve(gram, centred.T @ (logits - mean)).T
    return slope, mean - slope @ middle


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of blendshapes, and of angles in units of ANGLE_UNIT_DEG."""
    return (functional.mse_loss(torch.sigmoid(outputs[:, :-ANGLES]), targets[:, :-ANGLES])
            + functional.mse_loss(outputs[:, -ANGLES:], targets[:, -ANGLES:]))
