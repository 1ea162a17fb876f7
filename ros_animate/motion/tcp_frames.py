"""Frames of iFacialMocap over TCP: a connection that we make, or that the phone makes."""
from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time

from ros_animate.backoff import Backoff
from ros_animate.errors import UserError
from ros_animate.face.streams.ifacialmocap import FrameSplitter

CHUNK_BYTES = 65_536
MOST_CONNECTIONS = 4
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0


class TcpFrames:
    """Receives frames; connects again, less and less often, while there is no connection.

    Args:
        host: Address of the interface to listen at.
        phone: Address of the phone, '' to wait for its connection only.
        port: Port of both.

    Raises:
        UserError: The port cannot be listened at, and there is no phone to connect to.
    """

    def __init__(self, host: str, phone: str, port: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._splitters: dict[socket.socket, tuple[FrameSplitter, tuple[str, int]]] = {}
        self._phone, self._dropped = phone, 0
        self._backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self._connecting: socket.socket | None = None
        self._server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = port
        try:
            self._server.bind((host, port))
            self._server.listen(MOST_CONNECTIONS)
            self._server.setblocking(False)
            self.port = self._server.getsockname()[1]
            self._selector.register(self._server, selectors.EVENT_READ)
        except (OSError, UnicodeError) as error:
            self._server.close()
            if not phone:
                raise UserError(f'cannot listen at TCP {host}:{port}: {error}; name another '
                                'port') from error

    def receive(self, timeout_s: float) -> list[tuple[bytes, tuple[str, int]]]:
        """(frame, sender) of the frames that have come; none after the timeout."""
        self._connect(time.monotonic())
        frames: list[tuple[bytes, tuple[str, int]]] = []
        for key, _ in self._selector.select(min(timeout_s, FIRST_RETRY_S)):
            peer = key.fileobj
            if peer is self._server:
                self._accept()
            elif peer is self._connecting:
                self._connected()
            elif isinstance(peer, socket.socket):
                frames += self._read(peer)
        return frames

    def take_dropped(self) -> int:
        """Number of parts that were too long to be frames, since the last call."""
        dropped = sum(splitter.dropped for splitter, _ in self._splitters.values())
        new, self._dropped = max(dropped - self._dropped, 0), dropped
        return new

    def close(self) -> None:
        """Closes all connections; may be called twice."""
        for peer in [*self._splitters, self._connecting, self._server]:
            if peer is not None:
                peer.close()
        self._splitters = {}
        self._selector.close()

    def _connect(self, now_s: float) -> None:
        """Begins a connection to the phone if there is none and one is due."""
        if not self._phone or self._splitters or self._connecting or (
                not self._backoff.is_due(now_s)):
            return
        self._backoff.note_failure(now_s)
        peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        peer.setblocking(False)
        try:
            status = peer.connect_ex((self._phone, self.port))
        except (OSError, UnicodeError):
            status = errno.EHOSTUNREACH
        if status not in (0, errno.EINPROGRESS):
            peer.close()
            return
        self._connecting = peer
        self._selector.register(peer, selectors.EVENT_WRITE)

    def _connected(self) -> None:
        """Keeps the connection that was begun, if it has come about."""
        peer, self._connecting = self._connecting, None
        assert peer is not None
        self._selector.unregister(peer)
        if peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            peer.close()
            return
        self._keep(peer, (self._phone, self.port))
        self._backoff.reset()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            peer, address = self._server.accept()
            if len(self._splitters) >= MOST_CONNECTIONS or self._phone not in ('', address[0]):
                peer.close()
                return
            self._keep(peer, address)

    def _keep(self, peer: socket.socket, address: tuple[str, int]) -> None:
        peer.setblocking(False)
        self._selector.register(peer, selectors.EVENT_READ)
        self._splitters[peer] = FrameSplitter(), address

    def _read(self, peer: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
        splitter, address = self._splitters[peer]
        try:
            data = peer.recv(CHUNK_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b''
        if not data:
            self._selector.unregister(peer)
            del self._splitters[peer]
            peer.close()
            return []
        return [(frame, address) for frame in splitter.feed(data)]
