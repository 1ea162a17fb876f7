"""Opens the files of a bag, also of one whose recording was cut off.

A recorder that is killed leaves no metadata.yaml, an MCAP file without its index, or a database
whose newest messages are in a journal beside it. Such files are read as far as they go; nothing is
written into the bag.
"""
from __future__ import annotations

import contextlib
import io
import pathlib
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from typing import Any

from rosbags.rosbag2 import Reader
from rosbags.rosbag2.storage_mcap import McapReader

from ros_animate.limits import BAG_CHUNK_BYTES
from ros_animate.nodes.bag_chunks import bound_decompression

SUFFIXES = ('.mcap', '.db3')
JOURNALS = ('-wal', '-journal')
_MAGIC = b'\x89MCAP0\r\n'
_CHUNK, _FOOTER, _DATA_END = 0x06, 0x02, 0x0F
_HEADER = struct.Struct('<BQ')  # of a record: kind and length
_CHUNK_HEADER = struct.Struct('<QQQI')  # times, size and checksum; the compression follows
# A footer without an index: readers go through the whole file then.
_TAIL = _HEADER.pack(_FOOTER, 20) + bytes(20) + _MAGIC


class Storages(contextlib.ExitStack):
    """The opened files of a bag; a context manager.

    Args:
        path: Folder or file of the bag.

    Attributes:
        readers: One reader of `rosbags` for each file, or for the whole folder.
        missing: What the bag lacks, in words; '' if it is complete.

    Raises:
        Exception: Of any kind, for files that cannot be read at all.
    """

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        bound_decompression()
        files = [path] if path.is_file() else sorted(
            (file for file in path.iterdir() if file.suffix in SUFFIXES), key=_natural_key)
        reasons = [reason for file in files if (reason := _cut_off(file))]
        if path.is_dir() and files and not (path / 'metadata.yaml').is_file():
            reasons.insert(0, 'it has no metadata.yaml')
        self.missing = ', '.join(reasons)
        with contextlib.ExitStack() as opened:
            self.readers = [self._open(file, opened) for file in (files if reasons else [path])]
            self.push(opened.pop_all())
        self.readers.sort(key=lambda reader: reader.start_time)

    def _open(self, path: pathlib.Path, opened: contextlib.ExitStack) -> Any:
        if path.suffix == '.db3' and _journals(path):
            folder = opened.enter_context(tempfile.TemporaryDirectory())
            path = _completed_database(path, pathlib.Path(folder))
        reader = Reader(path)
        if path.suffix == '.mcap' and _cut_off(path):
            reader.storage = _CutOffMcap(path)
        reader.open()
        opened.callback(reader.close)
        return reader


class _CutOffMcap(McapReader):
    """An MCAP file without its end: its whole records, in the order of the file."""

    def open(self) -> None:
        self.bio = io.BufferedReader(_CompletedMcap(self.path))  # type: ignore[arg-type]
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def messages(self, connections: Any, start: int | None = None,
                 stop: int | None = None) -> Any:
        return self.messages_scan(connections, start, stop)


class _CompletedMcap(io.RawIOBase):
    """The whole records of a file, those within its last chunk, and an end."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self._file = path.open('rb', buffering=0)
        self._whole = _whole_records(self._file, len(_MAGIC))
        self._file.seek(self._whole)
        self._tail = _records_of_chunk(self._file.read()) + _TAIL
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        size = self._whole + len(self._tail)
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        if self._place < self._whole:
            self._file.seek(self._place)
            data = self._file.read(min(len(buffer), self._whole - self._place))
        else:
            start = self._place - self._whole
            data = self._tail[start:start + len(buffer)]
        buffer[:len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _whole_records(file: Any, start: int) -> int:
    """The end of the last whole record of messages from `start` on."""
    size = file.seek(0, io.SEEK_END)
    while start + _HEADER.size <= size:
        file.seek(start)
        kind, length = _HEADER.unpack(file.read(_HEADER.size))
        end = start + _HEADER.size + length
        if end > size or kind in (0, _FOOTER, _DATA_END):
            break
        start = end
    return start


def _records_of_chunk(data: bytes) -> bytes:
    """The whole records within a chunk that is cut off; none if they cannot be decompressed."""
    try:
        kind, _ = _HEADER.unpack_from(data)
        at = _HEADER.size + _CHUNK_HEADER.size
        length, = struct.unpack_from('<I', data, at)
        compression = data[at + 4:at + 4 + length]
    except struct.error:
        return b''
    records = data[at + 4 + length + 8:]
    if kind != _CHUNK or compression not in (b'', b'zstd'):
        return b''
    if compression:
        from rosbags.rosbag2.reader import zstd
        try:
            records = zstd.ZstdDecompressor().decompress(records, max_length=BAG_CHUNK_BYTES)
        except zstd.ZstdError:
            return b''
    return records[:_whole_records(io.BytesIO(records), 0)]


def _cut_off(path: pathlib.Path) -> str:
    """Parts that a file lacks, in words; '' for a complete one."""
    if path.suffix == '.db3':
        return f'{path.name} was not closed' if _journals(path) else ''
    with path.open('rb') as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return ''  # another kind of file, or damaged
        file.seek(max(0, path.stat().st_size - len(_MAGIC)))
        return '' if file.read() == _MAGIC and file.tell() > len(_MAGIC) + 30 \
            else f'{path.name} has no end'


def _journals(database: pathlib.Path) -> list[pathlib.Path]:
    beside = (database.with_name(database.name + suffix) for suffix in JOURNALS)
    return [path for path in beside if path.is_file() and path.stat().st_size]


def _completed_database(path: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A copy of a database with what is in its journal."""
    for file in (path, *_journals(path)):
        shutil.copy(file, folder)
    copy = folder / path.name
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute('PRAGMA journal_mode=DELETE')
    return copy


def _natural_key(path: pathlib.Path) -> tuple[int, str]:
    return len(path.name), path.name


def merged_messages(readers: list[Any], is_selected: Any) -> Iterator[tuple[Any, int, bytes]]:
    """(connection, time in nanoseconds, message) of successive files."""
    for reader in readers:
        if connections := [c for c in reader.connections if is_selected(c)]:
            yield from reader.messages(connections=connections)
