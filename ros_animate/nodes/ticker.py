"""When to send: once in every period, at once when there is something new to send."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Slots:
    """Divides time into slots of one period and gives the moment to act in each.

    Something new is answered as soon as half a period has passed since the last action; without it
    the action is due at the end of the slot. So there is exactly one action a slot, two are at
    least half a period and at most two periods apart, and what comes less often than every other
    slot waits 1/8 of a period on average, where a plain timer would let it wait 1/2.
    """

    def __init__(self, period_s: float, now_s: float) -> None:
        self.period_s = period_s
        self._end_s = now_s + period_s
        self._last_s = now_s - period_s
        self._news = False

    def note_news(self) -> None:
        """Something new has come."""
        self._news = True

    def due_s(self) -> float:
        """When to act next."""
        due_s = self._end_s - self.period_s if self._news else self._end_s
        return max(self._last_s + 0.5 * self.period_s, due_s)

    def act(self, now_s: float) -> None:
        """The action of this slot is done."""
        self._news = False
        self._last_s = now_s
        # After a late action the next ones are early; slots that were slept through are gone.
        self._end_s = max(self._end_s + self.period_s, now_s)


class Ticker:
    """Calls a function in a thread of its own as Slots has it, on a clock that cannot jump."""

    def __init__(self, period_s: float, function: Callable[[], None]) -> None:
        self._function = function
        self._period_s = period_s
        self._condition = threading.Condition()
        self._stopping = False
        self._slots = Slots(period_s, time.monotonic())
        self._thread = threading.Thread(target=self._work, name='ticker')

    def start(self) -> None:
        """Begins to tick."""
        self._slots = Slots(self._period_s, time.monotonic())
        self._thread.start()

    def note_news(self) -> None:
        """Something new has come: the next tick is brought forward."""
        with self._condition:
            self._slots.note_news()
            self._condition.notify()

    def stop(self) -> None:
        """Ends the thread; may be called twice."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        while self._wait():
            self._function()

    def _wait(self) -> bool:
        with self._condition:
            while not self._stopping:
                now_s = time.monotonic()
                left_s = self._slots.due_s() - now_s
                if left_s <= 0:
                    self._slots.act(now_s)
                    return True
                self._condition.wait(left_s)
        return False
