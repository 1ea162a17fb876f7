"""Number of steps of a training: given, or as many as fit into a time on this machine."""
from __future__ import annotations

import math
import time
from collections.abc import Callable

# Part of the time that is left for what follows the last step: validation, weights, card.
RESERVE = 0.02
# Steps before the first estimate, and growth of the number of steps until the next one.
FIRST, GROWTH = 5, 1.02


class StepPlan:
    """The steps of one training; learning rates and other schedules follow `steps`.

    With `minutes` the number of steps is estimated again and again from the time that the later
    half of the steps so far has taken, so that schedules are complete when the time is over. The
    first steps, in which libraries choose kernels and caches fill, soon no longer count.

    Args:
        steps: Number of steps; with `minutes` the number before the first estimate.
        minutes: Time of the whole run, earlier starts and this start's preparations included;
            None for exactly `steps`.
        now: Clock in seconds.

    Attributes:
        steps: Number of steps of the whole run, as far as it is known.
    """

    def __init__(self, steps: int, minutes: float | None = None, *,
                 now: Callable[[], float] = time.monotonic) -> None:
        self.steps = steps
        self._limit_s = None if minutes is None else 60.0 * minutes
        self._now, self._start_s = now, now()
        self._marks: list[tuple[int, float]] = []  # (step, seconds) of the estimates
        self._next = 0

    @property
    def is_timed(self) -> bool:
        """True if the number of steps follows the time."""
        return self._limit_s is not None

    def before(self, share: float, cost: float) -> StepPlan:
        """The plan of a stage before these steps.

        Args:
            share: Number of its steps, as a part of these.
            cost: Time of one of its steps, in steps of these.
        """
        if self._limit_s is None or not share:
            return StepPlan(round(share * self.steps))
        left_s = self._limit_s - (self._now() - self._start_s)
        return StepPlan(FIRST, left_s * share * cost / (1.0 + share * cost) / 60.0, now=self._now)

    def begin(self, step: int, earlier_s: float) -> None:
        """Begins, or goes on with, the steps.

        Args:
            step: Number of steps done.
            earlier_s: Seconds that earlier starts took.
        """
        self._start_s -= earlier_s
        self._marks = [(step, self._now())]
        self._next = step + FIRST

    def resume(self, steps: int) -> None:
        """Begins with the number of steps that an earlier start has estimated."""
        if self.is_timed:
            self.steps = steps

    def advance(self, step: int, agree: Callable[[int], int]) -> None:
        """Estimates `steps` anew from time to time; to be called after every step.

        Args:
            step: Number of steps done.
            agree: Function from this process's estimate to the one that all processes use.
        """
        if self.is_timed and step >= min(self._next, self.steps):
            self.steps = max(step, agree(self._estimate(step)))
            self._next = max(step + FIRST, math.ceil(GROWTH * step))

    def _estimate(self, step: int) -> int:
        """Number of steps of the whole run that will fit, after `step` of them."""
        assert self._limit_s is not None
        now_s = self._now()
        self._marks.append((step, now_s))
        since, since_s = next(mark for mark in reversed(self._marks)
                              if mark[0] <= (self._marks[0][0] + step) / 2)
        step_s = max((now_s - since_s) / (step - since), 1e-9)
        left_s = (1.0 - RESERVE) * self._limit_s - (now_s - self._start_s)
        return step + max(0, math.floor(left_s / step_s))
