"""Differences between the outputs of a pipeline and those that a bag holds.

Differences are fractions of each column's range: 0.02 of a control that goes from -1 to 1 is 0.04.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.types import Array

Times = NDArray[np.int64]
# Greatest shift between two curves of commands that is looked for.
MAX_SHIFT_MS = 200
# A command is missing where none was sent for so many of the recording's periods.
MISSING_PERIODS = 3.0
# Of the moments of commands, which were seconds as a float.
RESOLUTION_NS = 2000


@dataclass(frozen=True)
class Series:
    """Values of one topic over time.

    Attributes:
        names: (N,) columns.
        scale: (N,) range of each column.
        times_ns: (M,) increasing: stamps of the answered camera frames; for commands the moments
            of sending.
        arrivals_ns: (M,) moments of arrival.
        values: (M, N).
        rates: (2, M, N) velocities and accelerations, of commands only.
    """

    names: tuple[str, ...]
    scale: Array
    times_ns: Times
    arrivals_ns: Times
    values: Array
    rates: Array | None = None

    def until(self, end_ns: int) -> Series | None:
        """The part up to a moment; None if there is none."""
        count = int(np.searchsorted(self.times_ns, end_ns, side='right'))
        rates = None if self.rates is None else self.rates[:, :count]
        return replace(self, times_ns=self.times_ns[:count], arrivals_ns=self.arrivals_ns[:count],
                       values=self.values[:count], rates=rates) if count else None


@dataclass(frozen=True)
class Tolerances:
    """Allowed deviations from a bag.

    Attributes:
        difference: Greatest difference, as a fraction of the range.
        named: Other values of it by the name of a topic or a column; a column's wins.
        missing: Allowed fraction of messages without a counterpart.
        late_ms: How much later than in the recording an answer may come, in milliseconds.
    """

    difference: float = 0.01
    named: Mapping[str, float] = field(default_factory=dict)
    missing: float = 0.0
    late_ms: float = 50.0

    def of(self, topic: str, names: Sequence[str]) -> Array:
        """(N,) tolerance of each column of a topic."""
        common = self.named.get(topic, self.difference)
        return np.array([self.named.get(name, common) for name in names])

    def check(self, known: Sequence[str]) -> None:
        """Raises ConfigurationError for a name that is neither a topic nor a column."""
        for name in self.named:
            if name not in known:
                raise ConfigurationError(f'--tolerance: no topic or control {name!r}; '
                                         f'{suggest(name, known)}')


@dataclass(frozen=True)
class Comparison:
    """Differences of one topic.

    Attributes:
        topic: Name of the topic.
        recorded, tested: The two series.
        mean, maximum: (N,) absolute difference of each column, as a fraction of its range.
        worst_ns: (N,) time of the greatest difference.
        tolerance: (N,) allowed greatest difference.
        count: Number of compared messages.
        missing: Number of recorded messages without a counterpart.
        late: Number of answers that came too late.
        late_ms: 95th percentile of the additional delay, in milliseconds.
    """

    topic: str
    recorded: Series
    tested: Series
    mean: Array
    maximum: Array
    worst_ns: Times
    tolerance: Array
    count: int
    missing: int
    late: int
    late_ms: float


@dataclass(frozen=True)
class Check:
    """One line of the verdict.

    Attributes:
        topic: Topic that it is about.
        name: A column, or 'missing', 'late' or 'limits'.
        passed: True if it is within its tolerance.
        message: Figures in words.
    """

    topic: str
    name: str
    passed: bool
    message: str


def compare_answers(topic: str, recorded: Series, tested: Series,
                    tolerances: Tolerances) -> Comparison:
    """Compares the answers to the same camera frames."""
    _require_columns(topic, recorded, tested)
    _, first, second = np.intersect1d(recorded.times_ns, tested.times_ns, return_indices=True)
    columns = [tested.names.index(name) for name in recorded.names]
    difference = tested.values[second][:, columns] - recorded.values[first]
    delay_ms = 1e-6 * (tested.arrivals_ns[second] - recorded.arrivals_ns[first])
    return _comparison(topic, recorded, tested, difference, recorded.times_ns[first], tolerances,
                       missing=len(recorded.times_ns) - len(first), delay_ms=delay_ms)


def compare_curves(topic: str, recorded: Series, tested: Series, tolerances: Tolerances, *,
                   align: bool) -> Comparison:
    """Compares what was commanded at the recorded moments of sending.

    Args:
        topic: Name of the topic.
        recorded: The commands in the bag.
        tested: The pipeline's commands, which are interpolated.
        tolerances: Allowed deviations.
        align: True to take a constant delay between the two out, and to report it as lateness.
    """
    _require_columns(topic, recorded, tested)
    is_common = ((recorded.times_ns >= tested.times_ns[0] - RESOLUTION_NS)
                 & (recorded.times_ns <= tested.times_ns[-1] + RESOLUTION_NS))
    times = recorded.times_ns[is_common]
    values = recorded.values[is_common]
    shift_ms = _best_shift(times, values, tested, recorded.scale) if align else 0
    difference = _at(tested, times + shift_ms * 10 ** 6) - values
    return _comparison(topic, recorded, tested, difference, times, tolerances,
                       missing=int(np.sum(~is_common)) + _in_gaps(recorded, tested, times),
                       delay_ms=np.full(len(times), float(shift_ms)))


def _in_gaps(recorded: Series, tested: Series, times: Times) -> int:
    """Number of the moments that lie in a gap between two tested commands."""
    if len(recorded.times_ns) < 2 or len(tested.times_ns) < 2:
        return 0
    longest = MISSING_PERIODS * np.median(np.diff(recorded.times_ns))
    after = np.searchsorted(tested.times_ns, times).clip(1, len(tested.times_ns) - 1)
    distance = np.minimum(np.abs(tested.times_ns[after] - times),
                          np.abs(tested.times_ns[after - 1] - times))
    return int(np.sum((distance > RESOLUTION_NS)
                      & (np.diff(tested.times_ns)[after - 1] > longest)))


def verdict(comparison: Comparison, tolerances: Tolerances) -> list[Check]:
    """The checks of one topic: its columns, missing and late messages."""
    c, total = comparison, len(comparison.recorded.times_ns)
    checks = [Check(c.topic, name, bool(c.maximum[i] <= c.tolerance[i]),
                    f'greatest difference {c.maximum[i]:.4f} of the range at '
                    f'{1e-9 * (c.worst_ns[i] - c.recorded.times_ns[0]):.2f} s, mean '
                    f'{c.mean[i]:.4f}, allowed {c.tolerance[i]:g}')
              for i, name in enumerate(c.recorded.names)]
    allowed = tolerances.missing * total
    checks.append(Check(c.topic, 'missing', c.missing <= allowed and c.count > 0,
                        f'{c.missing} of {total} messages are missing, allowed {allowed:.0f}'))
    checks.append(Check(c.topic, 'late', c.late <= allowed, (
        f'{c.late} of {c.count} answers came more than {tolerances.late_ms:g} ms later than in '
        f'the recording (95 of 100 within {c.late_ms:.0f} ms), allowed {allowed:.0f}')))
    return checks


def _comparison(topic: str, recorded: Series, tested: Series, difference: Array, times: Times,
                tolerances: Tolerances, *, missing: int, delay_ms: Array) -> Comparison:
    """The figures of the differences (K, N) at `times` (K,)."""
    size = len(recorded.names)
    fraction = np.abs(difference) / recorded.scale
    worst = times[np.argmax(fraction, 0)] if len(times) else np.zeros(size, np.int64)
    return Comparison(
        topic, recorded, tested,
        mean=fraction.mean(0) if len(times) else np.zeros(size),
        maximum=fraction.max(0) if len(times) else np.zeros(size),
        worst_ns=worst, tolerance=tolerances.of(topic, recorded.names), count=len(times),
        missing=missing, late=int(np.sum(delay_ms > tolerances.late_ms)),
        late_ms=float(np.percentile(delay_ms, 95)) if len(times) else 0.0)


def _require_columns(topic: str, recorded: Series, tested: Series) -> None:
    """Raises ConfigurationError if the pipeline lacks a column of the recording."""
    missing = [name for name in recorded.names if name not in tested.names]
    if missing:
        raise ConfigurationError(f'{topic}: the bag has {missing[0]!r}, which this pipeline does '
                                 'not give; choose the plug-ins of the recording')


def _at(series: Series, times: Times) -> Array:
    """(K, N) values at `times` (K,), interpolated."""
    # Whole nanoseconds since 1970 do not fit a float.
    start = series.times_ns[0]
    x, known = (times - start).astype(float), (series.times_ns - start).astype(float)
    return np.stack([np.interp(x, known, column) for column in series.values.T], axis=1)


def _best_shift(times: Times, values: Array, tested: Series, scale: Array) -> int:
    """Delay of the tested curve in whole milliseconds at which it differs least."""
    if not len(times):
        return 0
    shifts = range(-MAX_SHIFT_MS, MAX_SHIFT_MS + 1, 2)
    thin = slice(None, None, max(1, len(times) // 1000))
    errors = [np.mean(np.abs(_at(tested, times[thin] + shift * 10 ** 6) - values[thin]) / scale)
              for shift in shifts]
    return min(zip(errors, shifts), key=lambda pair: (round(pair[0], 9), abs(pair[1])))[1]
