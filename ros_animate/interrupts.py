"""Handling of Ctrl-C and SIGTERM at safe points."""
from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class DeferredSignals:
    """Notes the first Ctrl-C or SIGTERM until `check`; a second one acts at once.

    Python raises KeyboardInterrupt anywhere in the main thread, also inside a lock or a queue that
    other threads wait for; they may then wait for ever. A context manager for the main thread.
    """

    def __init__(self) -> None:
        self._noted: signal.Signals | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> DeferredSignals:
        self._previous = {number: signal.signal(number, self._note) for number in SIGNALS}
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
            else:  # the system's default, or ignored: in a shell's background Ctrl-C is
                signal.raise_signal(number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted = signal.Signals(number)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
