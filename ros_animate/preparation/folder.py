"""Folder of a prepared set: shards, index and failures, written by one video after the other.

A video is there as soon as its line stands in `sources.jsonl`. That line also holds the lengths of
the other files; what is behind them was written for a video that a kill has interrupted, and is cut
off when the folder is opened again.
"""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from ros_animate.documents import DocumentError, lines_of, parse_json, read_lines, read_text
from ros_animate.errors import UserError, shown
from ros_animate.files import (
    drop_torn_line,
    locked_folder,
    naming_write_errors,
    write_atomically,
)
from ros_animate.preparation.shards import END
from ros_animate.preparation.sources import SPLITS
from ros_animate.remote_files import RemoteFile

OPTIONS, LOG, INDEX, FAILURES = (
    'preparation.json', 'sources.jsonl', 'index.jsonl', 'failures.jsonl')
STATISTICS, SHEET, WORK = 'statistics.json', 'contact_sheet.png', 'work'
_BLOCK = 2 ** 20


class FolderError(UserError):
    """The folder cannot take the set, or is none; the message says why."""


class PreparedFolder:
    """Takes the records of videos in order; a context manager.

    Args:
        path: The folder, made if it does not exist.
        options: Everything that the clips depend on; a folder never holds clips of two kinds.
        shard_bytes: Size up to which a shard is filled.

    Attributes:
        work: Folder of the parts that wait for their turn.
        done: Names of the videos that are done.
        splits: Splits of the identities that have clips.

    Raises:
        FolderError: The folder holds something else.
    """

    def __init__(self, path: pathlib.Path, options: Mapping[str, Any], shard_bytes: float) -> None:
        self.path, self.work = path, path / WORK
        self._options, self._shard_bytes = dict(options), shard_bytes
        self.done: set[str] = set()
        self.splits: dict[str, str] = {}
        self._ends: dict[str, Any] = {'shards': {split: [0, 0] for split in SPLITS},
                                      INDEX: 0, FAILURES: 0}
        self._stack = contextlib.ExitStack()
        try:
            with naming_write_errors(path):
                self._open()
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> PreparedFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, record: Mapping[str, Any], split: str, part: pathlib.Path) -> None:
        """Adds a video.

        Args:
            record: What its worker has found; its clips have their places in `part`.
            split: Split of its clips.
            part: The tar members of its clips, removed together with its record.
        """
        clips = []
        with naming_write_errors(self.path):
            if record['clips']:
                with part.open('rb') as file:
                    clips = [self._add_clip(clip, split, file) for clip in record['clips']]
            self._append(INDEX, clips)
            self._append(FAILURES, record['failures'])
            line = {**record, 'clips': len(clips), 'split': split, 'ends': self._ends}
            with open(self.path / LOG, 'ab') as log:
                log.write(_lines([line]))
            part.unlink(missing_ok=True)
            part.with_suffix('.json').unlink(missing_ok=True)
        self._note(record['file'], record['identity'], split, bool(clips))

    def finish(self) -> None:
        """Ends the tar files and removes the parts."""
        with naming_write_errors(self.path):
            for split, (number, end) in self._ends['shards'].items():
                if end:
                    self._end_shard(split, number, end)
            shutil.rmtree(self.work, ignore_errors=True)

    def _add_clip(self, clip: Mapping[str, Any], split: str, part: Any) -> dict[str, Any]:
        """Copies a clip into the shard; returns its line of the index."""
        number, end = self._ends['shards'][split]
        if end and end + clip['bytes'] + len(END) > self._shard_bytes:
            self._end_shard(split, number, end)
            number, end = number + 1, 0
        name = shard_name(split, number)
        with open(self.path / name, 'ab') as shard:
            part.seek(clip['start'])
            left = clip['bytes']
            while left:
                block = part.read(min(left, _BLOCK))
                if not block:
                    raise FolderError(f'{part.name} is damaged; delete {self.work} and start again')
                shard.write(block)
                left -= len(block)
        self._ends['shards'][split] = [number, end + clip['bytes']]
        kept = {key: value for key, value in clip.items() if key != 'start'}
        return {**kept, 'split': split, 'shard': name, 'offset': end}

    def _end_shard(self, split: str, number: int, end: int) -> None:
        with open(self.path / shard_name(split, number), 'r+b') as shard:
            shard.truncate(end)
            shard.seek(end)
            shard.write(END)

    def _append(self, name: str, entries: list[dict[str, Any]]) -> None:
        with open(self.path / name, 'ab') as file:
            file.write(_lines(entries))
            self._ends[name] = file.tell()

    def _note(self, file: str, identity: str, split: str, has_clips: bool) -> None:
        self.done.add(file)
        if has_clips:
            self.splits[identity] = split

    def _open(self) -> None:
        self._refuse_others()
        self.path.mkdir(parents=True, exist_ok=True)
        self._stack.enter_context(locked_folder(self.path, 'preparation'))
        self.work.mkdir(exist_ok=True)
        if not (self.path / OPTIONS).exists():
            write_atomically(self.path / OPTIONS, json.dumps(self._options, indent=2) + '\n')
        drop_torn_line(self.path / LOG)
        for line in read_log(self.path):
            self._note(line['file'], line['identity'], line['split'], bool(line['clips']))
            self._ends = line['ends']
        self._cut()

    def _cut(self) -> None:
        """Cuts off what was written after the last line of the log."""
        for name in (INDEX, FAILURES):
            with open(self.path / name, 'ab') as file:
                _truncate(file, self._ends[name])
        for split, (number, end) in self._ends['shards'].items():
            if end:
                with open(self.path / shard_name(split, number), 'ab') as file:
                    _truncate(file, end)
            first = number + bool(end)
            while (shard := self.path / shard_name(split, first)).exists():
                shard.unlink()
                first += 1

    def _refuse_others(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise FolderError(f'{self.path} is a file; --output is a folder')
        if (self.path / OPTIONS).exists():
            self._compare(read_options(self.path))
        elif self.path.exists() and any(self.path.iterdir()):
            raise FolderError(f'{self.path} holds something else than a prepared set; choose '
                              'another --output')

    def _compare(self, before: Mapping[str, Any]) -> None:
        # As they are when they are read back.
        options = json.loads(json.dumps(self._options))
        for key in sorted({*before, *options}):
            if before.get(key) != options.get(key):
                raise FolderError(
                    f'{self.path} was prepared with {key} {shown(before.get(key))}, not '
                    f'{shown(options.get(key))}; choose another --output, or delete the folder')


def shard_name(split: str, number: int) -> str:
    """Name of a shard, as WebDataset's brace notation takes it: train-{000000..000012}.tar."""
    return f'{split}-{number:06d}.tar'


def is_prepared(path: pathlib.Path) -> bool:
    """True for the folder of a prepared set."""
    return (path / OPTIONS).is_file() and (path / LOG).is_file()


def read_options(path: pathlib.Path) -> dict[str, Any]:
    """The options of a set; raises FolderError."""
    try:
        options = parse_json(read_text(path / OPTIONS))
    except DocumentError as error:
        raise FolderError(f'cannot read {path / OPTIONS}: {error}') from error
    if not isinstance(options, dict):
        raise FolderError(f'cannot read {path / OPTIONS}: expected keys and values')
    return options


def read_log(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The lines of the videos that are done; raises FolderError."""
    if (path / LOG).exists():
        yield from read_objects(path / LOG)


def read_objects(path: pathlib.Path | RemoteFile) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines; raises FolderError, or RemoteFileError."""
    place = str(path)
    try:
        for number, line in (lines_of(path.stream()) if isinstance(path, RemoteFile)
                             else read_lines(path)):
            place = f'{path}:{number}'
            entry = parse_json(line)
            if not isinstance(entry, dict):
                raise DocumentError('expected an object')
            yield entry
    except DocumentError as error:
        raise FolderError(f'cannot read {place}: {error}') from error


def _lines(entries: list[dict[str, Any]]) -> bytes:
    return ''.join(json.dumps(entry) + '\n' for entry in entries).encode()


def _truncate(file: Any, end: int) -> None:
    size = file.seek(0, os.SEEK_END)
    if size < end:
        raise FolderError(f'{file.name} has lost its end; delete the folder and start again')
    file.truncate(end)
