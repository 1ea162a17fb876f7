"""A queue of frames in files, from a live run to a slower process; memory and disk are bounded.

The images are JPEGs of quality 95: for 640×480 and 512×512 pixels 0.1 MB a frame instead of 1.7 MB,
for one more millisecond.
"""
from __future__ import annotations

import io
import pathlib
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ros_animate.files import naming_write_errors, write_atomically
from ros_animate.images import decode_image, encode_jpeg
from ros_animate.types import Array, Image

NAME = '.part.spool'
MAX_BYTES = 10 ** 9  # five minutes of such images, if nothing is taken out
QUALITY = 95
POLL_S = 0.02
_END = 'end'
SUFFIX = '.npz'


@dataclass(frozen=True)
class LiveFrame:
    """A camera frame and the commands that were sent until the next one.

    Attributes:
        stamp_s: Stamp of the frame.
        end_s: Stamp of the next frame.
        driving: (H, W, 3) uint8 RGB, the camera's image.
        animated: The animated portrait, None if there is no new one.
        sent_s: (K,) times of the commands that were sent to the robot in the interval.
        positions: (K, N) these commands, in robot units.
    """

    stamp_s: float
    end_s: float
    driving: Image
    animated: Image | None
    sent_s: Array
    positions: Array


class SpoolWriter:
    """Puts frames into the spool; never waits for the reader.

    Args:
        folder: Folder of the spool, made here.
        max_bytes: Largest size of the spool.

    Attributes:
        lost: Number of frames that were dropped because the spool was full.
    """

    def __init__(self, folder: pathlib.Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._sizes: deque[int] = deque()  # of the frames that are not taken yet
        self._bytes = 0
        self._count = 0
        self.lost = 0
        with naming_write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, frame: LiveFrame) -> None:
        """Appends a frame, or counts it as lost if the spool is full.

        Raises:
            WriteError: The disk is full.
        """
        self._forget_taken()
        data = _serialized(frame)
        if self._bytes + len(data) > self._max_bytes:
            self.lost += 1
            return
        write_atomically(_path(self._folder, self._count), data)
        self._sizes.append(len(data))
        self._bytes += len(data)
        self._count += 1

    def close(self) -> None:
        """Marks the end: no frame follows. Raises WriteError."""
        end_spool(self._folder)

    def _forget_taken(self) -> None:
        # The reader takes them in order.
        while self._sizes and not _path(self._folder, self._count - len(self._sizes)).exists():
            self._bytes -= self._sizes.popleft()


def read_spool(folder: pathlib.Path, stopped: Callable[[], bool]) -> Iterator[LiveFrame]:
    """Takes frames out as they come, until the writer has closed and all are taken.

    Args:
        folder: Folder of the SpoolWriter; it need not exist yet.
        stopped: Called while waiting and between frames; True ends the iteration.
    """
    count = 0
    while not stopped():
        path = _path(folder, count)
        # The order matters: frames that were put in before the end mark must not be missed.
        ended = has_ended(folder)
        if path.exists():
            frame = _read(path)
            path.unlink()
            count += 1
            yield frame
        elif ended:
            return
        else:
            time.sleep(POLL_S)


def count_waiting(folder: pathlib.Path) -> int:
    """Number of frames that are in the spool."""
    return len(list(folder.glob(f'*{SUFFIX}')))


def has_ended(folder: pathlib.Path) -> bool:
    """True if the writer has closed."""
    return (folder / _END).exists()


def end_spool(folder: pathlib.Path) -> None:
    """Marks the end of a spool, whose writer may have died; raises WriteError."""
    with naming_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _END).touch()


def remove_spool(folder: pathlib.Path) -> None:
    """Deletes the spool with the frames that are left in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _path(folder: pathlib.Path, index: int) -> pathlib.Path:
    return folder / f'{index:09d}{SUFFIX}'


def _serialized(frame: LiveFrame) -> bytes:
    images = {'driving': frame.driving}
    if frame.animated is not None:
        images['animated'] = frame.animated
    buffer = io.BytesIO()
    np.savez(buffer, times=np.array([frame.stamp_s, frame.end_s]), sent_s=frame.sent_s,
             positions=frame.positions, **{  # type: ignore[arg-type]
                 name: np.frombuffer(encode_jpeg(image, QUALITY), np.uint8)
                 for name, image in images.items()})
    return buffer.getvalue()


def _read(path: pathlib.Path) -> LiveFrame:
    with np.load(path) as data:
        stamp_s, end_s = data['times']
        images = {name: decode_image(data[name]) for name in ('driving', 'animated')
                  if name in data}
        driving = images['driving']
        assert driving is not None, 'the writer encoded it'
        return LiveFrame(float(stamp_s), float(end_s), driving, images.get('animated'),
                         data['sent_s'], data['positions'])
