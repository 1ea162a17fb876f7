"""What the learned policies share: weights, and their controls as those of one robot."""
from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ros_animate.checkpoints import weights
from ros_animate.configuration import ConfigurationError, option
from ros_animate.inference.device import DEVICES, choose_device, to_tensor
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.networks.actions import in_units, normalised
from ros_animate.policy.base import Policy
from ros_animate.policy.image import square
from ros_animate.policy.strength import Strength
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Array, Frame, Motion

FRAME_S = 1 / 30


@dataclass(frozen=True)
class LearnedOptions(Strength):
    """Options that the learned policies share."""

    weights: str = option('', 'checkpoint, a file or a folder; empty: looked for in '
                              "ROS_ANIMATE_WEIGHTS, the user's cache and the package")
    device: str = option('auto', 'where the network runs', choices=DEVICES)
    precision: str = option('auto', 'of the network; auto: fp16 on a GPU, bf16 on a CPU with '
                                    'units for it, else float32',
                            choices=('auto', 'float32', 'bf16', 'fp16'))
    own_strength: bool = option(True, 'multiply movements by the strengths that come with the '
                                      "weights, besides one's own")
    compile: bool = option(False, 'compile the network; takes a minute once, and a C++ compiler '
                                  'on the CPU')


class LearnedPolicy(Policy):
    """A network from observation to waypoints.

    Controls of the robot that the network does not know stay neutral.

    Attributes:
        family: Whose network it is.
        network: Its name.
    """

    family: ClassVar[str]
    network: ClassVar[str]

    def __init__(self, config: Any, spec: RobotSpec) -> None:
        self._spec, self._strength = spec, config.of(spec)
        self.device = choose_device(config.device)
        self.model, loaded = weights.load(self.family, config.weights, (self.network,))
        self._columns, self._known = _columns(self.model.names, self._outputs(), spec, self.family)
        if config.own_strength and self.model.strength:
            self._strength[self._known] *= np.array(self.model.strength)[self._columns]
        self._engine = EngineOptions(precision=config.precision, compile=config.compile)
        self.loaded: Any = self._prepare(loaded[self.network])
        self._dtype = next(self.loaded.parameters()).dtype
        self._warm_up()

    def act(self, observation: Motion | Frame) -> ActionChunk:
        with torch.inference_mode():
            outputs = in_units(self._decide(observation).float(), self.model)
        said = outputs.cpu().numpy().astype(float)
        values = np.tile(self._spec.neutral, (len(said), 1))
        values[:, self._known] = said[:, self._columns]
        values = self._spec.neutral + self._strength * (values - self._spec.neutral)
        values = np.clip(values, self._spec.low, self._spec.high)
        return ActionChunk(self._spec.names, values, self._interval_s, observation.stamp_s)

    @property
    def _interval_s(self) -> float:
        return float(getattr(self.model, 'waypoint_s', FRAME_S))

    def _prepare(self, network: nn.Module) -> Any:
        """The trained network for inference."""
        return prepare(network, self._engine, self.device)

    def _outputs(self) -> int:
        """How many controls the network speaks of."""
        return int(self.model.controls)

    def _warm_up(self) -> None:
        """Libraries choose their kernels before the first frame."""

    @abc.abstractmethod
    def _decide(self, observation: Motion | Frame) -> Tensor:
        """Waypoints (H, M) as the network says them."""


class ImagePolicy(LearnedPolicy):
    """Sees the middle square of the animated frame, whatever its size."""

    observes: Literal['motion', 'image'] = 'image'

    def _decide(self, observation: Motion | Frame) -> Tensor:
        if not isinstance(observation, Frame):
            raise TypeError(f'the policy {self.family} observes pictures, not motion')
        size = self.model.image_size
        picture = to_tensor(square(observation.image, size, self.model.view), size, self.device)
        seen = normalised(picture, self.model)
        return self._look(seen.to(self._dtype, memory_format=torch.channels_last))

    def _warm_up(self) -> None:
        self.act(Frame(np.zeros((self.model.image_size,) * 2 + (3,), np.uint8), 0.0))

    @abc.abstractmethod
    def _look(self, picture: Tensor) -> Tensor:
        """Waypoints (H, M) for the normalised picture (1, 3, S, S)."""


def _columns(names: tuple[str, ...], outputs: int, spec: RobotSpec,
             family: str) -> tuple[Array, Array]:
    """Outputs that the robot has, and their places among its controls."""
    if not names:
        if outputs != len(spec.names):
            raise ConfigurationError(f'the weights of {family} are for {outputs} controls, robot '
                                     f'{spec.name!r} has {len(spec.names)}')
        names = spec.names
    columns = [i for i, name in enumerate(names) if name in spec.names]
    if not columns:
        raise ConfigurationError(f'the weights of {family} are for another robot: {spec.name!r} '
                                 f'has none of the controls {", ".join(names[:3])}, …')
    return np.array(columns), np.array([spec.index(names[i]) for i in columns])
