"""Folder of training pairs in X2C's layout: metadata.jsonl and images.

Each line is a JSON object: `file_name`, and `ctrl_value`, the controls in the robot's index order
and units. Optional are `twin`, an image of another kind of the same face (a real one of an
animated one), and `sequence`, a name or number: lines that follow each other with the same one are
successive frames. `landmarks`, where they are known, are the positions [x, y] of the face mesh's
FEATURE_POINTS in the middle square, from 0 to 1. A file `task.npy` in the folder is the task
embedding of all its pairs.
"""
from __future__ import annotations

import contextlib
import pathlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.arrays import read_vector
from ros_animate.documents import DocumentError, member_path, parse_json, read_lines
from ros_animate.errors import UserError, shown
from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.limits import LARGEST_NUMBER
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

METADATA, TASK = 'metadata.jsonl', 'task.npy'


class DataError(UserError):
    """A data set cannot be used; the message names file and line."""


@dataclass(frozen=True)
class Pair:
    """An image and the control values that belong to it: one line of metadata.jsonl.

    Attributes:
        image: The image file.
        values: (N,) controls in robot units, within their ranges.
        twin: Another image file of the same face.
        sequence: Name shared by successive frames; None for a pair on its own.
        landmarks: (K, 2) FEATURE_POINTS as parts of the middle square's side; None if unknown.
    """

    image: pathlib.Path
    values: Array
    twin: pathlib.Path | None = None
    sequence: str | None = None
    landmarks: Array | None = None


@dataclass(frozen=True)
class Folder:
    """The pairs of a folder, in order, and their task embedding (Z,)."""

    path: pathlib.Path
    pairs: tuple[Pair, ...]
    task: Array | None = None

    @property
    def values(self) -> Array:
        """(T, N) control values in robot units."""
        return np.stack([pair.values for pair in self.pairs])


def read_folder(path: str | pathlib.Path, spec: RobotSpec) -> Folder:
    """The pairs in a folder; raises DataError."""
    path = pathlib.Path(path).expanduser()
    if not path.is_dir():
        raise DataError(f'there is no data folder {path}')
    pairs = tuple(_pairs(path, spec))
    if not pairs:
        raise DataError(f'{path / METADATA} is empty: no pairs')
    return Folder(path, pairs, _read_task(path / TASK) if (path / TASK).exists() else None)


def _read_task(path: pathlib.Path) -> Array:
    try:
        return read_vector(path)
    except DocumentError as error:
        raise DataError(f'cannot read the task embedding {path}: {error}') from error


def is_held_back(pair: Pair, share: float) -> bool:
    """True if the pair belongs to the evaluation split, by a hash of its file's name.

    Frames of one sequence stay together.
    """
    name = pair.image.name if pair.sequence is None else pair.sequence
    return zlib.crc32(name.encode()) / 2 ** 32 < share


def _pairs(path: pathlib.Path, spec: RobotSpec) -> Iterator[Pair]:
    file = path / METADATA
    try:
        for number, line in read_lines(file):
            yield _pair(line, path, spec, f'{file}:{number}')
    except DocumentError as error:
        place = file if error.line is None else f'{file}:{error.line}'
        raise DataError(f'cannot read {place}: {error}') from error


def _pair(line: str, path: pathlib.Path, spec: RobotSpec, where: str) -> Pair:
    try:
        entry = parse_json(line)
    except DocumentError as error:
        raise DataError(f'{where}: {error}') from error
    if not isinstance(entry, dict):
        raise DataError(f'{where}: expected an object with file_name and ctrl_value, got '
                        f'{shown(entry)}')
    values = _values(entry.get('ctrl_value'), spec, where)
    twin, sequence = entry.get('twin'), entry.get('sequence')
    if not isinstance(sequence, (str, int, float, type(None))):
        raise DataError(f'{where}: sequence: expected a name or number, got {shown(sequence)}')
    return Pair(_image_file(entry.get('file_name'), path, f'{where}: file_name'), values,
                None if twin is None else _image_file(twin, path, f'{where}: twin'),
                None if sequence is None else str(sequence),
                _landmarks(entry.get('landmarks'), where))


def _values(values: Any, spec: RobotSpec, where: str) -> Array:
    count = len(spec.names)
    if not isinstance(values, list) or len(values) != count:
        held = f'{len(values)} numbers' if isinstance(values, list) else shown(values)
        raise DataError(f'{where}: ctrl_value holds {held}, robot {spec.name!r} has {count} '
                        'controls')
    if not all(isinstance(v, (int, float)) and -LARGEST_NUMBER <= v <= LARGEST_NUMBER
               for v in values):
        raise DataError(f'{where}: ctrl_value holds something that is not a finite number')
    return np.clip(np.array(values, float), spec.low, spec.high)


def _landmarks(points: Any, where: str) -> Array | None:
    if points is None:
        return None
    found: Array = np.empty(0)
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        found = np.array(points, float)
    if found.shape != (len(FEATURE_POINTS), 2) or not np.isfinite(found).all():
        raise DataError(f'{where}: landmarks are not {len(FEATURE_POINTS)} points [x, y]')
    return found


def _image_file(name: Any, path: pathlib.Path, where: str) -> pathlib.Path:
    try:
        return member_path(path, name)
    except DocumentError as error:
        raise DataError(f'{where}: {error}') from error
