"""The camera at this machine, with a stand-in for the driver."""
import cv2
import numpy as np
import pytest

from ros_animate.camera.base import SourceError
from ros_animate.camera.sources import device
from ros_animate.configuration import ConfigurationError
from ros_animate.plugins import load


class Camera:
    """Behaves as cv2.VideoCapture does on V4L2; `plugged` is the USB plug."""

    plugged = True
    clock_ms = 5_000_000.0

    def __init__(self, path, backend):
        assert backend == cv2.CAP_V4L2
        self.path = path
        self.asked = []

    def isOpened(self):  # noqa: N802 (the name in OpenCV)
        return Camera.plugged

    def set(self, key, value):
        self.asked.append((key, value))
        return True

    def get(self, key):
        return {cv2.CAP_PROP_FPS: 30.0, cv2.CAP_PROP_POS_MSEC: Camera.clock_ms}[key]

    def read(self):
        Camera.clock_ms += 33
        return (True, np.full((48, 64, 3), (1, 2, 3), np.uint8)) if self.plugged else (False, None)

    def release(self):
        pass


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with one camera, /dev/video2."""
    (tmp_path / 'dev').mkdir()
    (tmp_path / 'sys' / 'video2').mkdir(parents=True)
    (tmp_path / 'dev' / 'video2').touch()
    (tmp_path / 'sys' / 'video2' / 'name').write_text('Desk Cam\n')
    monkeypatch.setattr(device, 'DEVICES', tmp_path / 'dev')
    monkeypatch.setattr(device, 'NAMES', tmp_path / 'sys')
    monkeypatch.setattr(Camera, 'plugged', True)
    monkeypatch.setattr(cv2, 'VideoCapture', Camera)
    return tmp_path


def test_frames_are_rgb_and_stamped_by_the_driver(machine):
    with load('camera', 'device', {'device': '2'}) as camera:
        frames = [camera.read() for _ in range(3)]
    assert tuple(frames[0].image[0, 0]) == (3, 2, 1)
    assert [f.stamp_s for f in frames] == pytest.approx([0, 0.033, 0.066])


def test_the_pixel_format_is_asked_for_before_size_and_rate(machine):
    camera = load('camera', 'device', {'device': '2', 'width': 1280, 'height': 720, 'fps': 60})
    camera.open()
    keys = [key for key, _ in camera._capture.asked]
    assert keys[0] == cv2.CAP_PROP_FOURCC
    assert dict(camera._capture.asked)[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    assert dict(camera._capture.asked)[cv2.CAP_PROP_FPS] == 60


def test_unplugged_is_an_error_and_it_can_be_opened_again(machine):
    camera = load('camera', 'device', {'device': '2'})
    camera.open()
    camera.read()
    Camera.plugged = False
    with pytest.raises(SourceError, match='video2.*unplugged'):
        camera.read()
    with pytest.raises(SourceError, match='cannot open'):
        camera.open()
    Camera.plugged = True
    camera.open()
    assert camera.read() is not None


def test_a_wrong_device_lists_the_cameras_found(machine):
    with pytest.raises(SourceError, match=r'video0.*video2 \(Desk Cam\)'):
        load('camera', 'device', {'device': '0'}).open()


def test_no_camera_at_all(machine):
    (machine / 'dev' / 'video2').unlink()
    with pytest.raises(SourceError, match='no camera is connected.*demo'):
        load('camera', 'device').open()


def test_a_wrong_pixel_format_is_refused():
    with pytest.raises(ConfigurationError, match='JPEG-'):
        load('camera', 'device', {'fourcc': 'JPEG-'})
