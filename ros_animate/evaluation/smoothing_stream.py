"""Recorded control values through the smoother and the safety layer, without a robot."""
from __future__ import annotations

import csv
import math
import pathlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import cut, shown
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_state import SafetyState
from ros_animate.outputs.controls_table import open_table
from ros_animate.robot.governor import is_at_rest
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.types import ActionChunk, Array

STAMP = 'stamp_s'
DEFAULT_PERIOD_S = 1 / 30
MAX_SETTLING_S = 60.0
MAX_SAMPLES = 1e8
MAX_RATE_HZ = 10000.0


@dataclass(frozen=True)
class Stream:
    """Recorded targets in order of arrival.

    Attributes:
        stamps_s: (T,) stamps; the order of arrival need not be that of time.
        values: (T, N) control values in the robot's order and units.
    """

    stamps_s: Array
    values: Array

    @property
    def period_s(self) -> float:
        """Usual time between two targets."""
        steps = np.diff(self.stamps_s)
        steps = steps[np.isfinite(steps) & (steps > 0)]
        return float(np.median(steps)) if len(steps) else DEFAULT_PERIOD_S


def read_stream(path: pathlib.Path, spec: RobotSpec) -> Stream:
    """The targets in a CSV file; raises ConfigurationError that names the column or the line."""
    try:
        with open(path, newline='', encoding='utf-8') as file:
            stamps_s, values = _read(file, path, spec)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else 'not UTF-8 text'
        raise ConfigurationError(f'cannot read {path}: {why}') from error
    except csv.Error as error:
        raise ConfigurationError(f'cannot read {path}: {error}') from error
    if not np.isfinite(stamps_s).any():
        raise ConfigurationError(f'{path}: no row with a finite {STAMP}')
    return Stream(stamps_s, values)


def _read(file: TextIO, path: pathlib.Path, spec: RobotSpec) -> tuple[Array, Array]:
    reader = csv.reader(file)
    header = next(reader, [])
    _check_header(header, path, spec)
    rows = [_numbers(row, header, f'{path}:{reader.line_num}') for row in reader if row]
    table = np.array(rows, dtype=float).reshape(-1, len(header))
    return (table[:, header.index(STAMP)],
            table[:, [header.index(name) for name in spec.names]])


def _check_header(header: list[str], path: pathlib.Path, spec: RobotSpec) -> None:
    columns = (STAMP, *spec.names)
    missing = [name for name in columns if name not in header]
    if missing:
        raise ConfigurationError(f'{path}: for robot {spec.name!r} these columns are missing: '
                                 f'{cut(", ".join(missing))}')
    for name in header:
        if name not in columns:
            raise ConfigurationError(f'{path}: unknown column {shown(name)}; '
                                     f'{suggest(name, columns)}')
        if header.count(name) > 1:
            raise ConfigurationError(f'{path}: column {shown(name)} is there twice')


def _numbers(row: list[str], header: list[str], where: str) -> list[float]:
    if len(row) != len(header):
        raise ConfigurationError(f'{where}: {len(row)} values, but {len(header)} columns')
    for name, text in zip(header, row, strict=True):
        try:
            float(text)
        except ValueError as error:
            raise ConfigurationError(f'{where}: {name}: {shown(text)} is not a '
                                     'number') from error
    return [float(text) for text in row]


def check_rate(rate_hz: float, safety: Safety) -> None:
    """Raises ConfigurationError for a rate out of bounds, or at which every tick is a stall."""
    if not 1.0 <= rate_hz <= MAX_RATE_HZ:
        raise ConfigurationError(f'--rate {rate_hz:g} is outside 1 to {MAX_RATE_HZ:g} Hz')
    safety.config.check_rate(rate_hz)


def smooth_stream(stream: Stream, spec: RobotSpec, smoother: Smoother, safety: Safety,
                  rate_hz: float) -> Iterator[tuple[float, Array]]:
    """Samples (time, values (N,)) at a fixed rate from the first stamp until the robot is at rest.

    A target arrives at its stamp; one that is older than its predecessor arrives with it.
    """
    arrivals_s = _arrivals(stream)
    start_s, end_s = float(arrivals_s[0]), float(arrivals_s[-1])
    if (end_s - start_s) * rate_hz > MAX_SAMPLES:
        raise ConfigurationError(f'the stamps span {end_s - start_s:g} s: at {rate_hz:g} '
                                 f'Hz that is more than {MAX_SAMPLES:g} samples')
    period_s, arrived = stream.period_s, 0
    for tick in range(math.floor((end_s + MAX_SETTLING_S - start_s) * rate_hz)):
        now_s = start_s + tick / rate_hz
        while arrived < len(arrivals_s) and arrivals_s[arrived] <= now_s:
            chunk = ActionChunk(spec.names, stream.values[arrived:arrived + 1], period_s,
                                float(stream.stamps_s[arrived]))
            smoother.push(chunk, max(float(arrivals_s[arrived]), now_s - 1 / rate_hz))
            arrived += 1
        smoothed = smoother.sample(now_s)
        sent = safety.step(smoothed, now_s)
        yield now_s, sent.position
        if arrived == len(arrivals_s) and safety.state is not SafetyState.TAKEOVER and all(
                is_at_rest(command.velocity, spec.max_velocity) for command in (smoothed, sent)):
            return


def _arrivals(stream: Stream) -> Array:
    """(T,) increasing times at which the targets arrive."""
    stamps_s = np.where(np.isfinite(stream.stamps_s), stream.stamps_s, -np.inf)
    arrivals_s = np.maximum.accumulate(stamps_s)
    return np.maximum(arrivals_s, arrivals_s[np.isfinite(arrivals_s)][0])


def write_stream(path: pathlib.Path, spec: RobotSpec,
                 samples: Iterable[tuple[float, Array]]) -> int:
    """Writes the samples with full precision; returns their number. Raises WriteError."""
    count = 0
    with open_table(path) as file:
        writer = csv.writer(file)
        writer.writerow([STAMP, *spec.names])
        for time_s, values in samples:
            writer.writerow([repr(time_s), *map(repr, values.tolist())])
            count += 1
    return count
