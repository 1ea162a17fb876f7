"""Learned policies: a network with its weights, and its controls mapped to those of one robot."""
from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from ros_animate.configuration import ConfigurationError, option
from ros_animate.face.crop import centre_crop
from ros_animate.inference.acceleration import SPEEDS
from ros_animate.inference.device import NonFiniteOutputError, to_tensor
from ros_animate.inference.engine import EngineOptions
from ros_animate.inference.loading import NetworkOptions, load_networks
from ros_animate.networks.actions import normalise_image, to_robot_units
from ros_animate.networks.policy_network import ImagePolicyConfig, PolicyConfig, PolicyNetwork
from ros_animate.policy.base import Policy
from ros_animate.policy.strength import GAINS, Strength
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Array, Frame, Motion


@dataclass(frozen=True)
class LearnedOptions(NetworkOptions, Strength):
    """Options that the learned policies share."""

    precision: str = option('auto', 'of the network; auto: fp16 on a GPU, bf16 on a CPU with '
                                    'units for it, else float32',
                            choices=('auto', 'float32', 'bf16', 'fp16'))
    own_strength: bool = option(True, 'multiply movements by the strengths that come with the '
                                      "weights, besides one's own")
    speed: str = option('balanced', 'balanced: CUDA graphs on a GPU; fastest: also compile the '
                                    'network, which takes a minute the first time, and a C++ '
                                    'compiler on the CPU; plain: neither', choices=SPEEDS)


class LearnedPolicy(Policy):
    """A network from observation to waypoints.

    Controls of the robot that the network does not have stay neutral.

    Attributes:
        family: Family of the network.
        network_name: Name of the network in the family.
        network_config: Configuration of the network.
        network: The network, prepared for inference.
    """

    changeable = (*GAINS, 'own_strength')
    family: ClassVar[str]
    network_name: ClassVar[str]
    network_config: PolicyConfig
    network: PolicyNetwork

    def __init__(self, config: LearnedOptions, spec: RobotSpec) -> None:
        self._spec = spec
        engine = EngineOptions(precision=config.precision, speed=config.speed)
        loaded = load_networks(self.family, config, (self.network_name,), engine=engine)
        self.device, self.network_config = loaded.device, loaded.config
        self.execution = loaded.execution
        self._columns, self._controls = _columns(self.network_config, spec, self.family)
        self.configure(config)
        module = loaded.networks[self.network_name]
        self.network, self._dtype = module, next(module.parameters()).dtype
        self._warm_up()

    def configure(self, config: LearnedOptions) -> None:
        strength = config.of(self._spec)
        if config.own_strength and self.network_config.strength:
            own = np.array(self.network_config.strength)
            strength[self._controls] *= own[self._columns]
        self._strength = strength

    def act(self, observation: Motion | Frame) -> ActionChunk:
        with torch.inference_mode():
            outputs = to_robot_units(self._predict(observation).float(), self.network_config)
        predicted = outputs.cpu().numpy().astype(float)
        if not np.isfinite(predicted).all():
            raise NonFiniteOutputError(f'the policy {self.family}')
        values = np.tile(self._spec.neutral, (len(predicted), 1))
        values[:, self._controls] = predicted[:, self._columns]
        values = self._spec.neutral + self._strength * (values - self._spec.neutral)
        values = np.clip(values, self._spec.low, self._spec.high)
        return ActionChunk(self._spec.names, values, self.network_config.waypoint_s,
                           observation.stamp_s)

    def _warm_up(self) -> None:
        """Runs the network once, so that libraries choose their kernels before the first frame."""

    @abc.abstractmethod
    def _predict(self, observation: Motion | Frame) -> Tensor:
        """Waypoints (H, M) as the network outputs them."""

    def _forward(self, observation: Tensor) -> Tensor:
        """Observation tensor (1, …) to waypoints (H, M)."""
        return self._chunk(self.network(observation))

    def _chunk(self, outputs: Tensor) -> Tensor:
        """The learned waypoints (H, M) of outputs (1, M) or (1, W, M)."""
        return outputs if outputs.ndim == 2 else outputs[0, :self.network_config.horizon]


class ImagePolicy(LearnedPolicy):
    """A policy that observes the middle square of the animated frame, whatever its size."""

    observes: Literal['motion', 'image'] = 'image'
    network_config: ImagePolicyConfig

    def _predict(self, observation: Motion | Frame) -> Tensor:
        if not isinstance(observation, Frame):
            raise TypeError(f'the policy {self.family} observes images, not motion')
        size = self.network_config.image_size
        square = centre_crop(observation.image, size, self.network_config.view)
        image = normalise_image(to_tensor(square, size, self.device), self.network_config)
        return self._forward(image.to(self._dtype, memory_format=torch.channels_last))

    def _warm_up(self) -> None:
        size = self.network_config.image_size
        self.act(Frame(np.zeros((size, size, 3), np.uint8), 0.0))


def _columns(config: PolicyConfig, spec: RobotSpec, family: str) -> tuple[Array, Array]:
    """Outputs that the robot has, and their indices among its controls."""
    names = config.names
    if not names:
        if config.controls != len(spec.names):
            raise ConfigurationError(f'the weights of {family} are for {config.controls} controls, '
                                     f'robot {spec.name!r} has {len(spec.names)}')
        names = spec.names
    columns = [i for i, name in enumerate(names) if name in spec.names]
    if not columns:
        raise ConfigurationError(f'the weights of {family} are for another robot: {spec.name!r} '
                                 f'has none of the controls {", ".join(names[:3])}, …')
    return np.array(columns), np.array([spec.index(names[i]) for i in columns])
