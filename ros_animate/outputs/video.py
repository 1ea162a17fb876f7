"""A video file that is encoded in a thread of its own."""
from __future__ import annotations

import pathlib
import queue
import threading
from collections.abc import Iterator
from types import TracebackType

from ros_animate.errors import UserError
from ros_animate.files import WriteError, atomic_path
from ros_animate.outputs.encoders import make_encoder
from ros_animate.outputs.panels import fit
from ros_animate.types import Image

MAX_SIDE = 1920
QUEUED_FRAMES = 4
_BOX_HEADER = 8


class VideoFile:
    """A video under construction, encoded in a thread; a context manager.

    The size is that of the first image (even, at most 1920 pixels a side); later ones are fitted
    into it. The file appears under its name, complete, when it is closed, also after an error. If
    it cannot be completed, because the disk is full, it appears with the frames that it holds.
    Without an image no file is written.
    """

    def __init__(self, path: pathlib.Path, fps: float) -> None:
        self._path = path
        self._fps = fps
        self._queue: queue.Queue[tuple[Image, float] | None] = queue.Queue(QUEUED_FRAMES)
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._size = (0, 0)
        self._stamp_s = -1.0 / fps

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def write(self, image: Image, stamp_s: float | None = None) -> None:
        """Appends an image.

        Args:
            image: (H, W, 3) uint8 RGB, which must not change afterwards.
            stamp_s: Time at which it is shown, later than that of the image before; None for one
                period of the nominal rate after that one.

        Raises:
            UserError: The disk is full or the folder has gone.
        """
        if self._thread is None:
            self._size = video_size(image)
            self._thread = threading.Thread(target=self._encode, name=self._path.name)
            self._thread.start()
        self._raise_error()
        self._stamp_s = self._stamp_s + 1.0 / self._fps if stamp_s is None else stamp_s
        self._queue.put((image, self._stamp_s))

    def close(self) -> None:
        """Finishes the file; may be called twice."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._thread.join()
        self._thread = None
        self._raise_error()

    def _raise_error(self) -> None:
        if isinstance(self._error, WriteError):
            raise self._error
        if self._error is not None:
            raise UserError(f'cannot write {self._path}: {self._error}') from self._error

    def _encode(self) -> None:
        images = self._queued_images()
        try:
            with atomic_path(self._path, keep_partial=True) as temporary:
                try:
                    with make_encoder(temporary, self._size, self._fps) as encoder:
                        for image, stamp_s in images:
                            encoder.write(fit(image, self._size), stamp_s)
                except Exception:
                    drop_torn_end(temporary)
                    raise
        except Exception as error:  # whatever it is, it is for the thread that calls `write`
            self._error = error
        # After an error `write` must not wait for room in the queue.
        for _ in images:
            pass

    def _queued_images(self) -> Iterator[tuple[Image, float]]:
        while (item := self._queue.get()) is not None:
            yield item


def drop_torn_end(path: pathlib.Path) -> None:
    """Cuts an .mp4 that could not be completed after its last whole fragment; empty without one."""
    if not path.exists():
        return
    with path.open('r+b') as file:
        size, start, end = path.stat().st_size, 0, 0
        kinds: set[bytes] = set()
        while start + _BOX_HEADER <= size:
            file.seek(start)
            length, kind = int.from_bytes(file.read(4), 'big'), file.read(4)
            if length < _BOX_HEADER or start + length > size:
                break
            start += length
            kinds.add(kind)
            # Frames are in `mdat`; a `moof` before it, or a `moov` anywhere, describes them.
            if kinds >= {b'moov', b'mdat'} and (kind == b'mdat' or start == size):
                end = start
        file.truncate(end)


def video_size(image: Image) -> tuple[int, int]:
    """(width, height), even and at most MAX_SIDE, nearest to those of the image."""
    height, width = image.shape[:2]
    scale = min(1.0, MAX_SIDE / max(width, height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))
