"""Waiting for a point that another process reaches."""
from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

PATIENCE_S, POLL_S = 180.0, 0.002


def wait_until(is_reached: Callable[[], bool], process: subprocess.Popen) -> None:
    """Waits until a process has reached a point, or has ended."""
    end_s = time.monotonic() + PATIENCE_S
    while not is_reached() and process.poll() is None:
        assert time.monotonic() < end_s, 'the process does not get there'
        time.sleep(POLL_S)
