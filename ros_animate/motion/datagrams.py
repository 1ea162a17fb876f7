"""Sources of motion that receive UDP packets."""
from __future__ import annotations

import abc
import select
import socket
import time
from dataclasses import dataclass

from ros_animate.configuration import ConfigurationError, option
from ros_animate.errors import UserError
from ros_animate.face.streams.values import FaceValues, PacketError
from ros_animate.face.tracker_scale import ARKIT, LANDMARKER
from ros_animate.limits import NAME_LENGTH
from ros_animate.motion.base import MotionSource, Reading
from ros_animate.motion.drawn_face import face_motion
from ros_animate.motion.senders import SenderChoice

ANY = '0.0.0.0'
PACKET_BYTES = 65_536
# Packets that are read before the newest face is used; more of them wait in the socket.
MOST_AT_ONCE = 256
Sender = tuple[str, int]


@dataclass(frozen=True)
class StreamOptions:
    """Options of sources that listen to a network."""

    host: str = option(ANY, 'address of the interface to listen at; 0.0.0.0 for all')
    subject: str = option('', 'name of the sender to follow; empty: the first one')
    wait_s: float = option(1.0, 'how long a silent sender is waited for before another is followed',
                           low=0.0, high=60.0)
    tracker: str = option(ARKIT, 'tracker whose scale the blendshapes have',
                          choices=(ARKIT, LANDMARKER))

    def __post_init__(self) -> None:
        if len(self.subject) > NAME_LENGTH:
            raise ConfigurationError(f'subject: at most {NAME_LENGTH} characters')


class StreamSource(MotionSource):
    """A live source: the newest face of one sender, stamped on arrival.

    The clock of a phone is not ours: its stamps only tell which packet is older.
    """

    live = True

    def __init__(self, config: StreamOptions) -> None:
        super().__init__()
        self.config = config
        self._choice = SenderChoice(config.subject, config.wait_s)

    def read(self, timeout_s: float) -> Reading | None:
        deadline_s = time.monotonic() + timeout_s
        while True:
            left_s = deadline_s - time.monotonic()
            newest = None
            for data, sender in self._receive(max(left_s, 0.0)):
                newest = self._face(data, sender) or newest
            if newest is not None:
                return Reading(0.0, face_motion(newest, self.config.tracker, 0.0))
            if left_s <= 0.0:
                return None

    @abc.abstractmethod
    def _receive(self, timeout_s: float) -> list[tuple[bytes, Sender]]:
        """The packets that have come, the newest last; none after the timeout."""

    @abc.abstractmethod
    def _decode(self, data: bytes, sender: Sender) -> FaceValues | None:
        """The face that a packet completes; raises PacketError."""

    def _face(self, data: bytes, sender: Sender) -> FaceValues | None:
        """The face in a packet, None (and counted) if it is not to be followed."""
        self.counts['packets'] += 1
        try:
            face = self._decode(data, sender)
        except PacketError:
            self.counts['malformed'] += 1
            return None
        if face is None:
            return None
        reason = self._choice.reason_to_drop(f'{sender[0]} {face.subject}', face.subject,
                                             face.time_s, time.monotonic())
        if reason:
            self.counts[reason] += 1
            return None
        return face


class DatagramSource(StreamSource):
    """A stream source over UDP.

    Args:
        config: Its options.
        port: Port to listen at; 0 for a free one.

    Attributes:
        port: The port; after `open` the one that was taken.
    """

    def __init__(self, config: StreamOptions, port: int) -> None:
        super().__init__(config)
        self.port = port
        self._socket: socket.socket | None = None

    def open(self) -> None:
        self.close()
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind((self.config.host, self.port))
        except (OSError, UnicodeError) as error:
            udp.close()
            raise UserError(
                f'cannot listen at UDP {self.config.host}:{self.port}: '
                f'{getattr(error, "strerror", None) or error}; end the program that has the port, '
                'or name another one') from error
        udp.setblocking(False)
        self.port = udp.getsockname()[1]
        self._socket = udp

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _receive(self, timeout_s: float) -> list[tuple[bytes, Sender]]:
        assert self._socket is not None
        select.select([self._socket], [], [], timeout_s)
        packets: list[tuple[bytes, Sender]] = []
        while len(packets) < MOST_AT_ONCE:
            try:
                packets.append(self._socket.recvfrom(PACKET_BYTES))
            except BlockingIOError:
                break
            except OSError:  # what an earlier packet of ours met at its destination
                continue
        return packets
