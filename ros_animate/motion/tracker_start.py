"""Start of MediaPipe's graphs: quiet, and within a limited time."""
from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ros_animate.errors import UserError

# A start takes a fraction of a second, on a busy machine a few.
START_TIMEOUT_S = 30.0

T = TypeVar('T')


class TrackerStartError(UserError):
    """The face tracker does not start; the message says what to do."""


def start_quietly(start: Callable[[], T], timeout_s: float = START_TIMEOUT_S) -> T:
    """The result of `start`, which runs in a thread of its own: MediaPipe may hang in it.

    Raises:
        TrackerStartError: There is no result after `timeout_s`.
        Exception: What `start` raises.
    """
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((start(), None))
        except BaseException as error:
            outcome.append((None, error))
    thread = threading.Thread(target=run, name='tracker start', daemon=True)
    with quiet_stderr():
        thread.start()
        thread.join(timeout_s)
    if not outcome:
        raise TrackerStartError(f'the face tracker did not start within {timeout_s:g} s: try '
                                'again, with less load on this machine')
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keeps the tracker's C++ messages, which no log level stops, off the terminal."""
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
