"""A share between 0 and 1 that goes smoothly to where it is told to go."""
from __future__ import annotations

import math


class Ease:
    """Goes from its present value to a target within a given time, without a jump in velocity.

    Args:
        duration_s: Time of a change.
    """

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._from = self._to = 0.0
        self._start_s = -math.inf

    @property
    def target(self) -> float:
        """Destination."""
        return self._to

    def go(self, target: float, now_s: float) -> None:
        """Goes to another target from now on."""
        if target != self._to:
            self._from, self._to, self._start_s = self.value(now_s), target, now_s

    def value(self, now_s: float) -> float:
        """The share at a time that is not before the last change."""
        share = (now_s - self._start_s) / self._duration_s if self._duration_s > 0 else 1.0
        share = min(max(share, 0.0), 1.0)
        return self._from + share * share * (3 - 2 * share) * (self._to - self._from)
