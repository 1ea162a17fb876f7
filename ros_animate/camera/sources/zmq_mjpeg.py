"""The robot's own camera: JPEG images published over ZeroMQ (Ameca: tcp://ROBOT:5000)."""
from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import zmq

from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.stamps import Stamps
from ros_animate.configuration import option
from ros_animate.images import ImageSizeError, decode_image
from ros_animate.limits import ZMQ_IMAGE_BYTES
from ros_animate.types import Frame, Image

JPEG_START = b'\xff\xd8'
POLL_MS = 50


class ZmqMjpeg(Source):
    """Subscribes and gives the newest image; waits for a publisher that goes away.

    A message is one image: the first of its parts that is a JPEG. Parts of more than
    limits.ZMQ_IMAGE_BYTES are refused, and with them their sender. Frames are stamped by the
    nominal rate; skipped images count.
    """

    live = True

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        address: str = option('tcp://localhost:5000', 'ZeroMQ address where the robot publishes')
        topic: str = option('', 'prefix of the messages that are subscribed to')
        fps: float = option(25.0, 'frames a second of the publisher', low=1.0, high=240.0)
        timeout_s: float = option(5.0, 'time without an image after which the source has failed',
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
        deadline_s = time.monotonic() + self.config.timeout_s
        reason = ''
        while (left_s := deadline_s - time.monotonic()) > 0:
            number, parts = self._receiver.newest(left_s)
            try:
                image = _decode(parts)
            except ImageSizeError as error:
                image, reason = None, f' ({error})'
            if image is not None:
                return Frame(image, self._stamps.next(number / self.fps))
        raise SourceError(f'no image from {self.config.address} for {self.config.timeout_s:g} s'
                          f'{reason}')

    def close(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
        self._receiver = None


class _Receiver:
    """A thread that takes all messages and keeps the newest.

    A full queue of ZeroMQ drops the newest message, and conflation does not work with messages of
    several parts, so the queue must always be emptied.
    """

    def __init__(self, address: str, topic: str) -> None:
        self._arrived = threading.Condition()
        self._number, self._parts, self._returned = 0, list[bytes](), 0
        self._closing = False
        self._socket: zmq.Socket = zmq.Context.instance().socket(zmq.SUB)
        for key, value in ((zmq.LINGER, 0), (zmq.MAXMSGSIZE, ZMQ_IMAGE_BYTES),
                           (zmq.RECONNECT_IVL, 100), (zmq.RECONNECT_IVL_MAX, 2000),
                           (zmq.SUBSCRIBE, topic.encode())):
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
        """(number, parts) of the newest message not returned yet; no parts after a timeout."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._number > self._returned, timeout_s):
                return self._number, []
            self._returned = self._number
            return self._number, self._parts

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while not self._closing:
            if self._socket.poll(POLL_MS):
                parts = self._socket.recv_multipart()
                with self._arrived:
                    self._number, self._parts = self._number + 1, parts
                    self._arrived.notify()


def _decode(parts: list[bytes]) -> Image | None:
    """The image of a message as (H, W, 3) RGB, None if no part is a JPEG.

    Raises:
        ImageSizeError: The JPEG claims too many pixels.
    """
    for part in parts:
        if part.startswith(JPEG_START):
            image = decode_image(part)
            if image is not None:
                return image
    return None


PLUGIN = ZmqMjpeg
