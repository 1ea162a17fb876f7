"""Judgement of the stamps of incoming messages, and of the clock that they are compared with.

The age of the newest camera frame decides whether the robot moves, so a stamp has to be the time
at which the frame was taken. Where a sender's stamps cannot be that, its messages are stamped when
they arrive. Imports no ROS.
"""
from __future__ import annotations

import enum
from collections import deque

from ros_animate.hardware.safety_config import SafetyConfig

SECOND = 10 ** 9
# Older or further ahead than this a frame is refused by the safety layer.
MAX_AGE_S, MAX_AHEAD_S = SafetyConfig.stale_s, SafetyConfig.future_s
# Results of our own stages may be old, because a network is slow; older ones are another clock's.
MAX_RESULT_AGE_S = 60.0
# No image is from before 2001: such stamps count from the start of a machine.
_EARLIEST_NS = 10 ** 9 * SECOND
_WINDOW = 10
# Good stamps in a row after which later defects are the transport's, not the sender's clock's.
_TRUST = 10
# Good stamps in a row after which messages are no longer stamped on arrival.
_HEAL = 30
# Clocks and stamps that jump back further than this were set back.
_REWIND_NS = SECOND // 2
# (messages, seconds) for which the first stamps are alike before they are judged.
_FAST, _SLOW = (5, 1.0), (2, 1.5)
# Our own stages replace defective stamps as soon as they have judged them: the stages behind them
# judge later, and a camera's defect is told by one node.
RESULT_PATIENCE_S = 0.5


class StampDefect(enum.Enum):
    """Defect of a stamp.

    Attributes:
        value: Name.
        message: Explanation for people; {0} is the age in seconds, or how far the stamp is ahead.
        remedy: What to set.
    """

    ZERO = 'zero', 'have no stamps (zero)', "let the sender's driver set header.stamp"
    CONSTANT = ('constant', 'all have the same stamp',
                "let the sender's driver set header.stamp for each one")
    BACKWARD = ('backward', 'have stamps that run backward',
                'let one sender alone use the topic, with a clock that is not set back')
    PAST = ('past', 'have stamps {0:.1f} s in the past',
            'synchronise the clocks of both machines (chrony, NTP), or set use_sim_time for the '
            'time of a bag')
    FUTURE = ('future', 'have stamps {0:.1f} s in the future',
              'synchronise the clocks of both machines (chrony, NTP), or set use_sim_time for all '
              'nodes alike')
    BOOT = ('boot', 'have stamps that count from the start of a machine',
            "let the sender's driver stamp with the ROS clock")

    message: str
    remedy: str

    def __new__(cls, value: str, message: str, remedy: str) -> StampDefect:
        defect = object.__new__(cls)
        defect._value_ = value
        defect.message, defect.remedy = message, remedy
        return defect


# Such a stamp is replaced at once: one of them alone may keep later messages from being used.
_IMPOSSIBLE = (StampDefect.ZERO, StampDefect.FUTURE, StampDefect.BOOT)


class StampMonitor:
    """Judges the stamps of one sender and replaces those that cannot be right.

    Messages without a stamp, from the future or from before 2001 get the time of their arrival,
    each by itself. Stamps that are constant, old or run backward from the beginning are replaced
    once they have shown that for a moment. After some good stamps, old and repeated ones are taken
    for the truth: messages are late, or the sender repeats one, and the robot has to hold.

    Args:
        noun: Name of the messages in the verdict, e.g. 'images'.
        max_age_s: Age above which a stamp is old.
        max_ahead_s: A stamp that is further ahead is in the future.
        patience_s: Seconds by which equal and old stamps are judged later than usual.

    Attributes:
        defect: Defect that the stamps have lately, None while they are good.
        verdict: Judgement for people; '' while they are good.
        on_arrival: Defect because of which all messages are stamped on arrival, also those that
            look good; None otherwise.
    """

    def __init__(self, noun: str, max_age_s: float = MAX_AGE_S,
                 max_ahead_s: float = MAX_AHEAD_S, patience_s: float = 0.0) -> None:
        self._noun, self._patience_s = noun, patience_s
        self._max_age_ns, self._max_ahead_ns = int(max_age_s * SECOND), int(max_ahead_s * SECOND)
        self.verdict = ''
        self.defect: StampDefect | None = None
        self.on_arrival: StampDefect | None = None
        self._now_ns, self._newest_ns, self._replaced_ns = 0, 0, 0
        self._last_ns: int | None = None
        self._recent: deque[StampDefect | None] = deque(maxlen=_WINDOW)
        self._good, self._trusted = 0, False
        # Defect of the last stamps, their number, and since when they have it.
        self._since: tuple[StampDefect | None, int, float] = (None, 0, 0.0)

    def judge(self, stamp_ns: int, now_ns: int, steady_s: float) -> int:
        """The stamp to be used for a message, in nanoseconds.

        Args:
            stamp_ns: Stamp in the message.
            now_ns: Time on the clock of the stamps, > 0.
            steady_s: Time on a clock that neither jumps nor stands still.
        """
        if now_ns < self._now_ns - _REWIND_NS:
            self._forget()
        self._now_ns = now_ns
        defect = self._defect(stamp_ns, now_ns)
        self._note(defect, now_ns - stamp_ns, steady_s)
        if defect not in _IMPOSSIBLE:
            self._last_ns, self._newest_ns = stamp_ns, max(stamp_ns, self._newest_ns)
            if self.on_arrival is None:
                return stamp_ns
        # Later stages tell frames apart by their stamps, also while the clock stands still.
        self._replaced_ns = max(now_ns, self._replaced_ns + 1)
        return self._replaced_ns

    def _forget(self) -> None:
        self._last_ns, self._newest_ns, self._replaced_ns = None, 0, 0
        self._recent.clear()
        self._good, self._trusted = 0, False
        self._since = (None, 0, 0.0)

    def _defect(self, stamp_ns: int, now_ns: int) -> StampDefect | None:
        if not stamp_ns:
            return StampDefect.ZERO
        if stamp_ns > now_ns + self._max_ahead_ns:
            return StampDefect.FUTURE
        if stamp_ns < _EARLIEST_NS < now_ns:
            return StampDefect.BOOT
        if self._last_ns is not None and stamp_ns == self._last_ns:
            return StampDefect.CONSTANT
        if self._last_ns is not None and stamp_ns < self._last_ns:
            self._trusted &= self._last_ns - stamp_ns < _REWIND_NS
            return StampDefect.BACKWARD
        return StampDefect.PAST if now_ns - stamp_ns > self._max_age_ns else None

    def _note(self, defect: StampDefect | None, age_ns: int, steady_s: float) -> None:
        """Updates trust and verdict with the defect of one stamp."""
        self._recent.append(defect)
        if defect is None:
            self._good += 1
            self._trusted |= self._good >= _TRUST
            if self._good >= _HEAL or (self.on_arrival is None and self._good >= _TRUST):
                self.verdict, self.defect, self.on_arrival = '', None, None
            return
        self._good = 0
        behind_ns = self._newest_ns - self._now_ns + age_ns
        if self.on_arrival is not None or not self._is_lasting(defect, behind_ns, steady_s):
            return
        self.defect = defect
        text = f'{self._noun} {defect.message.format(abs(age_ns) / SECOND)}'
        if self._trusted and defect in (StampDefect.CONSTANT, StampDefect.PAST):
            self.verdict = f'{text}: they are late or repeated, and are not followed'
            return
        if defect not in _IMPOSSIBLE:
            self.on_arrival = defect
        self.verdict = f'{text}: they are stamped on arrival; {defect.remedy}'

    def _is_lasting(self, defect: StampDefect, behind_ns: int, steady_s: float) -> bool:
        """True if the defect is not that of a single message.

        Args:
            defect: Defect of the present message.
            behind_ns: How far its stamp is behind the newest; senders that take turns are close.
            steady_s: Time of its arrival.
        """
        if defect in _IMPOSSIBLE:
            return self._recent.count(defect) >= 2
        if defect is StampDefect.BACKWARD:
            return self._recent.count(defect) >= 3 and behind_ns > _REWIND_NS
        kind, count, start_s = self._since
        if kind is not defect or None in list(self._recent)[-2:]:
            count, start_s = 0, steady_s
        self._since = defect, count + 1, start_s
        passed_s = steady_s - start_s - self._patience_s
        return any(count + 1 >= messages and passed_s >= seconds
                   for messages, seconds in (_FAST, _SLOW))


class ClockMonitor:
    """Notices that the clock of the stamps stands still."""

    def __init__(self) -> None:
        self._now_ns: int | None = None
        self._changed_s = 0.0

    def trouble(self, now_ns: int, steady_s: float) -> str:
        """Trouble of the clock, '' if it runs.

        Args:
            now_ns: Time on the clock; 0 before the first message of a simulated one.
            steady_s: Time on a steady clock.
        """
        if now_ns != self._now_ns:
            self._now_ns, self._changed_s = now_ns, steady_s
        if not now_ns:
            return ('use_sim_time is set, but nobody publishes /clock: nothing is stamped and the '
                    'robot does not move; start the simulator or the bag, or leave out '
                    'use_sim_time')
        stands_s = steady_s - self._changed_s
        if stands_s < 0.9:
            return ''
        return (f'the clock has been standing at {now_ns / SECOND:.1f} s for {stands_s:.0f} s: '
                '/clock is paused or has ended (use_sim_time is set)')
