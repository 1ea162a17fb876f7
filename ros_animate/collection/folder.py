"""A folder of pairs in the layout of X2C: metadata.jsonl and the images that it names."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np

from ros_animate.collection.pairs import Pair
from ros_animate.documents import DocumentError, parse_json, read_text
from ros_animate.errors import UserError, shown
from ros_animate.files import WriteError, locked_folder, write_atomically

METADATA, OPTIONS, IMAGES = 'metadata.jsonl', 'collection.json', 'images'
_DIGITS = 4  # decimals of landmarks: hundredths of a pixel


class FolderError(UserError):
    """The folder cannot take the pairs; the message says why."""


class PairFolder:
    """Takes pairs in order; a context manager.

    A line is written after its image, so the folder is a valid data set at any moment, but for a
    last line that a kill has torn. The folder of a killed run is continued after the one before.
    The options of the pairs are kept beside them: a folder never holds pairs of two kinds.

    Attributes:
        count: Number of pairs in the folder.
    """

    def __init__(self, path: pathlib.Path, options: Mapping[str, Any]) -> None:
        """Opens or makes the folder; raises FolderError if it holds something else."""
        self.path = path
        self._options = dict(options)
        self._stack = contextlib.ExitStack()
        try:
            self.count = self._open()
        except FolderError:
            self._stack.close()
            raise
        except OSError as error:
            self._stack.close()
            raise WriteError(path, error) from error

    def __enter__(self) -> PairFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, pairs: Sequence[Pair]) -> None:
        """Writes the next pairs; raises WriteError."""
        lines = []
        try:
            for number, pair in enumerate(pairs, self.count):
                name = f'{IMAGES}/{number:06d}.jpg'
                (self.path / name).write_bytes(pair.jpeg)
                line = {'file_name': name, 'ctrl_value': [float(v) for v in pair.values]}
                if pair.landmarks is not None:
                    line['landmarks'] = np.round(pair.landmarks, _DIGITS).tolist()
                lines.append(json.dumps(line) + '\n')
            self._append(''.join(lines).encode())
        except OSError as error:
            raise WriteError(self.path, error) from error
        self.count += len(pairs)

    def _append(self, lines: bytes) -> None:
        """Writes all of the lines or, on a full disk, none."""
        end = self._metadata.seek(0, os.SEEK_END)
        try:
            while lines:
                lines = lines[self._metadata.write(lines):]
        except OSError:
            self._metadata.truncate(end)
            raise

    def _open(self) -> int:
        self._refuse_others()
        (self.path / IMAGES).mkdir(parents=True, exist_ok=True)
        self._stack.enter_context(locked_folder(self.path, 'collection'))
        if not (self.path / OPTIONS).exists():
            write_atomically(self.path / OPTIONS, json.dumps(self._options, indent=2) + '\n')
        self._metadata = self._stack.enter_context(
            (self.path / METADATA).open('a+b', buffering=0))
        return _drop_torn_line(self._metadata)

    def _refuse_others(self) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise FolderError(f'{self.path} is a file; --output is a folder')
        known = self.path / OPTIONS
        if known.exists():
            self._compare(_read_options(known))
        elif any(self.path.iterdir()):
            raise FolderError(f'{self.path} holds something else than a collection; choose another '
                              '--output')

    def _compare(self, before: Mapping[str, Any]) -> None:
        for key in sorted({*before, *self._options}):
            if before.get(key) != self._options.get(key):
                raise FolderError(
                    f'{self.path} was collected with {key} {shown(before.get(key))}, not '
                    f'{shown(self._options.get(key))}; choose another --output, or delete the '
                    'folder')


def _read_options(path: pathlib.Path) -> dict[str, Any]:
    try:
        options = parse_json(read_text(path))
    except DocumentError as error:
        raise FolderError(f'cannot read {path}: {error}') from error
    if not isinstance(options, dict):
        raise FolderError(f'cannot read {path}: expected keys and values')
    return options


def _drop_torn_line(file: IO[bytes]) -> int:
    """Removes an incomplete last line; returns the number of lines that are left."""
    file.seek(0)
    content = file.read()
    file.truncate(content.rfind(b'\n') + 1)
    return content.count(b'\n')
