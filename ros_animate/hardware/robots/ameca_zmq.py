"""Ameca over VividFace's protocol: ZeroMQ, a message of text floats for each command."""
from __future__ import annotations

import logging
from dataclasses import dataclass

import zmq
from zmq.utils.monitor import recv_monitor_message

from ros_animate.configuration import option
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.last_command import LastCommand
from ros_animate.limits import ZMQ_SUBSCRIPTION_BYTES
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Command, RobotState

# Commands that may wait for a slow subscriber. Further ones are dropped, and the next tick brings a
# newer one. ZeroMQ's conflation does not work with messages of several parts.
QUEUE_SIZE = 4
LINGER_MS = 500  # for the last messages
LOOPBACK = 'tcp://127.0.0.1:6666'

_log = logging.getLogger(__name__)


class AmecaZmq(Robot):
    """Publishes the controls in index order and robot units; receives nothing.

    A message has one part per control: the UTF-8 text of a float. Sending never waits: subscribers
    that are slow or absent miss messages; while nobody is connected, that is a fault.
    """

    measures = False

    @dataclass(frozen=True)
    class Config:
        """Options of the connection."""

        address: str = option(LOOPBACK, 'address that subscribers connect to; tcp://*:6666 lets '
                              'every machine of the network connect')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._address = config.address
        self._is_announced = False
        self._last_command = LastCommand(spec)
        self._socket: zmq.Socket | None = None
        self._monitor: zmq.Socket | None = None
        self._connections: set[int] = set()

    def connect(self) -> None:
        self.disconnect()
        socket: zmq.Socket = zmq.Context.instance().socket(zmq.PUB)
        socket.set(zmq.SNDHWM, QUEUE_SIZE)
        socket.set(zmq.LINGER, LINGER_MS)
        socket.set(zmq.MAXMSGSIZE, ZMQ_SUBSCRIPTION_BYTES)
        self._monitor = socket.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        try:
            socket.bind(self._address)
        except zmq.ZMQError as error:
            self._monitor = None
            socket.close(0)
            raise RobotError(f'cannot publish at {self._address}: {error.strerror}; choose another '
                             'with hardware.address') from error
        self._socket = socket
        if not self._is_announced:
            self._is_announced = True
            _log.warning(_announcement(self._address))

    def disconnect(self) -> None:
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close()
        self._socket = self._monitor = None
        self._connections.clear()

    def write(self, command: Command, now_s: float) -> Command:
        if self._socket is None:
            raise RobotError(f'{self._address} is not open')
        self._last_command.update(command)
        parts = [repr(value).encode() for value in self._last_command.position.tolist()]
        try:
            self._socket.send_multipart(parts, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            raise RobotError(f'cannot send at {self._address}: {error.strerror}') from error
        return command

    def read(self, now_s: float) -> RobotState:
        """The last command, since the protocol has no way back; a fault if nobody can get it."""
        if self._socket is None:
            return self._last_command.state(now_s, enabled=False)
        self._count_connections()
        fault = '' if self._connections else f'nobody is connected to {self._address}'
        return self._last_command.state(now_s, enabled=True, fault=fault)

    def _count_connections(self) -> None:
        """Takes note of who has come and gone since the last call."""
        while self._monitor is not None and int(self._monitor.get(zmq.EVENTS)) & zmq.POLLIN:
            event = recv_monitor_message(self._monitor)
            descriptor = int(event['value'])
            if event['event'] == zmq.EVENT_ACCEPTED:
                self._connections.add(descriptor)
            else:
                self._connections.discard(descriptor)


def _announcement(address: str) -> str:
    """Log line about the machines that can connect to an address, and the remedy."""
    if address.startswith(('tcp://127.', 'tcp://localhost', 'ipc://', 'inproc://')):
        return (f'the robot can connect from this machine only, to {address}; from another one: '
                '--param hardware.address=tcp://ADDRESS_OF_THIS_MACHINE:6666')
    return (f'every machine that reaches {address} can read the commands: nothing of it is '
            'authenticated (docs/security.md)')


PLUGIN = AmecaZmq
