"""A video file, read through OpenCV."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.stamps import Stamps, sane_fps
from ros_animate.configuration import option
from ros_animate.files import plain_name
from ros_animate.limits import FRAME_PIXELS
from ros_animate.types import Frame, Image

MAX_PAUSE_S = 600.0  # recorders of a screen write a frame only where it changes


class Video(Source):
    """Every frame of a video file, turned upright, stamped with the container's time."""

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        path: str = option('', 'the video file')
        loop: bool = option(False, 'start over at the end; the stamps go on increasing')

    def __init__(self, config: Config) -> None:
        self.config = config
        self._capture: cv2.VideoCapture | None = None
        self._first: Image | None = None
        self._stamps = Stamps(self.fps, MAX_PAUSE_S)

    def open(self) -> None:
        self.close()
        self._start()
        assert self._capture is not None
        self.fps = sane_fps(self._capture.get(cv2.CAP_PROP_FPS))
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = None if self.config.loop or count <= 0 else count
        self._stamps = Stamps(self.fps, MAX_PAUSE_S)

    def read(self) -> Frame | None:
        if self._capture is None:
            raise SourceError(f'{self.config.path} is not open')
        image = self._next_image()
        if image is None and self.config.loop:
            self._start()
            self._stamps.restart()
            image = self._next_image()
        if image is None:
            return None
        reported_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        return Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), self._stamps.next(reported_s))

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = self._first = None

    def _start(self) -> None:
        """Opens the file and decodes its first frame, to make sure that there is one."""
        self.close()
        path = pathlib.Path(self.config.path).expanduser()
        if not self.config.path or not path.is_file():
            raise SourceError(f'there is no video file {self.config.path!r}')
        if path.stat().st_size == 0:
            raise SourceError(f'{path} is empty')
        with plain_name(path) as name:
            capture = cv2.VideoCapture(name)
        pixels = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if pixels > FRAME_PIXELS:
            capture.release()
            raise SourceError(f'the frames of {path} have {pixels / 1e6:.0f} million pixels, at '
                              f'most {FRAME_PIXELS / 1e6:.0f} million are read')
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        ok, self._first = capture.read()
        if not ok:
            capture.release()
            raise SourceError(f'{path} cannot be read as a video')
        self._capture = capture

    def _next_image(self) -> Image | None:
        """(H, W, 3) BGR, None at the end."""
        assert self._capture is not None
        if self._first is not None:
            image, self._first = self._first, None
            return image
        ok, image = self._capture.read()
        return np.asarray(image) if ok else None


PLUGIN = Video
