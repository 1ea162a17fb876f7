"""The choice of one among several senders, and the order of its packets. Time is an argument."""
from __future__ import annotations

import math

# A sender whose clock jumps back further has been started again.
RESTART_S = 1.0


class SenderChoice:
    """Follows the first sender until it has been silent for a while.

    Args:
        subject: Name of the sender to follow; '' for the first one.
        wait_s: How long a silent sender is waited for.

    Attributes:
        followed: The followed sender, '' for none.
    """

    def __init__(self, subject: str, wait_s: float) -> None:
        self._subject, self._wait_s = subject, wait_s
        self.followed = ''
        self._last_s = -math.inf
        self._time_s = math.nan

    def reason_to_drop(self, sender: str, subject: str, time_s: float, now_s: float) -> str:
        """Why a packet is dropped, '' for one that is followed.

        Args:
            sender: Address and subject of the sender.
            subject: Its subject alone.
            time_s: Time on the sender's clock, NaN if it has none.
            now_s: Time of arrival.
        """
        if self._subject and subject != self._subject:
            return 'other_subject'
        silent = now_s - self._last_s > self._wait_s
        if sender != self.followed:
            if not silent:
                return 'other_sender'
            self.followed, self._time_s = sender, math.nan
        # NaN compares false.
        elif not silent and 0.0 <= self._time_s - time_s < RESTART_S:
            return 'late'
        self._last_s = now_s
        self._time_s = time_s
        return ''
