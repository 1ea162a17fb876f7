"""Completes a bag on a full disk: what does not fit any more is taken back."""
from __future__ import annotations

import contextlib
import io
import os
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

_CHUNKS_BACK = 2


@dataclass(frozen=True)
class _Mark:
    """State of a writer after a chunk; `size` bytes are in the file."""

    size: int
    chunks: int
    channel_stats: dict[int, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    storage_times: tuple[int, int] = (2 ** 63 - 1, 0)
    writer_times: tuple[int, int] = (2 ** 63 - 1, 0)


class McapRollback:
    """Remembers the ends of the last chunks of an MCAP that `rosbags` writes.

    An MCAP needs its summary at the end. On a full disk the last chunks (a megabyte each) make room
    for it.

    Args:
        writer: An open rosbags Writer of an MCAP.
    """

    def __init__(self, writer: Any) -> None:
        self._writer, self._storage = writer, writer.storage
        self._marks: deque[_Mark] = deque(maxlen=1 + _CHUNKS_BACK)
        self._mark()

    def note_write(self) -> None:
        """To be called after each message; raises OSError if a chunk cannot be written."""
        if len(self._storage.chunks) > self._marks[-1].chunks:
            self._mark()

    def complete(self) -> None:
        """Completes the file with as many chunks as leave room; raises OSError if none does."""
        while True:
            self._take_back(self._marks.pop())
            try:
                self._writer.close()
                return
            except OSError:
                if not self._marks:
                    raise

    def _mark(self) -> None:
        storage, writer = self._storage, self._writer
        storage.bio.flush()
        self._marks.append(_Mark(
            storage.bio.tell(), len(storage.chunks), dict(storage.channel_stats),
            dict(writer.counts), (storage.message_start_time, storage.message_end_time),
            (writer.min_timestamp, writer.max_timestamp)))

    def _take_back(self, mark: _Mark) -> None:
        storage, writer = self._storage, self._writer
        with contextlib.suppress(OSError):  # its buffer does not fit
            storage.bio.close()
        storage.bio = storage.path.open('r+b')
        storage.bio.truncate(mark.size)
        storage.bio.seek(0, os.SEEK_END)
        storage.chunks = storage.chunks[:mark.chunks]
        storage.chunk = type(storage.chunk)(2 ** 63 - 1, 0, io.BytesIO(), defaultdict(list))
        storage.channel_stats = dict.fromkeys(storage.channel_stats, 0) | mark.channel_stats
        writer.counts = dict.fromkeys(writer.counts, 0) | mark.counts
        storage.message_start_time, storage.message_end_time = mark.storage_times
        writer.min_timestamp, writer.max_timestamp = mark.writer_times
