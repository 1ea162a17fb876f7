"""Progress of long work: a bar in a terminal, a line every ten seconds elsewhere."""
from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from tqdm import tqdm

LINE_PERIOD_S = 10.0
PROGRAM = 'ros_animate'

Item = TypeVar('Item')


class Progress:
    """Shows how far some work is; a context manager.

    Args:
        doing: The work, e.g. 'writing the files'.
        total: Number of units in the end; None if unknown.
        unit: A noun, e.g. 'frame'.
        quiet: True to show nothing.
        initial: Number of units that are done already.
        leave: True if the bar stays in the terminal at the end.
        now: Clock in seconds.

    Attributes:
        count: Number of units that are done.
        total: Number of units in the end; None if unknown. May change.
    """

    def __init__(self, doing: str, total: int | None, unit: str, *, quiet: bool = False,
                 initial: int = 0, leave: bool = True,
                 now: Callable[[], float] = time.monotonic) -> None:
        self.count = initial
        self._doing, self.total, self._unit, self._now = doing, total, unit, now
        self._start, self._start_s = initial, now()
        self._due_s = self._start_s + LINE_PERIOD_S
        self._note = ''
        self._bar: Any = None
        self._writes_lines = not quiet and not sys.stderr.isatty()
        if not quiet and not self._writes_lines:
            tqdm.monitor_interval = 0  # no thread: workers may be forked later
            self._bar = tqdm(total=total, desc=doing, unit=unit, initial=initial,
                             dynamic_ncols=True, miniters=1, leave=leave, file=_Terminal())

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yields the items and counts one unit for each; closes the bar at the end."""
        with self:
            for item in items:
                yield item
                self.add()

    def add(self, count: int = 1) -> None:
        """Counts further units."""
        self.set(self.count + count)

    def set(self, count: int, note: str = '') -> None:
        """Shows that `count` units are done; to be called often, also without a change.

        Args:
            count: Number of units.
            note: A figure to show beside it, e.g. '31 ms'.
        """
        self._note = note or self._note
        if self._bar is not None:
            if self._note:
                self._bar.set_postfix_str(self._note, refresh=False)
            self._bar.total = self.total
            self._bar.update(count - self.count)
        self.count = count
        if self._writes_lines and self._now() >= self._due_s:
            self._due_s = self._now() + LINE_PERIOD_S
            write_line(f'{PROGRAM}: {self.line()}')

    def close(self) -> None:
        """Ends the bar; may be called twice."""
        if self._bar is not None:
            self._bar.close()

    def left_s(self, count: int) -> float | None:
        """Time until the end at the present rate once `count` units are done; None if unknown."""
        done = count - self._start
        if self.total is None or done <= 0:
            return None
        return (self._now() - self._start_s) * (self.total - count) / done

    def line(self) -> str:
        """The progress in one line."""
        elapsed_s = self._now() - self._start_s
        rate = (self.count - self._start) / elapsed_s if elapsed_s > 0 else 0.0
        share = f' of {self.total}' if self.total else ''
        note = f', {self._note}' if self._note else ''
        return (f'{self._doing}: {self.count}{share} {self._unit}s in {elapsed_s:.0f} s, '
                f'{rate:.3g} a second{note}')


def write_line(line: str) -> None:
    """Writes a line to standard error, above a bar; nothing where the terminal has gone."""
    with contextlib.suppress(OSError, ValueError):
        tqdm.write(line, file=sys.stderr)
        sys.stderr.flush()


class _Terminal:
    """Standard error; a bar does not stop the work when its terminal goes away."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)
