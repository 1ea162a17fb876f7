"""A queue of frames in files, from a live run to a slower process; memory and disk are bounded."""
from __future__ import annotations

import io
import pathlib
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ros_animate.files import write_atomically
from ros_animate.images import decode_image, encode_jpeg
from ros_animate.types import Array, Image

# Images are stored uncompressed while the spool is short, as JPEG when it grows.
RAW_BYTES, MAX_BYTES = 10 ** 9, 2 * 10 ** 9
QUALITY = 95
POLL_S = 0.02
_END = 'end'


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
        raw_bytes: Size of the spool above which images are compressed.
        max_bytes: Largest size of the spool.

    Attributes:
        lost: Number of frames that were dropped because the spool was full.
    """

    def __init__(self, folder: pathlib.Path, raw_bytes: int = RAW_BYTES,
                 max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._raw_bytes, self._max_bytes = folder, raw_bytes, max_bytes
        self._files: deque[tuple[pathlib.Path, int]] = deque()
        self._bytes = 0
        self._count = 0
        self.lost = 0
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, frame: LiveFrame) -> None:
        """Appends a frame, or counts it as lost if the spool is full."""
        self._forget_taken()
        data = _serialized(frame, compressed=self._bytes > self._raw_bytes)
        if self._bytes + len(data) > self._max_bytes:
            self.lost += 1
            return
        path = _path(self._folder, self._count)
        write_atomically(path, data)
        self._files.append((path, len(data)))
        self._bytes += len(data)
        self._count += 1

    def close(self) -> None:
        """Marks the end: no frame follows."""
        (self._folder / _END).touch()

    def _forget_taken(self) -> None:
        # The reader takes them in order.
        while self._files and not self._files[0][0].exists():
            self._bytes -= self._files.popleft()[1]


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


def has_ended(folder: pathlib.Path) -> bool:
    """True if the writer has closed."""
    return (folder / _END).exists()


def spooled_bytes(folder: pathlib.Path) -> int:
    """Size of all frames in the spool; 0 if the folder does not exist yet."""
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.glob('[0-9]*.npz'))


def remove_spool(folder: pathlib.Path) -> None:
    """Deletes the spool with the frames that are left in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _path(folder: pathlib.Path, index: int) -> pathlib.Path:
    return folder / f'{index:09d}.npz'


def _serialized(frame: LiveFrame, *, compressed: bool) -> bytes:
    images = {'driving': frame.driving}
    if frame.animated is not None:
        images['animated'] = frame.animated
    if compressed:
        images = {name: np.frombuffer(encode_jpeg(image, QUALITY), np.uint8)
                  for name, image in images.items()}
    buffer = io.BytesIO()
    np.savez(buffer, times=np.array([frame.stamp_s, frame.end_s]), sent_s=frame.sent_s,
             positions=frame.positions, **images)  # type: ignore[arg-type]
    return buffer.getvalue()


def _read(path: pathlib.Path) -> LiveFrame:
    with np.load(path) as data:
        stamp_s, end_s = data['times']
        images = {name: _image(data[name]) for name in ('driving', 'animated') if name in data}
        return LiveFrame(float(stamp_s), float(end_s), images['driving'],
                         images.get('animated'), data['sent_s'], data['positions'])


def _image(data: Image) -> Image:
    """(H, W, 3) uint8 RGB of an image that is stored as such, or as the bytes of a JPEG."""
    if data.ndim == 3:
        return data
    image = decode_image(data)
    assert image is not None, 'the writer encoded it'
    return image
