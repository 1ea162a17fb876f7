"""Frames of a live run on their way to a slower process, through files: bounded memory and disk."""
from __future__ import annotations

import io
import os
import pathlib
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.types import Array, Image

# Pictures are kept as they are while the spool is short, as JPEG when it grows.
RAW_BYTES, MAX_BYTES = 10 ** 9, 2 * 10 ** 9
QUALITY = 95
POLL_S = 0.02
_END = 'end'


@dataclass(frozen=True)
class LiveFrame:
    """What happened in the interval of one camera frame.

    Attributes:
        stamp_s: Of the frame.
        end_s: Stamp of the next one.
        driving: (H, W, 3) uint8 RGB, the camera's picture.
        animated: The animated portrait, None if there is no new one.
        sent_s: (K,) when commands were sent to the robot in the interval.
        positions: (K, N) these commands, in robot units.
    """

    stamp_s: float
    end_s: float
    driving: Image
    animated: Image | None
    sent_s: Array
    positions: Array


class SpoolWriter:
    """Puts frames into the spool; never waits for who takes them out.

    Args:
        folder: Made here.
        raw_bytes: Size of the spool from which on pictures are compressed.
        max_bytes: Size that it never exceeds.

    Attributes:
        lost: Frames that were given up because the spool was full.
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
        """Appends a frame, or counts it as lost."""
        self._forget_taken()
        data = _serialized(frame, compressed=self._bytes > self._raw_bytes)
        if self._bytes + len(data) > self._max_bytes:
            self.lost += 1
            return
        path = _path(self._folder, self._count)
        part = path.with_suffix('.part')
        part.write_bytes(data)
        os.replace(part, path)
        self._files.append((path, len(data)))
        self._bytes += len(data)
        self._count += 1

    def close(self) -> None:
        """No frame follows."""
        (self._folder / _END).touch()

    def _forget_taken(self) -> None:
        # They are taken in order.
        while self._files and not self._files[0][0].exists():
            self._bytes -= self._files.popleft()[1]


def read_spool(folder: pathlib.Path, stopped: Callable[[], bool]) -> Iterator[LiveFrame]:
    """Takes frames out as they come, until the writer has closed and all are taken.

    Args:
        folder: Of the SpoolWriter, perhaps not there yet.
        stopped: Asked while waiting and between frames; True ends the iteration.
    """
    count = 0
    while not stopped():
        path = _path(folder, count)
        # In this order: what the writer put in before it closed is seen.
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
    """Whether the writer has closed."""
    return (folder / _END).exists()


def spooled_bytes(folder: pathlib.Path) -> int:
    """Size of all frames in the spool; 0 if it is not there yet."""
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.glob('*.npz'))


def remove_spool(folder: pathlib.Path) -> None:
    """Deletes the spool and what is left in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _path(folder: pathlib.Path, index: int) -> pathlib.Path:
    return folder / f'{index:09d}.npz'


def _serialized(frame: LiveFrame, *, compressed: bool) -> memoryview:
    pictures = {'driving': frame.driving}
    if frame.animated is not None:
        pictures['animated'] = frame.animated
    if compressed:
        pictures = {name: _jpeg(image) for name, image in pictures.items()}
    buffer = io.BytesIO()
    np.savez(buffer, times=np.array([frame.stamp_s, frame.end_s]), sent_s=frame.sent_s,
             positions=frame.positions, **pictures)  # type: ignore[arg-type]
    return buffer.getbuffer()


def _read(path: pathlib.Path) -> LiveFrame:
    with np.load(path) as data:
        stamp_s, end_s = data['times']
        pictures = {name: _picture(data[name]) for name in ('driving', 'animated') if name in data}
        return LiveFrame(float(stamp_s), float(end_s), pictures['driving'],
                         pictures.get('animated'), data['sent_s'], data['positions'])


def _jpeg(image: Image) -> Image:
    """(bytes,) of a JPEG of (H, W, 3) uint8 RGB."""
    ok, data = cv2.imencode('.jpg', cv2.cvtColor(image, cv2.COLOR_RGB2BGR),
                            [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert ok, 'OpenCV writes JPEG for every uint8 picture'
    return data.ravel()


def _picture(data: Image) -> Image:
    """(H, W, 3) uint8 RGB of a picture as it is, or of a JPEG's bytes."""
    if data.ndim == 3:
        return data
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
