"""Bounded exponential back-off for anything that is tried again after a failure."""
from __future__ import annotations

import math


class Backoff:
    """The times at which a failed attempt may be repeated.

    The first failure is followed by a delay of `first_s`, each further one by twice the delay
    before it, up to `longest_s`. There is no clock inside: the caller gives the time.

    Args:
        first_s: Delay after the first failure, >= 0.
        longest_s: Upper bound of all delays.

    Attributes:
        due_s: Time of the next attempt, minus infinity before the first failure.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        if min(first_s, longest_s) < 0.0:
            raise ValueError(f'delays must be >= 0, got {first_s} and {longest_s}')
        self._first_s, self._longest_s = first_s, longest_s
        self.reset()

    def reset(self) -> None:
        """Notes a success: the next failure is again the first."""
        self._delay_s = min(self._first_s, self._longest_s)
        self.due_s = -math.inf

    def note_failure(self, now_s: float) -> float:
        """Notes a failed attempt at `now_s`; returns the delay in seconds until the next."""
        delay_s = self._delay_s
        self.due_s = now_s + delay_s
        self._delay_s = min(2.0 * delay_s, self._longest_s)
        return delay_s

    def is_due(self, now_s: float) -> bool:
        """True if the next attempt may be made at `now_s`."""
        return now_s >= self.due_s
