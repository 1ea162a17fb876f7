"""The robot's own eye: JPEG pictures published over ZeroMQ (Ameca: tcp://ROBOT:5000)."""
from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np
import zmq

from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.stamps import Stamps
from ros_animate.configuration import option
from ros_animate.types import Frame, Image

JPEG_START = b'\xff\xd8'
POLL_MS = 50


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
        self._receiver: _Receiver | None = None
        self._stamps = Stamps(self.fps)

    def open(self) -> None:
        self.close()
        self._receiver = _Receiver(self.config.address, self.config.topic)
        self._stamps = Stamps(self.fps)

    def read(self) -> Frame | None:
        if self._receiver is None:
            raise SourceError(f'camera {self.config.address} is not open')
        while True:
            number, parts = self._receiver.newest(self.config.timeout_s)
            if not parts:
                raise SourceError(f'no picture from {self.config.address} for '
                                  f'{self.config.timeout_s:g} s')
            image = _decode(parts)
            if image is not None:
                return Frame(image, self._stamps.next(number / self.fps))

    def close(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
        self._receiver = None


class _Receiver:
    """A thread that takes all messages and keeps the newest.

    A full queue of ZeroMQ drops the newest, and conflation does not work with messages of several
    parts, so the queue must be emptied at any time.
    """

    def __init__(self, address: str, topic: str) -> None:
        self._news = threading.Condition()
        self._number, self._parts, self._given = 0, list[bytes](), 0
        self._closing = False
        self._socket: zmq.Socket = zmq.Context.instance().socket(zmq.SUB)
        for key, value in ((zmq.LINGER, 0), (zmq.RECONNECT_IVL, 100),
                           (zmq.RECONNECT_IVL_MAX, 2000), (zmq.SUBSCRIBE, topic.encode())):
            self._socket.set(key, value)
        try:
            self._socket.connect(address)
        except zmq.ZMQError as error:
            self._socket.close()
            raise SourceError(f'camera address {address!r}: {error.strerror}; expected '
                              'e.g. tcp://192.168.0.10:5000') from error
        self._thread = threading.Thread(target=self._receive, name='zmq_mjpeg', daemon=True)
        self._thread.start()

    def newest(self, timeout_s: float) -> tuple[int, list[bytes]]:
        """(number, parts) of the newest message not given yet; no parts if none comes in time."""
        with self._news:
            if not self._news.wait_for(lambda: self._number > self._given, timeout_s):
                return self._number, []
            self._given = self._number
            return self._number, self._parts

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while not self._closing:
            if self._socket.poll(POLL_MS):
                parts = self._socket.recv_multipart()
                with self._news:
                    self._number, self._parts = self._number + 1, parts
                    self._news.notify()


def _decode(parts: list[bytes]) -> Image | None:
    """The picture as (H, W, 3) RGB; None if there is none in the message."""
    for part in parts:
        if part.startswith(JPEG_START):
            image = cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR)
            if image is not None:
                return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    return None


PLUGIN = ZmqMjpeg
