"""The robot's own eye: JPEG pictures published over ZeroMQ (Ameca: tcp://ROBOT:5000)."""
from __future__ import annotations

import contextlib
from dataclasses import dataclass

import cv2
import numpy as np
import zmq

from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.stamps import Stamps
from ros_animate.configuration import option
from ros_animate.types import Frame, Image

JPEG_START = b'\xff\xd8'
WAITING = 2


class ZmqMjpeg(Source):
    """Subscribes; the newest picture wins, a publisher that goes away is waited for.

    A message is one picture; of one with several parts, the first that is a JPEG. Frames are
    stamped by the nominal rate, also counting the pictures that were skipped.
    """

    live = True

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        address: str = option('tcp://localhost:5000', 'where the robot publishes')
        topic: str = option('', 'prefix of the messages that are subscribed to')
        fps: float = option(25.0, 'frames a second of the publisher', low=1.0, high=240.0)
        timeout_s: float = option(5.0, 'without a picture for this long the source has failed',
                                  low=0.1, high=600.0)

    def __init__(self, config: Config) -> None:
        self.config = config
        self.fps = config.fps
        self._socket: zmq.Socket | None = None
        self._stamps = Stamps(self.fps)
        self._received = 0

    def open(self) -> None:
        self.close()
        socket: zmq.Socket = zmq.Context.instance().socket(zmq.SUB)
        socket.set(zmq.RCVHWM, WAITING)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RECONNECT_IVL, 100)
        socket.set(zmq.RECONNECT_IVL_MAX, 2000)
        socket.set(zmq.SUBSCRIBE, self.config.topic.encode())
        try:
            socket.connect(self.config.address)
        except zmq.ZMQError as error:
            socket.close(0)
            raise SourceError(f'camera address {self.config.address!r}: {error.strerror}; expected '
                              'e.g. tcp://192.168.0.10:5000') from error
        self._socket = socket
        self._stamps = Stamps(self.fps)

    def read(self) -> Frame | None:
        if self._socket is None:
            raise SourceError(f'camera {self.config.address} is not open')
        image = None
        while image is None:
            if not self._socket.poll(round(1000 * self.config.timeout_s)):
                raise SourceError(f'no picture from {self.config.address} for '
                                  f'{self.config.timeout_s:g} s')
            image = _decode(self._newest())
        return Frame(image, self._stamps.next(self._received / self.fps))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close(0)
        self._socket = None

    def _newest(self) -> list[bytes]:
        assert self._socket is not None
        parts = self._socket.recv_multipart()
        self._received += 1
        with contextlib.suppress(zmq.Again):
            while True:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
                self._received += 1
        return parts


def _decode(parts: list[bytes]) -> Image | None:
    """The picture as (H, W, 3) RGB; None if there is none in the message."""
    for part in parts:
        if part.startswith(JPEG_START):
            image = cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR)
            if image is not None:
                return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    return None


PLUGIN = ZmqMjpeg
