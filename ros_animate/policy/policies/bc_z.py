"""Image space to action chunks by a compact network that a task embedding conditions (BC-Z)."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass

import torch
from torch import Tensor

from ros_animate.arrays import read_vector
from ros_animate.configuration import ConfigurationError, option
from ros_animate.documents import DocumentError
from ros_animate.policy.learned import ImagePolicy, LearnedOptions
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array


class BcZ(ImagePolicy):
    """The animated robot portrait and a task to the next waypoints."""

    @dataclass(frozen=True)
    class Config(LearnedOptions):
        """Options of the policy."""

        task: str = option('', 'task embedding z, a NumPy file (.npy) of as many numbers as the '
                               'weights expect; empty: zeros')

    family = 'bc_z'
    network_name = 'policy'

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._task: Tensor | None = None
        super().__init__(config, spec)
        if config.task:
            self.set_task(read_task(config.task))

    def set_task(self, task: Array) -> None:
        """Selects the robot, portrait or style that the embedding (Z,) stands for."""
        width = self.network_config.task
        if task.shape != (width,):
            raise ConfigurationError(f'the task embedding has shape {task.shape}, the weights '
                                     f'expect ({width},)')
        self._task = torch.as_tensor(task, dtype=torch.float32, device=self.device)[None]

    def _forward(self, observation: Tensor) -> Tensor:
        task = None if self._task is None else self._task.to(observation.dtype)
        return self._chunk(self.network(observation, task))


def read_task(path: str | pathlib.Path) -> Array:
    """The task embedding (Z,) in a NumPy file; raises ConfigurationError."""
    try:
        return read_vector(pathlib.Path(path).expanduser())
    except DocumentError as error:
        raise ConfigurationError(f'cannot read the task embedding {path}: {error}') from error


PLUGIN = BcZ
