"""The newest image of a camera, also after it has failed, and of a virtual robot."""
import threading
import time

import numpy as np
import pytest

from ros_animate.calibration import cameras
from ros_animate.calibration.cameras import SourceCamera, VirtualCamera
from ros_animate.camera.base import Source, SourceError
from ros_animate.hardware.pose_driver import SimulatedTime
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command, Frame


class Camera(Source):
    """A camera that gives some images, is unplugged, and is plugged in again."""

    live = True

    def __init__(self, images, fails_to_open=0):
        self.images, self.fails_to_open = images, fails_to_open
        self.opened, self.closed, self.read_all = 0, False, threading.Event()

    def open(self):
        self.opened += 1
        if self.opened > 1 and self.fails_to_open:
            self.fails_to_open -= 1
            raise SourceError('it is not there')

    def read(self):
        if not self.images:
            self.read_all.set()
            time.sleep(0.01)
            raise SourceError('unplugged')
        level = self.images.pop(0)
        if level is None:
            raise SourceError('unplugged')
        return Frame(np.full((4, 4, 3), level, np.uint8), 0.0)

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(cameras, 'FIRST_RETRY_S', 0.001)
    monkeypatch.setattr(cameras, 'LAST_RETRY_S', 0.002)


def test_the_newest_image_counts():
    camera = Camera([1, 2, 3])
    with SourceCamera(camera) as newest:
        assert camera.read_all.wait(10)
        number, image = newest.newest()
    assert number == 3 and image.max() == 3 and camera.closed
    assert newest.trouble == 'unplugged'


def test_a_camera_that_fails_is_opened_again():
    camera = Camera([1, None, 2], fails_to_open=3)
    with SourceCamera(camera) as newest:
        assert camera.read_all.wait(10)
        assert newest.newest()[0] == 2
    assert camera.opened >= 2


def test_a_camera_that_cannot_be_opened_at_first_is_an_error():
    camera = Camera([], fails_to_open=1)
    camera.opened = 1
    with pytest.raises(SourceError, match='not there'), SourceCamera(camera):
        pass


def test_the_virtual_camera_sees_where_the_robot_is():
    spec = load_spec('servo_head')
    robot, times = load('hardware', 'mock', {'size': 64}, spec), SimulatedTime()
    with VirtualCamera(robot, times) as camera:
        before = camera.newest()
        times.sleep(0.5)
        assert camera.newest()[0] == before[0] + 15 and camera.newest()[1] is before[1]
        robot.write(Command(spec.names, spec.high, 0 * spec.high, 0 * spec.high, 0.5), 0.5)
        times.sleep(0.5)
        assert not np.array_equal(camera.newest()[1], before[1])
