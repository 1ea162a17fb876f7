"""Interval between the frames that a policy answers."""
from __future__ import annotations

PLAUSIBLE_S = (1 / 120, 1 / 10)
USUAL_S = 1 / 30


class FrameInterval:
    """Measures the interval by the stamps of the frames."""

    def __init__(self) -> None:
        self._stamp_s: float | None = None
        self._interval_s = USUAL_S

    def next(self, stamp_s: float) -> float:
        """Seconds since the last frame, kept plausible; the usual interval at the first one."""
        if self._stamp_s is not None and stamp_s > self._stamp_s:
            low, high = PLAUSIBLE_S
            self._interval_s = min(max(stamp_s - self._stamp_s, low), high)
        self._stamp_s = stamp_s
        return self._interval_s
