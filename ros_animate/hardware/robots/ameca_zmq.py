"""Ameca over VividFace's wire: ZeroMQ, one message of text floats per command, newest wins."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import zmq

from ros_animate.configuration import option
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Command, RobotState

# Commands that may wait for a slow subscriber; more are dropped, the newest with them, and the
# next tick brings a newer one. Conflation does not work with messages of several parts.
WAITING = 4
LAST_MESSAGES_MS = 500


class AmecaZmq(Robot):
    """Publishes the controls in index order and robot units; nothing comes back.

    A message has one part per control: the UTF-8 text of a float. Sending never waits: subscribers
    that are slow or absent miss messages.
    """

    measures = False

    @dataclass(frozen=True)
    class Config:
        """Options of the wire."""

        address: str = option('tcp://*:6666', 'where subscribers connect to')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._address, self._spec = config.address, spec
        self._socket: zmq.Socket | None = None
        self._position = spec.neutral.copy()
        self._velocity = np.zeros_like(self._position)

    def connect(self) -> None:
        self.disconnect()
        socket: zmq.Socket = zmq.Context.instance().socket(zmq.PUB)
        socket.set(zmq.SNDHWM, WAITING)
        socket.set(zmq.LINGER, LAST_MESSAGES_MS)
        try:
            socket.bind(self._address)
        except zmq.ZMQError as error:
            socket.close(0)
            raise RobotError(f'cannot publish at {self._address}: {error.strerror}; choose another '
                             'with hardware.address') from error
        self._socket = socket

    def disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def write(self, command: Command, now_s: float) -> Command:
        if self._socket is None:
            raise RobotError(f'{self._address} is not open')
        for name, position, velocity in zip(command.names, command.position, command.velocity,
                                            strict=True):
            self._position[self._spec.index(name)] = position
            self._velocity[self._spec.index(name)] = velocity
        try:
            self._socket.send_multipart([repr(value).encode() for value in self._position.tolist()],
                                        zmq.NOBLOCK)
        except zmq.ZMQError as error:
            raise RobotError(f'cannot send at {self._address}: {error.strerror}') from error
        return command

    def read(self, now_s: float) -> RobotState:
        """What was sent last: the wire has no way back."""
        return RobotState(self._spec.names, self._position.copy(), self._velocity.copy(), now_s,
                          enabled=self._socket is not None)


PLUGIN = AmecaZmq
