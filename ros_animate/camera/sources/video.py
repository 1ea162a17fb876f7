"""A video file, read through OpenCV."""
from __future__ import annotations

import logging
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

# Missing images below these are no sign of damage: containers count what an editor has cut off, or
# estimate the number from the duration, to which the sound belongs.
MISSING_SHARE, MISSING_S, ESTIMATED_MISSING_S = 0.02, 0.1, 1.0
MAX_PAUSE_S = 600.0  # recorders of a screen write a frame only where it changes


class Video(Source):
    """Every frame of a video file, turned upright, stamped with the container's time.

    A file that holds fewer frames than it claims is read as far as it goes, with a warning.

    Attributes:
        incomplete: True once it has turned out to hold fewer frames than it claims.
    """

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
        self._count = 0
        self._end_s = 0.0  # reported time of the newest frame
        self.incomplete = False

    def open(self) -> None:
        self.close()
        self._start()
        assert self._capture is not None
        self.fps = sane_fps(self._capture.get(cv2.CAP_PROP_FPS))
        count = self._claimed_count()
        self.frame_count = None if self.config.loop or count <= 0 else count
        self._stamps = Stamps(self.fps, MAX_PAUSE_S)

    def read(self) -> Frame | None:
        if self._capture is None:
            raise SourceError(f'{self.config.path} is not open')
        image = self._next_image()
        if image is None:
            self._report_missing()
        if image is None and self.config.loop:
            self._start()
            self._stamps.restart()
            image = self._next_image()
        if image is None:
            return None
        reported_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        self._count += 1
        self._end_s = reported_s
        return Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), self._stamps.next(reported_s))

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = self._first = None

    def _start(self) -> None:
        """Opens the file and decodes its first frame, to make sure that there is one."""
        self.close()
        path = self._checked_path()
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
            raise SourceError(f'{path} cannot be read as a video: it is damaged or incomplete, or '
                              'of a kind that FFmpeg does not know')
        self._capture, self._count, self._end_s = capture, 0, 0.0

    def _checked_path(self) -> pathlib.Path:
        """The file, which exists and can be read; raises SourceError."""
        path = pathlib.Path(self.config.path).expanduser()
        try:
            if not self.config.path or not path.is_file():
                raise SourceError(f'there is no video file {self.config.path!r}')
            with path.open('rb') as file:
                if not file.read(1):
                    raise SourceError(f'{path} is empty')
        except (OSError, ValueError) as error:
            raise SourceError(f'cannot read {path}: '
                              f'{getattr(error, "strerror", None) or error}') from error
        return path

    def _claimed_count(self) -> int:
        assert self._capture is not None
        return int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def _report_missing(self) -> None:
        """Warns, once, if the file has ended before the number of frames that it claims."""
        assert self._capture is not None
        claimed, fps = self._claimed_count(), self._capture.get(cv2.CAP_PROP_FPS)
        missing = claimed - self._count
        if self.incomplete or fps <= 0 or missing <= max(1, MISSING_SHARE * claimed):
            return
        missing_s = claimed / fps - self._end_s - 1.0 / self.fps
        if missing_s > (MISSING_S if self._is_counted() else ESTIMATED_MISSING_S):
            self.incomplete = True
            logging.getLogger(__name__).warning(
                '%s is incomplete: it holds %d of the %d images that it claims, %.1f s are missing '
                'at its end', self.config.path, self._count, claimed, missing_s)

    def _is_counted(self) -> bool:
        """True for a kind of file that stores the number of its frames (.mp4, .mov)."""
        with pathlib.Path(self.config.path).expanduser().open('rb') as file:
            return file.read(8)[4:] == b'ftyp'

    def _next_image(self) -> Image | None:
        """(H, W, 3) BGR, None at the end."""
        assert self._capture is not None
        if self._first is not None:
            image, self._first = self._first, None
            return image
        ok, image = self._capture.read()
        return np.asarray(image) if ok else None


PLUGIN = Video
