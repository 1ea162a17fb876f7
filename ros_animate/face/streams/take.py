"""Takes: the CSV files of Live Link Face, and CSV files of blendshapes in general."""
from __future__ import annotations

import csv
import math
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import cut, shown
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.streams.live_link_face import ANGLES, angle_values, face_values
from ros_animate.face.streams.values import ARKIT, SPELLING, FaceValues, PacketError

TIMECODE, COUNT = 'Timecode', 'BlendShapeCount'
COLUMNS, LINE_BYTES, ROWS = 1_000, 65_536, 2_000_000
NEUTRAL = '_neutral'  # which the Face Landmarker has and ARKit has not
# Names of the columns that hold the time in seconds, where there is no timecode.
_SECONDS = ('time', 'stamp_s', 'time_s', 'timestamp', 'seconds')
_RATES = (24.0, 25.0, 30.0, 48.0, 50.0, 60.0, 100.0, 120.0, 240.0)
_TIMECODE = re.compile(r'(\d{1,2}):(\d{1,2}):(\d{1,2})(?::(\d{1,3}(?:\.\d+)?)|(\.\d+))?')
_SPELLING = {**SPELLING, **{name.lower(): name for name in (*ANGLES, *BLENDSHAPES)}}
_DAY_S = 86_400.0
_MIN_STEP_S = 1e-6  # below it a sum of numbers stays as it is
_MAX_STEP_S = 600.0


class TakeError(ConfigurationError):
    """A file that is no take; the message names file, row and remedy."""


@dataclass(frozen=True)
class Take:
    """A recorded face.

    Attributes:
        stamps_s: Time of each row, 0 for the first, strictly increasing.
        faces: The rows.
        fps: Rows a second, the median.
        tracker: 'mediapipe' if the values are the Face Landmarker's, else 'arkit'.
        damaged: Number of rows that could not be read and were left out.
    """

    stamps_s: tuple[float, ...]
    faces: tuple[FaceValues, ...]
    fps: float
    tracker: str
    damaged: int = 0


def read_take(path: str | pathlib.Path, fps: float = 0.0) -> Take:
    """Reads a take.

    Args:
        path: A CSV file with a header of blendshapes, and a timecode or a time in seconds.
        fps: Rows a second of a file without times, frames a second of its timecode; 0: as the
            timecode shows, else 30.

    Raises:
        TakeError: It is no such file, or holds no face.
    """
    try:
        with open(pathlib.Path(path).expanduser(), newline='', encoding='utf-8-sig') as file:
            return parse_take(file, fps, str(path))
    except OSError as error:
        raise TakeError(f'cannot read the take {path}: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise TakeError(f'{path} is no take: it is not a text in UTF-8') from error


def parse_take(file: TextIO, fps: float = 0.0, name: str = 'the take') -> Take:
    """The take in a text; raises TakeError."""
    rows = _rows(file, name)
    header = next(rows, None)
    columns = _columns(header or [])
    if not any(column in ARKIT for column in columns.values()):
        raise TakeError(f'{name} is no take: its header names no blendshape, but '
                        f'{shown([cell[:20] for cell in (header or [])[:4]])}')
    times, faces, damaged = [], [], 0
    for row in rows:
        values = {columns[i]: cell for i, cell in enumerate(row) if i in columns}
        try:
            if len(values) < len(columns):
                raise PacketError('a row that is not complete')
            faces.append(_face(values))
        except PacketError:
            damaged += 1
            continue
        times.append(values.get(TIMECODE, '').strip())
    if not any(face.has_face for face in faces):
        raise TakeError(f'{name} holds no face in any of its {len(faces) + damaged} rows')
    stamps = _stamps(times, fps)
    # The mouth's blendshapes are those of both; only one of the trackers has the neutral one.
    tracker = 'mediapipe' if NEUTRAL in columns.values() else 'arkit'
    return Take(tuple(stamps), tuple(faces), _median_rate(stamps), tracker, damaged)


def take_header() -> list[str]:
    """Names of the columns of a take, as the app writes them."""
    return [TIMECODE, COUNT, *(name[0].upper() + name[1:] for name in (*ARKIT, *ANGLES))]


def take_row(stamp_s: float, face: FaceValues) -> list[str]:
    """The cells of a row; those of a row without a face are empty."""
    count = len(ARKIT) + len(ANGLES)
    if not face.has_face:
        return [timecode(stamp_s), '0', *[''] * count]
    values: Mapping[str, float] = {**face.expression, **angle_values(face)}
    return [timecode(stamp_s), str(count),
            *(f'{values.get(name, 0.0):.10f}' for name in (*ARKIT, *ANGLES))]


def timecode(seconds: float) -> str:
    """HH:MM:SS.mmm of a time of the day."""
    milliseconds = round(seconds % _DAY_S * 1000)
    whole, fraction = divmod(milliseconds, 1000)
    return f'{whole // 3600 % 24:02}:{whole // 60 % 60:02}:{whole % 60:02}.{fraction:03}'


def _rows(file: TextIO, name: str) -> Iterator[list[str]]:
    """The rows of the file, of which the lengths are limited."""
    def lines() -> Iterator[str]:
        for number in range(ROWS + 1):
            line = file.readline(LINE_BYTES + 1)
            if not line:
                return
            if len(line) > LINE_BYTES:
                raise TakeError(f'{name} is no take: line {number + 1} has more than '
                                f'{LINE_BYTES} characters')
            yield line
        raise TakeError(f'{name} has more than {ROWS} rows')
    try:
        for row in csv.reader(lines()):
            if len(row) > COLUMNS:
                raise TakeError(f'{name} is no take: {len(row)} columns')
            if row:
                yield row
    except csv.Error as error:
        raise TakeError(f'{name} is no take: {cut(str(error))}') from error


def _columns(header: Sequence[str]) -> dict[int, str]:
    """Names of the columns by index: blendshapes, ANGLES, COUNT, and TIMECODE for the time."""
    columns: dict[int, str] = {}
    for index, cell in enumerate(header):
        name = cell.strip().lower()
        if name == COUNT.lower():
            columns[index] = COUNT
        elif name == TIMECODE.lower() or name in _SECONDS:
            columns.setdefault(index, TIMECODE)
        elif name in _SPELLING and _SPELLING[name] not in columns.values():
            columns[index] = _SPELLING[name]
    return columns


def _face(cells: Mapping[str, str]) -> FaceValues:
    """The face of a row; raises PacketError."""
    values = {name: text.strip() for name, text in cells.items() if name != TIMECODE}
    count = values.pop(COUNT, '')
    filled = {name: text for name, text in values.items() if text}
    if count == '0' or not filled:
        return FaceValues(has_face=False)
    if len(filled) < len(values):
        raise PacketError('a row that is not complete')
    try:
        numbers = {name: float(text) for name, text in filled.items()}
    except ValueError as error:
        raise PacketError(cut(str(error))) from error
    return face_values(numbers)


def _stamps(times: Sequence[str], fps: float) -> list[float]:
    """Strictly increasing stamps from 0; rows whose time cannot be right come a period later."""
    codes = [_TIMECODE.fullmatch(text) for text in times]
    highest = max((float(code[4]) for code in codes if code and code[4]), default=0.0)
    rate = fps or next((r for r in _RATES if r > int(highest)), _RATES[-1])
    period_s = 1.0 / (fps or (rate if highest else 30.0))
    stamps: list[float] = []
    start_s = offset_s = 0.0
    last_s = math.nan
    for text, code in zip(times, codes):
        given_s = _seconds(text, code, rate)
        if not stamps:
            start_s = given_s if math.isfinite(given_s) else 0.0
            stamps.append(0.0)
        else:
            stamp_s = given_s - start_s + offset_s
            if not _MIN_STEP_S <= stamp_s - stamps[-1] <= _MAX_STEP_S:
                step_s = _midnight(given_s - last_s)
                step_s = step_s if _MIN_STEP_S <= step_s <= _MAX_STEP_S else period_s
                if math.isfinite(given_s):
                    offset_s += stamps[-1] + step_s - stamp_s
                stamp_s = stamps[-1] + step_s
            stamps.append(stamp_s)
        last_s = given_s
    return stamps


def _midnight(step_s: float) -> float:
    """A step of the time of day, which starts over at midnight."""
    return step_s + _DAY_S if -_DAY_S < step_s < -_DAY_S / 2 else step_s


def _seconds(text: str, code: re.Match[str] | None, rate: float) -> float:
    """The time in a cell, NaN if there is none."""
    if code is not None:
        hours, minutes, seconds = (int(code[i]) for i in (1, 2, 3))
        part_s = float(code[4]) / rate if code[4] else float(code[5] or 0)
        return hours * 3600 + minutes * 60 + seconds + part_s
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if abs(number) < 1e12 else math.nan


def _median_rate(stamps: Sequence[float]) -> float:
    steps = sorted(b - a for a, b in zip(stamps, stamps[1:]))
    if not steps:
        return 30.0
    rate = 1.0 / steps[len(steps) // 2]
    return float(min(max(rate, 0.1), 1000.0))
