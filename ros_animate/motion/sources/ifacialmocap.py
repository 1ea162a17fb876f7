"""The apps iFacialMocap and Facemotion3D on a phone, over UDP or TCP."""
from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.errors import UserError
from ros_animate.face.streams.ifacialmocap import APPS, parse
from ros_animate.face.streams.values import FaceValues
from ros_animate.motion.datagrams import DatagramSource, Sender, StreamOptions
from ros_animate.motion.tcp_frames import TcpFrames

START_PERIOD_S = 1.0  # between the texts that make a silent phone send


class IFacialMocap(DatagramSource):
    """Asks the phone to send, and again when it has been silent; takes what this phone sends."""

    @dataclass(frozen=True)
    class Config(StreamOptions):
        """Options of the source."""

        phone: str = option('', 'address of the phone; empty: takes what comes from anywhere')
        port: int = option(0, "UDP (or TCP) port; 0: the app's", low=0, high=65_535)
        app: str = option('ifacialmocap', 'app on the phone', choices=tuple(APPS))
        transport: str = option('udp', 'udp, or tcp: connects to the phone, or takes the '
                                       'connection that it makes', choices=('udp', 'tcp'))

    def __init__(self, config: Config) -> None:
        self._app = APPS[config.app]
        self._tcp: TcpFrames | None = None
        self._uses_tcp = config.transport == 'tcp'
        if self._uses_tcp and not self._app.tcp_port:
            raise UserError(f'{config.app} does not send over TCP: leave out transport=tcp')
        super().__init__(config, config.port or (
            self._app.tcp_port if self._uses_tcp else self._app.port))
        self.config: IFacialMocap.Config = config
        self._received_s = self._asked_s = float('-inf')

    @property
    def waits_for(self) -> str:  # type: ignore[override]
        phone = self.config.phone or 'any phone'
        return (f'no face has come from {phone} to {self.config.transport.upper()} port '
                f'{self.port}: open {self.config.app} on the phone, in the same network')

    def open(self) -> None:
        if not self._uses_tcp:
            super().open()
            return
        self.close()
        self._tcp = TcpFrames(self.config.host, self.config.phone, self.port)
        self.port = self._tcp.port

    def close(self) -> None:
        super().close()
        if self._tcp is not None:
            self._tcp.close()
        self._tcp = None

    def _receive(self, timeout_s: float) -> list[tuple[bytes, Sender]]:
        if self._tcp is not None:
            frames = self._tcp.receive(timeout_s)
            self.counts['malformed'] += self._tcp.take_dropped()
            return frames
        now_s = time.monotonic()
        if now_s - max(self._received_s, self._asked_s) > START_PERIOD_S:
            self._ask(now_s)
        return super()._receive(min(timeout_s, START_PERIOD_S))

    def _ask(self, now_s: float) -> None:
        """Sends the text that makes the phone send; it may be lost, or the phone away."""
        self._asked_s = now_s
        if self.config.phone and self._socket is not None:
            with contextlib.suppress(OSError, UnicodeError):
                self._socket.sendto(self._app.start, (self.config.phone, self._app.port))

    def _decode(self, data: bytes, sender: Sender) -> FaceValues | None:
        if self.config.phone not in ('', sender[0]) and _is_address(self.config.phone):
            self.counts['other_sender'] += 1
            return None
        face = parse(data)
        self._received_s = time.monotonic()
        return face


def _is_address(text: str) -> bool:
    """True for an address of IP version 4; a host's name is not compared with addresses."""
    return text.count('.') == 3 and text.replace('.', '').isdigit()


PLUGIN = IFacialMocap
