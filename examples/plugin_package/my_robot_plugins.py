"""Two plug-ins in a package of their own: a policy, and a connection to a robot."""
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, TextIO

import numpy as np

from ros_animate.configuration import option
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.policy.base import Policy
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Command, Frame, Motion, RobotState


class JawOnly(Policy):
    """Opens one control, the jaw, as far as the person's lips are apart."""

    @dataclass(frozen=True)
    class Config:
        """Options of the policy."""

        control: str = option('Jaw Pitch', 'name of the control that opens the mouth')
        open_value: float = option(0.0, 'its value while the mouth is wide open')

    observes: Literal['motion', 'image'] = 'motion'

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._config, self._spec = config, spec
        self._index = spec.index(config.control)

    def act(self, observation: Motion | Frame) -> ActionChunk:
        assert isinstance(observation, Motion)
        # `mouthClose` says how much of the jaw's opening the lips hide by staying together.
        shapes = observation.expression
        opening = max(0.0, shapes.get('jawOpen', 0.0) - shapes.get('mouthClose', 0.0))
        values = self._spec.neutral.copy()
        values[self._index] += opening * (self._config.open_value - values[self._index])
        return ActionChunk(self._spec.names, values[None], 1 / 30, observation.stamp_s)


class JsonLines(Robot):
    """A robot that writes every command as a line of JSON, where another one moves motors."""

    measures = False

    @dataclass(frozen=True)
    class Config:
        """Options of the connection."""

        path: str = option('commands.jsonl', 'file to write')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._path, self._spec = config.path, spec
        self._position = spec.neutral.copy()
        self._file: TextIO | None = None

    def connect(self) -> None:
        try:
            self._file = open(self._path, 'w', encoding='utf-8')  # noqa: SIM115 (disconnect closes)
        except OSError as error:
            raise RobotError(f'cannot write {self._path}: {error.strerror}; '
                             'choose another with hardware.path') from error

    def disconnect(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def write(self, command: Command, now_s: float) -> Command:
        if self._file is None:
            raise RobotError(f'{self._path} is not open')
        values = dict(zip(command.names, np.round(command.position, 4).tolist()))
        print(json.dumps({'time_s': now_s, **values}), file=self._file)
        self._position[self._spec.indices(command.names)] = command.position
        return command  # what was really sent

    def read(self, now_s: float) -> RobotState:
        return RobotState(self._spec.names, self._position.copy(),
                          np.zeros_like(self._position), now_s)
