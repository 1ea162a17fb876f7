"""Handling of Ctrl-C, SIGTERM and SIGHUP (a terminal that goes away) at safe points."""
from __future__ import annotations

import contextlib
import os
import signal
import stat
from types import FrameType, TracebackType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DeferredSignals:
    """Notes the first of the SIGNALS until `check`; a second one acts at once.

    Python raises KeyboardInterrupt anywhere in the main thread, also inside a lock or a queue that
    other threads wait for; they may then wait for ever. A context manager for the main thread.
    Ignored signals (Ctrl-C in a shell's background, SIGHUP under nohup) stay ignored.
    """

    def __init__(self) -> None:
        self._noted: signal.Signals | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> DeferredSignals:
        self._previous = {number: signal.signal(number, self._note) for number in SIGNALS
                          if signal.getsignal(number) != signal.SIG_IGN}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._restore()

    def check(self) -> None:
        """Handles the noted signal, if any, as it would be handled without this object."""
        if self._noted is not None:
            number, self._noted = self._noted, None
            handler = self._previous[number]
            if callable(handler):
                handler(number, None)
            else:  # the system's default
                signal.raise_signal(number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted = signal.Signals(number)
        if number == signal.SIGHUP:
            leave_terminal()
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)


def unwind_on_signals() -> None:
    """SIGTERM and SIGHUP unwind like Ctrl-C, so that files are closed and the robot stops.

    The exit status is 128 + the number of the signal, as in a shell.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _unwind)


def leave_terminal() -> None:
    """Drops what is written to a terminal from now on: every write to one that has gone fails."""
    with open(os.devnull, 'w') as nowhere:
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # it is closed
                if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                    os.dup2(nowhere.fileno(), descriptor)


def _unwind(number: int, frame: FrameType | None) -> NoReturn:
    if number == signal.SIGHUP:
        leave_terminal()
    raise SystemExit(128 + number)
