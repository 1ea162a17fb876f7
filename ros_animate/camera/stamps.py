"""Reliable media time from the times that containers and drivers report."""
from __future__ import annotations

import math

FALLBACK_FPS = 30.0


def sane_fps(reported: float) -> float:
    """The reported frames a second, or 30 if the container reports nonsense (0, NaN, 1000, …)."""
    return float(reported) if 0.1 <= reported <= 500.0 else FALLBACK_FPS


class Stamps:
    """Strictly increasing stamps in seconds, 0 for the first frame.

    A reported time is used if it lies after the last stamp and not absurdly far ahead. Otherwise
    the frame is stamped one nominal period after the last one, or as long after it as the reported
    times are apart, if these go on from another time (a recording that was put together).

    Args:
        fps: Nominal frames a second.
        max_step_s: Longest pause between two frames.
    """

    MIN_STEP_S = 1e-3
    MAX_STEP_S = 10.0
    LATE_S = 1.0  # reported times that lie behind by less are waited for

    def __init__(self, fps: float, max_step_s: float = MAX_STEP_S) -> None:
        self._period_s = 1.0 / fps
        self._max_step_s = max_step_s
        self._last_s: float | None = None
        self._offset_s: float | None = None
        self._reported_s = math.nan

    def restart(self) -> None:
        """The reported times start over (a video in a loop); the stamps go on increasing."""
        self._offset_s = None

    def next(self, reported_s: float) -> float:
        """Stamp of the next frame, whose reported time is `reported_s` (NaN if there is none)."""
        expected_s = 0.0 if self._last_s is None else self._last_s + self._period_s
        if self._offset_s is None:
            self._offset_s = expected_s - (reported_s if math.isfinite(reported_s) else 0.0)
            self._reported_s = math.nan
        stamp_s = reported_s + self._offset_s
        if self._last_s is None:
            stamp_s = stamp_s if math.isfinite(stamp_s) else expected_s
        elif not self._is_step(stamp_s - self._last_s):
            stamp_s = self._corrected(stamp_s, reported_s)
        self._last_s, self._reported_s = stamp_s, reported_s
        return stamp_s

    def _is_step(self, step_s: float) -> bool:
        return self.MIN_STEP_S <= step_s <= self._max_step_s

    def _corrected(self, stamp_s: float, reported_s: float) -> float:
        """The stamp of a frame whose reported time does not fit the last stamp."""
        assert self._last_s is not None
        progress_s = reported_s - self._reported_s
        if not self._is_step(progress_s):
            return self._last_s + self._period_s
        if self._last_s - self.LATE_S <= stamp_s <= self._last_s + self.MIN_STEP_S:
            return self._last_s + self.MIN_STEP_S
        self._offset_s = self._last_s + progress_s - reported_s
        return self._last_s + progress_s
