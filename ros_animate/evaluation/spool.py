"""Frames of a live run on their way to a slower process, through files: bounded memory and disk."""
from __future__ import annotations

import io
import os
import pathlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.types import Array, Image

QUALITY = 95
MAX_BYTES = 2 * 10 ** 9
POLL_S = 0.02
_END = 'end'


@dataclass(frozen=True)
class LiveFrame:
    """What happened in the interval of one camera frame.

    Attributes:
        stamp_s: Of the frame.
        end_s: Stamp of the next one.
        driving: JPEG of the camera's picture.
        animated: JPEG of the animated portrait, empty if there is no new one.
        sent_s: (K,) when commands were sent to the robot in the interval.
        positions: (K, N) these commands, in robot units.
    """

    stamp_s: float
    end_s: float
    driving: bytes
    animated: bytes
    sent_s: Array
    positions: Array


def compress(image: Image) -> bytes:
    """JPEG of (H, W, 3) uint8 RGB."""
    parameters = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    ok, data = cv2.imencode('.jpg', cv2.cvtColor(image, cv2.COLOR_RGB2BGR), parameters)
    assert ok, 'OpenCV writes JPEG for every uint8 picture'
    return data.tobytes()


def decompress(data: bytes) -> Image:
    """(H, W, 3) uint8 RGB of what `compress` made."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR),
                        cv2.COLOR_BGR2RGB)


class SpoolWriter:
    """Puts frames into the spool; never waits for who takes them out.

    Attributes:
        lost: Frames that were given up because the spool was full.
    """

    def __init__(self, folder: pathlib.Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._sizes: dict[pathlib.Path, int] = {}
        self._bytes = 0
        self._count = 0
        self.lost = 0
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, frame: LiveFrame) -> None:
        """Appends a frame, or counts it as lost."""
        buffer = io.BytesIO()
        np.savez(buffer, times=np.array([frame.stamp_s, frame.end_s]), sent_s=frame.sent_s,
                 positions=frame.positions, driving=np.frombuffer(frame.driving, np.uint8),
                 animated=np.frombuffer(frame.animated, np.uint8))
        data = buffer.getbuffer()
        if not self._has_room(len(data)):
            self.lost += 1
            return
        path = _path(self._folder, self._count)
        part = path.with_suffix('.part')
        part.write_bytes(data)
        os.replace(part, path)
        self._sizes[path] = len(data)
        self._bytes += len(data)
        self._count += 1

    def close(self) -> None:
        """No frame follows."""
        (self._folder / _END).touch()

    def _has_room(self, size: int) -> bool:
        if self._bytes + size > self._max_bytes:
            gone = [path for path in self._sizes if not path.exists()]
            self._bytes -= sum(self._sizes.pop(path) for path in gone)
        return self._bytes + size <= self._max_bytes


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
        ended = (folder / _END).exists()
        if path.exists():
            yield _read(path)
            path.unlink()
            count += 1
        elif ended:
            return
        else:
            time.sleep(POLL_S)


def remove_spool(folder: pathlib.Path) -> None:
    """Deletes the spool and what is left in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _path(folder: pathlib.Path, index: int) -> pathlib.Path:
    return folder / f'{index:09d}.npz'


def _read(path: pathlib.Path) -> LiveFrame:
    with np.load(path) as data:
        stamp_s, end_s = data['times']
        return LiveFrame(float(stamp_s), float(end_s), data['driving'].tobytes(),
                         data['animated'].tobytes(), data['sent_s'], data['positions'])
