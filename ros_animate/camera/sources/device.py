"""A camera of this machine, read through OpenCV (Video4Linux2)."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass

import cv2

from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.stamps import Stamps, sane_fps
from ros_animate.configuration import ConfigurationError, option
from ros_animate.types import Frame

DEVICES = pathlib.Path('/dev')
NAMES = pathlib.Path('/sys/class/video4linux')


class Device(Source):
    """A USB or built-in camera; stamps are the driver's (time of exposure)."""

    live = True

    @dataclass(frozen=True)
    class Config:
        """Options of the source. The camera takes the nearest mode that it has."""

        device: str = option('0', 'number, or path such as /dev/video2 or /dev/v4l/by-id/…')
        width: int = option(640, 'pixels', low=16, high=7680)
        height: int = option(480, 'pixels', low=16, high=4320)
        fps: float = option(30.0, 'frames a second', low=1.0, high=240.0)
        fourcc: str = option('MJPG', 'pixel format; MJPG lets USB 2 carry 30 frames a second')

        def __post_init__(self) -> None:
            if len(self.fourcc) != 4:
                raise ConfigurationError(
                    f'fourcc has four characters, e.g. MJPG or YUYV, got {self.fourcc!r}')

        @property
        def path(self) -> pathlib.Path:
            """The device file."""
            return DEVICES / f'video{self.device}' if self.device.isdigit() \
                else pathlib.Path(self.device)

    def __init__(self, config: Config) -> None:
        self.config = config
        self.fps = config.fps
        self._capture: cv2.VideoCapture | None = None
        self._stamps = Stamps(self.fps)

    def open(self) -> None:
        self.close()
        path = self.config.path
        if not path.exists():
            raise SourceError(f'there is no camera {path}; {connected_cameras()}')
        capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise SourceError(f'cannot open camera {path} (in use by another program, no '
                              f'permission, or not a capture device); {connected_cameras()}')
        self._request_mode(capture)
        self._capture = capture
        self.fps = sane_fps(capture.get(cv2.CAP_PROP_FPS))
        self._stamps = Stamps(self.fps)

    def read(self) -> Frame | None:
        if self._capture is None:
            raise SourceError(f'camera {self.config.path} is not open')
        ok, image = self._capture.read()
        if not ok:
            self.close()
            raise SourceError(f'camera {self.config.path} gives no more images (unplugged?)')
        reported_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        return Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), self._stamps.next(reported_s))

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = None

    def _request_mode(self, capture: cv2.VideoCapture) -> None:
        # The pixel format first: the sizes and rates that the camera offers depend on it.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*self.config.fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.config.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.config.height)
        capture.set(cv2.CAP_PROP_FPS, self.config.fps)
        # One buffer, so that no old image waits in front of the newest.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def connected_cameras() -> str:
    """The connected cameras and how to select one, for error messages."""
    cameras = []
    for path in sorted(DEVICES.glob('video[0-9]*'), key=lambda p: int(p.name[5:])):
        name = NAMES / path.name / 'name'
        cameras.append(f'{path} ({name.read_text().strip()})' if name.exists() else str(path))
    if not cameras:
        return 'no camera is connected (--source demo needs none)'
    return f'cameras found: {", ".join(cameras)}; choose one with --source /dev/videoN'


PLUGIN = Device
