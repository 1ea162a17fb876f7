"""Values as they were some time ago, each by its own delay."""
from __future__ import annotations

import numpy as np

from ros_animate.types import Array


class DelayLine:
    """Keeps the past of some values for as long as their delays need it.

    Args:
        delay_s: (N,) delays, >= 0.
        values: (N,) values before the first that are noted.
    """

    def __init__(self, delay_s: Array, values: Array) -> None:
        self._delay_s, self._first = delay_s, values
        self._longest_s = float(delay_s.max(initial=0.0))
        self._past: list[tuple[float, Array]] = []

    def push(self, now_s: float, values: Array) -> None:
        """Notes the present values (N,); a time before the last one begins a new past."""
        if self._past and now_s < self._past[-1][0]:
            self._past.clear()
        self._past.append((now_s, values))
        while len(self._past) > 1 and self._past[1][0] <= now_s - self._longest_s:
            self._first = self._past.pop(0)[1]

    def at(self, now_s: float) -> Array:
        """(N,) the delayed values, linear between those that were noted."""
        if not self._past:
            return self._first
        if self._longest_s == 0.0:
            return self._past[-1][1]
        times, values = zip(*self._past)
        return np.array([np.interp(now_s - delay_s, times, column, left=first) for
                         delay_s, column, first in zip(self._delay_s, np.array(values).T,
                                                       self._first)])
