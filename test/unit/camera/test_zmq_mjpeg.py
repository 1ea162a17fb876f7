"""The robot's eye camera: a real ZeroMQ publisher of JPEG images."""
import itertools
import struct
import threading
import time

import cv2
import numpy as np
import pytest
import zmq

from ros_animate.camera.base import SourceError
from ros_animate.camera.sources import zmq_mjpeg
from ros_animate.plugins import load

SIZE = (72, 96)


class Publisher:
    """Publishes images whose brightness is their number, until it is stopped."""

    def __init__(self, address, pack=lambda jpeg: [jpeg], period_s=0.01):
        self._address, self._pack, self._period_s = address, pack, period_s
        self._stop = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        with zmq.Context.instance().socket(zmq.PUB) as socket:
            socket.set(zmq.LINGER, 0)
            socket.bind(self._address)
            while not self._stop.wait(self._period_s):
                self.sent += 1
                jpeg = cv2.imencode('.jpg', np.full((*SIZE, 3), self.sent % 250, np.uint8))[1]
                socket.send_multipart(self._pack(jpeg.tobytes()))


@pytest.fixture
def address(tmp_path):
    return f'ipc://{tmp_path}/eye'


@pytest.fixture
def publish(address):
    publishers = []

    def publisher(*arguments, **options):
        publishers.append(Publisher(address, *arguments, **options))
        return publishers[-1]
    yield publisher
    for one in publishers:
        one.stop()


def source(address, **options):
    return load('camera', 'zmq_mjpeg', {'address': address, 'timeout_s': 5.0, **options})


def test_images_arrive_with_increasing_stamps(address, publish):
    publish()
    with source(address) as eye:
        frames = [eye.read() for _ in range(5)]
    assert eye.live
    assert all(frame.image.shape == (*SIZE, 3) for frame in frames)
    stamps = [frame.stamp_s for frame in frames]
    assert stamps[0] == 0.0
    assert all(b > a for a, b in zip(stamps, stamps[1:], strict=False))


def test_the_newest_image_wins(address, publish):
    publisher = publish(period_s=0.002)
    with source(address) as eye:
        first = eye.read()
        seen = publisher.sent
        while publisher.sent < seen + 20:  # a slow reader
            time.sleep(0.002)
        second = eye.read()
    assert (int(second.image.mean()) - int(first.image.mean())) % 250 >= 10


def test_colours_are_red_green_blue(address, publish):
    blue_green_red = np.zeros((16, 16, 3), np.uint8)
    blue_green_red[..., 2] = 255
    red = cv2.imencode('.jpg', blue_green_red)[1].tobytes()
    publish(lambda _: [red])
    with source(address) as eye:
        assert eye.read().image[8, 8, 0] > 200


@pytest.mark.parametrize('pack', [lambda jpeg: [b'eye', b'{"n": 1}', jpeg],
                                  lambda jpeg: [jpeg, b'12.5']])
def test_messages_may_have_parts_beside_the_image(address, publish, pack):
    publish(pack)
    with source(address) as eye:
        assert eye.read().image.shape == (*SIZE, 3)


def test_what_is_no_image_is_passed_over(address, publish):
    turn = iter(range(10 ** 6))
    publish(lambda jpeg: [[b'not an image'], [jpeg[:40]], [jpeg], [b'']][next(turn) % 4])
    with source(address) as eye:
        assert all(eye.read().image.shape == (*SIZE, 3) for _ in range(3))


def test_a_publisher_that_comes_back_is_seen_again(address, publish):
    first = publish()
    with source(address) as eye:
        eye.read()
        first.stop()
        publish()
        assert eye.read() is not None


def test_silence_is_an_error_and_the_source_may_be_opened_again(address, publish):
    eye = source(address, timeout_s=0.2)
    eye.open()
    with pytest.raises(SourceError, match='no image from'):
        eye.read()
    publish()
    eye.open()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert eye.read().image.shape == (*SIZE, 3)
            break
        except SourceError:
            continue
    else:
        raise AssertionError('no image after the publisher came')
    eye.close()
    eye.close()


def test_a_wrong_address_is_a_clear_error():
    with pytest.raises(SourceError, match='nonsense'):
        source('nonsense').open()


def test_reading_before_opening_is_a_clear_error(address):
    with pytest.raises(SourceError, match='not open'):
        source(address).read()


def _claiming(jpeg, width=65000, height=65000):
    """The JPEG with another size in its header."""
    at = jpeg.index(b'\xff\xc0')
    return jpeg[:at + 5] + struct.pack('>HH', height, width) + jpeg[at + 9:]


def test_an_image_that_claims_to_be_huge_is_passed_over(address, publish):
    turns = itertools.count()
    publish(lambda jpeg: [_claiming(jpeg) if next(turns) % 3 else jpeg])
    with source(address) as camera:
        assert [camera.read().image.shape for _ in range(3)] == [(*SIZE, 3)] * 3


def test_images_that_are_all_huge_are_named_in_time(address, publish):
    publish(lambda jpeg: [_claiming(jpeg)])
    start_s = time.monotonic()
    with (source(address, timeout_s=1.0) as camera,
          pytest.raises(SourceError, match='65000 x 65000 pixels is too large')):
        camera.read()
    assert time.monotonic() - start_s < 5.0


def test_a_message_that_is_too_long_is_not_taken(address, publish, monkeypatch):
    monkeypatch.setattr(zmq_mjpeg, 'ZMQ_IMAGE_BYTES', 10 ** 6)
    publish(lambda jpeg: [jpeg + bytes(2 * 10 ** 6)])
    with (source(address, timeout_s=1.0) as camera, pytest.raises(SourceError, match='no image')):
        camera.read()
