"""Video encoders: H.264 where PyAV is installed, else MPEG-4 by OpenCV.

Measured on 512×512 faces, one core: H.264 (ultrafast, CRF 16) 2.1 ms and 42 dB a frame, MPEG-4
1.8 ms and 37 dB; browsers play only H.264.
"""
from __future__ import annotations

import abc
import contextlib
import os
import pathlib
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Any, ClassVar

import cv2

from ros_animate.types import Image

# The file is playable at any moment while it grows, and an ordinary one in the end. FFmpeg before
# 7.1 cannot do that.
GROWING = {'movflags': 'hybrid_fragmented+frag_every_frame'}
COMPLETE = {'movflags': 'faststart'}
TIME_BASE = Fraction(1, 90000)  # every usual rate has a whole number of these in a frame
_GROWS_SINCE = (61, 7)  # version of libavformat


class Encoder(contextlib.AbstractContextManager['Encoder']):
    """Writes images of one size; leaving the context finishes the file."""

    @abc.abstractmethod
    def write(self, image: Image, stamp_s: float) -> None:
        """Appends (height, width, 3) uint8 RGB, shown from `stamp_s` on; stamps increase."""


class H264(Encoder):
    """H.264 by PyAV."""

    OPTIONS: ClassVar[dict[str, str]] = {'preset': 'ultrafast', 'crf': '16'}

    def __init__(self, path: pathlib.Path, size: tuple[int, int], fps: float) -> None:
        import av
        av.logging.set_level(av.logging.PANIC)
        self._make_frame = av.VideoFrame.from_ndarray
        self._files = contextlib.ExitStack()
        self._container = self._files.enter_context(open_mp4(path))
        stream: Any = self._container.add_stream(
            'libx264', rate=Fraction(fps).limit_denominator(1001), options=self.OPTIONS)
        stream.width, stream.height = size
        stream.pix_fmt = 'yuv420p'
        context = stream.codec_context
        context.time_base = TIME_BASE
        # One thread a file: several files are written, and the stages need the cores.
        context.thread_count = 1
        # What cv2 converts to: BT.601, limited range.
        context.colorspace, context.color_range = 6, 1
        context.color_primaries, context.color_trc = 6, 6
        self._stream = stream
        self._last = -1

    def write(self, image: Image, stamp_s: float) -> None:
        # OpenCV's conversion takes a fifth of the time of FFmpeg's.
        planes = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
        frame = self._make_frame(planes, format='yuv420p')
        self._last = max(round(stamp_s / TIME_BASE), self._last + 1)
        frame.pts, frame.time_base = self._last, TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if error is None:
            with self._files:
                self._container.mux(self._stream.encode(None))
        else:  # the first error tells the reason; those that follow from it do not
            with contextlib.suppress(Exception):
                self._files.close()


class Mpeg4(Encoder):
    """MPEG-4 part 2 by OpenCV, which has one rate: images are repeated or left out to keep time."""

    def __init__(self, path: pathlib.Path, size: tuple[int, int], fps: float) -> None:
        self._path = os.path.abspath(path)
        try:
            self._path.encode()
        except UnicodeEncodeError as error:  # OpenCV would crash
            raise OSError('its name is not UTF-8, which needs PyAV (pip install av)') from error
        self._fps, self._count = fps, 0
        self._last: Image | None = None
        self._writer = cv2.VideoWriter(self._path, cv2.CAP_FFMPEG,
                                       cv2.VideoWriter_fourcc(*'mp4v'), fps, size)
        if not self._writer.isOpened():
            raise OSError('OpenCV cannot write MPEG-4 here')

    def write(self, image: Image, stamp_s: float) -> None:
        due = round(stamp_s * self._fps)
        while self._last is not None and self._count < due:
            self._append(self._last)
        if self._count <= due:
            self._append(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))

    def _append(self, image: Image) -> None:
        self._writer.write(image)
        self._last = image
        self._count += 1

    def __exit__(self, *_: object) -> None:
        self._writer.release()
        # OpenCV does not tell that the disk is full.
        if not cv2.VideoCapture(self._path).isOpened():
            raise OSError('OpenCV could not complete the video; is the disk full?')


@contextlib.contextmanager
def open_mp4(path: pathlib.Path, *, growing: bool = True) -> Iterator[Any]:
    """A container of PyAV that writes an .mp4 of any name.

    Args:
        path: The file.
        growing: True if it shall be playable at any moment; then every track begins at 0.
    """
    import av
    if av.library_versions['libavformat'] < _GROWS_SINCE:
        with av.open(os.path.abspath(path), 'w', format='mp4', options=COMPLETE) as container:
            yield container
        return
    # FFmpeg does not open every name (12:30.mp4) and hides the reason of an error.
    with (path.open('wb') as file,
          av.open(file, 'w', format='mp4', options=GROWING if growing else {}) as container):
        yield container


def has_h264() -> bool:
    """True if PyAV is installed and has an H.264 encoder."""
    try:
        import av
    except ImportError:
        return False
    return 'libx264' in av.codecs_available


def make_encoder(path: pathlib.Path, size: tuple[int, int], fps: float) -> Encoder:
    """The best encoder that is installed."""
    return (H264 if has_h264() else Mpeg4)(path, size, fps)
