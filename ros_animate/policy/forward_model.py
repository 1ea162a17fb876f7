"""Forward model of a robot's face: control values to the face that a tracker reports."""
from __future__ import annotations

import dataclasses
import os
import pathlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from ros_animate.configuration import ConfigurationError, build, option, read_yaml
from ros_animate.documents import DocumentError, regular_file
from ros_animate.errors import UserError, cut, shortened
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.files import atomic_path, write_atomically
from ros_animate.robot.rig import HEAD_ANGLES, rig_mistakes
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

WEIGHTS, CONFIG = 'weights.safetensors', 'config.yaml'
FAMILY = 'forward_model'
OUTPUTS = (*BLENDSHAPES, *HEAD_ANGLES)
ANGLE_UNIT_DEG = 30.0
_MOST_BYTES = 2 ** 24


class ForwardModelError(UserError):
    """A forward model cannot be used; the message names the folder and the reason."""


@dataclass(frozen=True)
class ModelConfig:
    """Facts about a forward model besides its weights."""

    robot: str = option('', 'name of the robot')
    transport: str = option('', 'what drove the robot; `mock` is the virtual face')
    names: tuple[str, ...] = option((), 'controls in the order of the inputs', length=1000)
    centre: tuple[float, ...] = option((), 'values of the controls at the input 0', length=1000)
    scale: tuple[float, ...] = option((), 'changes of the controls at the input 1', length=1000)
    error: tuple[float, ...] = option((), 'root mean square error of each output on poses that '
                                          'were held back', length=1000)
    spread: tuple[float, ...] = option((), 'standard deviation of each output over all poses',
                                       length=1000)
    poses: int = option(0, 'number of poses that it was fitted to', low=0)
    rig_was: dict[str, Any] = option({}, "rows of the robot's rig that do not fit the robot, by "
                                         'control')
    rig_is: dict[str, Any] = option({}, 'rows of these controls that do')

    def __post_init__(self) -> None:
        for rows in (self.rig_was, self.rig_is):
            for mistake in rig_mistakes({'controls': rows}, self.names):
                raise ValueError(mistake.text)
        if not len(self.names) == len(self.centre) == len(self.scale) > 0:
            raise ValueError(f'{len(self.names)} names, {len(self.centre)} centres and '
                             f'{len(self.scale)} scales')
        if not len(self.error) == len(self.spread) == len(OUTPUTS):
            raise ValueError(f'{len(self.error)} errors and {len(self.spread)} spreads for '
                             f'{len(OUTPUTS)} outputs')


class ForwardModel:
    """A perceptron of two hidden layers with a linear path beside it, evaluated by NumPy.

    With inputs x, the controls less `centre`, divided by `scale`:

        z = C tanh(B tanh(A x + a) + b) + c + D x

    Blendshapes are 1 / (1 + exp(-z)), angles ANGLE_UNIT_DEG z.

    Args:
        config: Facts besides the weights.
        weights: The arrays 'A', 'a', 'B', 'b', 'C', 'c' and 'D'.

    Attributes:
        config: Facts besides the weights.
        weights: The arrays.

    Raises:
        ValueError: The arrays do not fit each other, or hold NaN.
    """

    def __init__(self, config: ModelConfig, weights: dict[str, Array]) -> None:
        self.config = config
        self.weights = {name: np.asarray(weights[name], float) for name in 'AaBbCcD'}
        self._check()
        self._centre, self._scale = np.array(config.centre), np.array(config.scale)

    def predict(self, position: Array) -> Array:
        """(…, 55) blendshapes and head angles in degrees, as OUTPUTS, of poses (…, C)."""
        return self._outputs(self._forward((position - self._centre) / self._scale)[0])

    def linearised(self, position: Array) -> tuple[Array, Array]:
        """(55,) the outputs at a pose (C,), and their derivatives (55, C) by the controls."""
        w = self.weights
        z, first, second = self._forward((position - self._centre) / self._scale)
        inner = w['B'] @ ((1.0 - first * first)[:, np.newaxis] * w['A'])
        slope = w['C'] @ ((1.0 - second * second)[:, np.newaxis] * inner) + w['D']
        outputs = self._outputs(z)
        shapes = len(BLENDSHAPES)
        rate = np.full(len(outputs), ANGLE_UNIT_DEG)
        rate[:shapes] = outputs[:shapes] * (1.0 - outputs[:shapes])
        return outputs, rate[:, np.newaxis] * slope / self._scale

    def in_order_of(self, spec: RobotSpec) -> ForwardModel:
        """This model with the controls in a robot's order.

        Raises:
            ForwardModelError: The robot has other controls.
        """
        names = self.config.names
        differing = sorted(set(names) ^ set(spec.names))
        if differing:
            raise ForwardModelError(f'the calibration is of another robot than {spec.name}: only '
                                    f'one of them has {shortened(differing, separator=", ")}')
        columns = [names.index(name) for name in spec.names]
        config = dataclasses.replace(
            self.config, names=spec.names, centre=tuple(self._centre[columns].tolist()),
            scale=tuple(self._scale[columns].tolist()))
        return ForwardModel(config, {**self.weights, 'A': self.weights['A'][:, columns],
                                     'D': self.weights['D'][:, columns]})

    def corrected(self, spec: RobotSpec) -> RobotSpec:
        """The robot with the rig that fits what it really does.

        Rows that were changed since the calibration stay: somebody has corrected them.
        """
        rows = spec.rig.get('controls', {})
        better = {name: row for name, row in self.config.rig_is.items()
                  if rows.get(name, {}) == self.config.rig_was.get(name)}
        if not better:
            return spec
        return dataclasses.replace(spec, rig={**spec.rig, 'controls': {**rows, **better}})

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes weights.safetensors and config.yaml into an existing folder; raises WriteError."""
        from safetensors.numpy import save_file
        folder = pathlib.Path(folder)
        with atomic_path(folder / WEIGHTS) as temporary:
            temporary.touch()
            mode = temporary.stat().st_mode
            save_file({name: np.ascontiguousarray(value, np.float32)
                       for name, value in self.weights.items()}, temporary, {'family': FAMILY})
            temporary.chmod(mode)  # safetensors makes files that nobody else can read
        config = self.config
        values = {'robot': config.robot, 'transport': config.transport,
                  'names': list(config.names), 'poses': config.poses,
                  **{name: [round(float(v), 6) for v in getattr(config, name)]
                     for name in ('centre', 'scale', 'error', 'spread')},
                  **{name: getattr(config, name) for name in ('rig_was', 'rig_is')
                     if getattr(config, name)}}
        write_atomically(folder / CONFIG, yaml.safe_dump({'family': FAMILY, 'config': values},
                                                         sort_keys=False))

    def _forward(self, inputs: Array) -> tuple[Array, Array, Array]:
        """(…, 55) z, and the values of both hidden layers."""
        w = self.weights
        first = np.tanh(inputs @ w['A'].T + w['a'])
        second = np.tanh(first @ w['B'].T + w['b'])
        return second @ w['C'].T + w['c'] + inputs @ w['D'].T, first, second

    def _outputs(self, z: Array) -> Array:
        shapes = len(BLENDSHAPES)
        logits = np.clip(z[..., :shapes], -30.0, 30.0)
        return np.concatenate([1.0 / (1.0 + np.exp(-logits)), ANGLE_UNIT_DEG * z[..., shapes:]],
                              axis=-1)

    def _check(self) -> None:
        hidden = [len(self.weights[name]) for name in 'ab']
        controls, outputs = len(self.config.names), len(OUTPUTS)
        shapes = {'A': (hidden[0], controls), 'a': (hidden[0],), 'B': (hidden[1], hidden[0]),
                  'b': (hidden[1],), 'C': (outputs, hidden[1]), 'c': (outputs,),
                  'D': (outputs, controls)}
        for name, shape in shapes.items():
            value = self.weights[name]
            if value.shape != shape:
                raise ValueError(f'{name}: expected the shape {shape}, got {value.shape}')
            if not np.isfinite(value).all():
                raise ValueError(f'{name}: NaN or infinity')


def load_forward_model(folder: str | os.PathLike[str]) -> ForwardModel:
    """The forward model in a folder that `ForwardModel.save` wrote.

    Raises:
        ForwardModelError: There is none, or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file
    folder = pathlib.Path(folder)
    try:
        content = read_yaml(folder / CONFIG)
        if content.get('family') != FAMILY:
            raise ForwardModelError(f'{folder} holds no forward model: {CONFIG} is of another '
                                    'family; `ros_animate calibrate` makes one')
        config = build(ModelConfig, content.get('config'), str(folder / CONFIG))
        regular_file(folder / WEIGHTS, _MOST_BYTES)
        weights = load_file(folder / WEIGHTS)
        missing = sorted(set('AaBbCcD') - set(weights))
        if missing:
            raise ValueError(f'it lacks {shortened(missing, separator=", ")}')
        return ForwardModel(config, weights)
    except ConfigurationError as error:
        raise ForwardModelError(str(error)) from error
    except (OSError, DocumentError, ValueError, SafetensorError) as error:
        raise ForwardModelError(f'cannot read {folder / WEIGHTS}: {cut(str(error))}') from error
