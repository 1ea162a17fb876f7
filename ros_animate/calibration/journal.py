"""The record of a calibration: one line for each block of poses, so that it can be interrupted."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ros_animate.calibration.observations import Observations
from ros_animate.documents import DocumentError, parse_json, read_lines
from ros_animate.errors import UserError, shown
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.files import drop_torn_line, locked_folder, naming_write_errors
from ros_animate.types import Array

JOURNAL = 'poses.jsonl'
VERSION = 2
DIGITS = 4


class JournalError(UserError):
    """The folder cannot take the calibration; the message says why."""


@dataclass(frozen=True)
class Taken:
    """A pose with the face that it showed.

    Attributes:
        kind: As of a `Pose`.
        control: Index of the single control, -1 of other poses.
        level: Share of the way to the end of the visible range, -1 to 1.
        sent: (C,) the pose as it was sent.
        features: (55,) blendshapes and head angles; empty if no face was seen.
        points: (K, 2) landmarks as of a `Sighting`; empty if no face was seen.
        seen: Size (pixels per cm), place (2) and distance of the face, for the camera's place.
        reason: Why nothing was seen, '' if a face was.
    """

    kind: str
    control: int
    level: float
    sent: Array
    features: Array
    points: Array
    seen: Sequence[float] = ()
    reason: str = ''


@dataclass(frozen=True)
class Step:
    """The way of one control from neutral to an end.

    Attributes:
        control: Its index.
        time_s: (T,) times of the images.
        sent: (T,) values of the control that were sent.
        features: (T, 55) the faces.
    """

    control: int
    time_s: Array
    sent: Array
    features: Array


@dataclass(frozen=True)
class BlockRecord:
    """Observations of a block of poses.

    Attributes:
        taken: Its poses.
        steps: Ways that were watched in it.
    """

    taken: Sequence[Taken] = ()
    steps: Sequence[Step] = ()


@dataclass
class Journal:
    """The blocks so far; kept in a file to which whole lines are appended.

    Attributes:
        folder: The folder.
        blocks: Blocks that are done, in the order of the schedule.
        stuck: Names of the controls that did not follow, and are left alone.
        pauses: Reasons of the pauses so far.
    """

    folder: pathlib.Path
    blocks: list[BlockRecord] = field(default_factory=list)
    stuck: dict[str, str] = field(default_factory=dict)
    pauses: list[str] = field(default_factory=list)

    def add(self, block: BlockRecord) -> None:
        """Appends a block; raises WriteError, and then the file is as before."""
        self._append({'block': len(self.blocks), 'taken': [_plain(t) for t in block.taken],
                      'steps': [_plain(s) for s in block.steps]})
        self.blocks.append(block)

    def note_stuck(self, control: str, reason: str) -> None:
        """Notes a control that is left alone from now on."""
        self._append({'stuck': control, 'reason': reason})
        self.stuck[control] = reason

    def note_pause(self, reason: str) -> None:
        """Notes a pause."""
        self._append({'pause': reason})
        self.pauses.append(reason)

    def discard(self) -> None:
        """Begins with the first block again."""
        self._append({'discarded': len(self.blocks)})
        self.blocks.clear()

    @property
    def taken(self) -> list[Taken]:
        """All poses so far."""
        return [t for block in self.blocks for t in block.taken]

    @property
    def steps(self) -> list[Step]:
        """All watched ways so far."""
        return [s for block in self.blocks for s in block.steps]

    def observations(self, names: Sequence[str]) -> Observations:
        """The poses in which a face was seen."""
        seen = [t for t in self.taken if not t.reason]
        if not seen:
            return Observations.empty(names)
        features = np.array([t.features for t in seen])
        return Observations(tuple(names), np.array([t.sent for t in seen]),
                            np.clip(features[:, :len(BLENDSHAPES)], 0.0, 1.0),
                            features[:, len(BLENDSHAPES):])

    def _append(self, line: Mapping[str, Any]) -> None:
        path = self.folder / JOURNAL
        with naming_write_errors(path), path.open('ab', buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            content = (json.dumps(line) + '\n').encode()
            try:
                while content:
                    content = content[file.write(content):]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise


@contextlib.contextmanager
def open_journal(folder: pathlib.Path, options: Mapping[str, Any]) -> Iterator[Journal]:
    """The journal of a folder, begun or continued; nobody else can write into it meanwhile.

    Args:
        folder: The folder, made if it does not exist.
        options: Everything that the poses depend on.

    Raises:
        JournalError: The folder holds something else, or a calibration with other options.
        WriteError: It cannot be written, or another process has it.
    """
    options = {'version': VERSION, **options}
    path = folder / JOURNAL
    if folder.exists() and not folder.is_dir():
        raise JournalError(f'{folder} is a file; --output is a folder')
    if folder.exists() and not path.exists() and any(folder.iterdir()):
        raise JournalError(f'{folder} holds something else than a calibration; choose another '
                           '--output')
    with naming_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked_folder(folder, 'calibration'):
        drop_torn_line(path)
        journal = Journal(folder)
        if path.exists() and path.stat().st_size:
            _read(path, options, journal)
        else:
            journal._append(options)
        yield journal


def _read(path: pathlib.Path, options: Mapping[str, Any], journal: Journal) -> None:
    """Reads the lines so far into an empty journal."""
    try:
        before, *lines = (parse_json(text) for _, text in read_lines(path))
        if not any('taken' in line for line in lines) and set(options) <= set(before):
            path.write_bytes(b'')  # nothing was learned: begun with a wrong camera, say
            journal._append(options)
            return
        _compare(path.parent, before, options)
        for line in lines:
            if 'stuck' in line:
                journal.stuck[line['stuck']] = line['reason']
            elif 'pause' in line:
                journal.pauses.append(line['pause'])
            elif 'discarded' in line:
                journal.blocks.clear()
            else:
                journal.blocks.append(BlockRecord([_taken(t) for t in line['taken']],
                                                  [_step(s) for s in line['steps']]))
    except JournalError:
        raise
    except (DocumentError, ValueError, KeyError, TypeError) as error:
        raise JournalError(f'cannot read {path}: {error}; choose another --output') from error


def _compare(folder: pathlib.Path, before: Any, options: Mapping[str, Any]) -> None:
    if not isinstance(before, dict):
        raise JournalError(f'{folder / JOURNAL} does not begin with the options of a calibration')
    for key in (*options, *sorted(set(before) - set(options))):
        if before.get(key) != options.get(key):
            raise JournalError(f'{folder} was begun with {key} {shown(before.get(key))}, not '
                               f'{shown(options.get(key))}; choose another --output, or delete '
                               'the folder')


def _plain(record: Taken | Step) -> dict[str, Any]:
    return {key: np.round(value, DIGITS).tolist() if isinstance(value, np.ndarray) else value
            for key, value in asdict(record).items()}


def _taken(line: Mapping[str, Any]) -> Taken:
    return Taken(**{**line, 'sent': np.array(line['sent'], float),
                    'features': np.array(line['features'], float),
                    'points': np.array(line['points'], float)})


def _step(line: Mapping[str, Any]) -> Step:
    return Step(line['control'], *(np.array(line[key], float)
                                   for key in ('time_s', 'sent', 'features')))
