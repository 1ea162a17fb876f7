"""Tar files of clips in the layout of WebDataset, written by members and read by offsets.

The members of a clip follow each other: `KEY.json`, `KEY.npz`, and the frames `KEY.000.jpg`, …. The
first one holds the sizes of the frames, so that any frame is found without a look at the others.
"""
from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ros_animate.documents import DocumentError, parse_json
from ros_animate.errors import shown
from ros_animate.limits import IMAGE_BYTES, JSON_BYTES
from ros_animate.remote_files import RemoteFile

# The bytes from an offset on, as many as asked for, or fewer at the end.
ReadAt = Callable[[int, int], bytes]
END = bytes(2 * tarfile.BLOCKSIZE)  # of a tar file
FRAME_BYTES = 'frame_bytes'


def clip_bytes(key: str, entry: Mapping[str, Any], arrays: Mapping[str, np.ndarray],
               frames: Sequence[bytes]) -> bytes:
    """The members of a clip; the same bytes for the same clip.

    Args:
        key: Its name.
        entry: Object of `KEY.json`, to which the sizes of the frames are added.
        arrays: Arrays of `KEY.npz`.
        frames: Content of the JPEG files.
    """
    text = json.dumps({**entry, FRAME_BYTES: [len(frame) for frame in frames]})
    npz = io.BytesIO()
    np.savez(npz, **arrays)  # type: ignore[arg-type]
    digits = max(3, len(str(len(frames) - 1)))
    members = [('json', text.encode()), ('npz', npz.getvalue()),
               *((f'{number:0{digits}d}.jpg', frame) for number, frame in enumerate(frames))]
    return b''.join(_member(f'{key}.{suffix}', content) for suffix, content in members)


def _member(name: str, content: bytes) -> bytes:
    """A tar member without owner and time."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def padded(size: int) -> int:
    """Bytes of a member with its header."""
    return tarfile.BLOCKSIZE + size + -size % tarfile.BLOCKSIZE


@contextlib.contextmanager
def open_shard(place: pathlib.Path | RemoteFile) -> Iterator[ReadAt]:
    """A shard on a disk or at an address, for any number of threads; raises OSError."""
    if isinstance(place, RemoteFile):
        yield place.read
        return
    with open(place, 'rb') as file:
        # Positioned reads leave the file's own position alone.
        yield lambda offset, size: os.pread(file.fileno(), size, offset)


class ClipIndex:
    """Places of a clip's members in its shard.

    Args:
        read: Reads the shard, as `open_shard` opens it.
        offset: Where the clip begins in it.
        key: Name of the clip that must begin there; '' for any.

    Attributes:
        entry: Object of `KEY.json`.

    Raises:
        DocumentError: There is no such clip.
    """

    def __init__(self, read: ReadAt, offset: int, key: str = '') -> None:
        self._read_at = read
        header = self._header(offset)
        if not header.name.endswith('.json') or header.size > JSON_BYTES:
            raise DocumentError(f'no clip begins at byte {offset}')
        if key and header.name != f'{key}.json':
            raise DocumentError(f'at byte {offset} begins {shown(header.name)}, so it is not the '
                                'shard of this index')
        content = self._read(offset + tarfile.BLOCKSIZE, header.size)
        try:
            entry = parse_json(content.decode())
        except UnicodeDecodeError as error:
            raise DocumentError(f'no clip begins at byte {offset}') from error
        sizes = entry.get(FRAME_BYTES) if isinstance(entry, dict) else None
        if not isinstance(sizes, list) or not sizes or not all(
                isinstance(size, int) and 0 < size <= IMAGE_BYTES for size in sizes):
            raise DocumentError(f'the clip at byte {offset} has no list {FRAME_BYTES}')
        self.entry: dict[str, Any] = entry
        self._arrays = offset + padded(header.size)
        first = self._arrays + padded(self._header(self._arrays).size)
        self._places = first + np.cumsum([0, *map(padded, sizes)]) + tarfile.BLOCKSIZE
        self._sizes = sizes

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._sizes)

    def frame(self, number: int) -> bytes:
        """Content of the JPEG file of a frame; raises DocumentError."""
        return self._read(int(self._places[number]), self._sizes[number])

    def arrays(self) -> bytes:
        """Content of `KEY.npz`; raises DocumentError."""
        header = self._header(self._arrays)
        return self._read(self._arrays + tarfile.BLOCKSIZE, header.size)

    def _header(self, offset: int) -> tarfile.TarInfo:
        content = self._read(offset, tarfile.BLOCKSIZE)
        try:
            return tarfile.TarInfo.frombuf(content, 'utf-8', 'strict')
        except (tarfile.TarError, ValueError) as error:
            raise DocumentError(f'no tar member at byte {offset}') from error

    def _read(self, offset: int, size: int) -> bytes:
        content = self._read_at(offset, size)
        if len(content) < size:
            raise DocumentError(f'the shard ends before byte {offset + size}')
        return content
