"""Reliable media time from the times that containers and drivers report."""
from __future__ import annotations

import math

FALLBACK_FPS = 30.0


def sane_fps(reported: float) -> float:
    """The reported frames a second, or 30 if the container reports nonsense (0, NaN, 1000, …)."""
    return float(reported) if 1.0 <= reported <= 240.0 else FALLBACK_FPS


class Stamps:
    """Strictly increasing stamps in seconds, 0 for the first frame.

    A reported time is used if it lies after the last stamp and not absurdly far ahead; otherwise
    the frame is stamped one nominal period after the last one.
    """

    MIN_STEP_S = 1e-3
    MAX_STEP_S = 10.0

    def __init__(self, fps: float) -> None:
        self._period_s = 1.0 / fps
        self._last_s: float | None = None
        self._offset_s: float | None = None

    def restart(self) -> None:
        """The reported times start over (a video in a loop); the stamps go on increasing."""
        self._offset_s = None

    def next(self, reported_s: float) -> float:
        """Stamp of the next frame, whose reported time is `reported_s` (NaN if there is none)."""
        expected_s = 0.0 if self._last_s is None else self._last_s + self._period_s
        if self._offset_s is None:
            self._offset_s = expected_s - (reported_s if math.isfinite(reported_s) else 0.0)
        stamp_s = reported_s + self._offset_s
        if self._last_s is not None:
            step_s = stamp_s - self._last_s
            if not self.MIN_STEP_S <= step_s <= self.MAX_STEP_S:
                stamp_s = expected_s
        elif not math.isfinite(stamp_s):
            stamp_s = expected_s
        self._last_s = stamp_s
        return stamp_s
