"""A camera in the network: RTSP, MJPEG over HTTP, HLS, or MPEG-TS over UDP, read through PyAV."""
from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.stamps import Stamps, sane_fps
from ros_animate.camera.stream_address import SCHEMES, shown_address
from ros_animate.configuration import ConfigurationError, option
from ros_animate.limits import FRAME_PIXELS
from ros_animate.optional_packages import require
from ros_animate.types import Frame, Image

# A playlist may name no file of this machine.
PROTOCOLS = 'http,https,tcp,tls,udp,rtp,rtsp,crypto,hls,httpproxy'
# HLS comes in pieces of seconds: frames that are further ahead than this wait for their time.
AHEAD_S = 0.25
MAX_AHEAD_S = 30.0


class Stream(Source):
    """Decodes in a thread and gives the newest image; nothing is queued.

    A stream that ends or falls silent is an error, after which the node opens it again, less and
    less often. Names and passwords are never shown; `$NAME` in the address is replaced by the
    variable of the environment, so that they need not be in a parameter either.
    """

    live = True

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        url: str = option('', 'address: rtsp://, http:// (MJPEG or HLS), https:// or udp://')
        timeout_s: float = option(5.0, 'time without an image after which the source has failed',
                                  low=0.1, high=600.0)
        rtsp_transport: str = option('tcp', 'transport of RTSP: tcp loses nothing, udp is a little '
                                            'faster', choices=('tcp', 'udp'))

        def __post_init__(self) -> None:
            if self.url and not self.url.startswith(SCHEMES):
                raise ConfigurationError(f'url: {shown_address(self.url)!r}: expected one of '
                                         f'{", ".join(SCHEMES)}')

    def __init__(self, config: Config) -> None:
        self.config = config
        self._decoder: _Decoder | None = None
        self._stamps = Stamps(self.fps)

    def open(self) -> None:
        self.close()
        if not self.config.url:
            raise SourceError('which stream? --source rtsp://CAMERA/stream')
        decoder = _Decoder(self.config)
        self._decoder = decoder
        self.fps = decoder.fps
        self._stamps = Stamps(self.fps)

    def read(self) -> Frame | None:
        name = shown_address(self.config.url)
        if self._decoder is None:
            raise SourceError(f'the stream {name} is not open')
        newest = self._decoder.newest(self.config.timeout_s)
        if newest is None:
            reason = self._decoder.failure or f'no image for {self.config.timeout_s:g} s'
            self.close()
            raise SourceError(f'the stream {name} has failed: {reason}')
        image, time_s = newest
        return Frame(image, self._stamps.next(time_s))

    def close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
        self._decoder = None


class _Decoder:
    """A thread that decodes everything and keeps the newest image.

    Args:
        config: Options of the source.

    Attributes:
        fps: Nominal frames a second.
        failure: Why the stream has ended, '' while it runs.

    Raises:
        SourceError: The stream cannot be opened.
    """

    def __init__(self, config: Stream.Config) -> None:
        self.failure = ''
        self._changed = threading.Condition()
        self._newest: tuple[Image, float] | None = None
        self._closing = False
        self._container = _open(config)
        stream = next(iter(self._container.streams.video), None)
        if stream is None:
            self._container.close()
            raise SourceError(f'the stream {shown_address(config.url)} has no images')
        stream.thread_type = 'SLICE'  # threads by frame would delay by as many frames
        self.fps = sane_fps(float(stream.average_rate or 0.0))
        self._stream = stream
        self._is_paced = 'hls' in self._container.format.name
        self._thread = threading.Thread(target=self._work, name='stream', daemon=True)
        self._thread.start()

    def newest(self, timeout_s: float) -> tuple[Image, float] | None:
        """The newest image that was not returned yet, and its time; None if none comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self.failure, timeout_s)
            newest, self._newest = self._newest, None
            return newest

    def close(self) -> None:
        """Ends the thread, which closes the stream; a read that hangs ends by its timeout."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(1.0)

    def _work(self) -> None:
        failure = 'it has ended'
        try:
            self._decode()
        except SourceError as error:
            failure = str(error)
        except Exception as error:  # whatever FFmpeg makes of a damaged stream
            failure = _reason(error)
        with contextlib.suppress(Exception):
            self._container.close()
        with self._changed:
            self.failure = failure
            self._changed.notify_all()

    def _decode(self) -> None:
        start_s: float | None = None
        for packet in self._container.demux(self._stream):
            for frame in _frames(packet):
                if frame.width * frame.height > FRAME_PIXELS:
                    raise SourceError(f'images of {frame.width}x{frame.height} pixels, at most '
                                      f'{FRAME_PIXELS / 1e6:.0f} million are read')
                time_s = math.nan if frame.time is None else float(frame.time)
                if self._is_paced:
                    start_s = self._wait_until_due(start_s, time_s)
                image = frame.to_ndarray(format='rgb24')
                with self._changed:
                    self._newest = image, time_s
                    self._changed.notify_all()
            if self._closing:
                return

    def _wait_until_due(self, start_s: float | None, time_s: float) -> float | None:
        """Waits until an image is to be shown; returns the time of the stream's beginning."""
        now_s = time.monotonic()
        if start_s is None or not 0.0 <= start_s + time_s - now_s + MAX_AHEAD_S <= 2 * MAX_AHEAD_S:
            return now_s - time_s if math.isfinite(time_s) else start_s
        with self._changed:
            self._changed.wait_for(lambda: self._closing,
                                   max(start_s + time_s - now_s - AHEAD_S, 0.0))
        return start_s


def _open(config: Stream.Config) -> Any:
    """The open container; raises SourceError."""
    require('av')
    import av
    url = os.path.expandvars(config.url)
    options = {'fflags': 'nobuffer', 'flags': 'low_delay', 'rtsp_transport': config.rtsp_transport,
               'protocol_whitelist': PROTOCOLS}
    try:
        return av.open(url, options=options, timeout=(config.timeout_s, config.timeout_s))
    except Exception as error:
        raise SourceError(f'cannot open the stream {shown_address(config.url)}: '
                          f'{_reason(error)}; check address, name and password') from error


def _frames(packet: Any) -> list[Any]:
    """The images in a packet; a damaged one has none."""
    import av
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


def _reason(error: Exception) -> str:
    """FFmpeg's message without the address, which may hold a password."""
    return getattr(error, 'strerror', None) or type(error).__name__


PLUGIN = Stream
