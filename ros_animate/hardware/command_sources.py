"""Senders of commands, told apart by their names, as many as there can honestly be."""
from __future__ import annotations

import math

from ros_animate.limits import COMMAND_SOURCES, NAME_LENGTH

FORGET_S = 60.0
# Name of all further senders together; a frame_id that changes with every message ends here.
OTHERS = '(others)'


class CommandSources:
    """When each sender sent last.

    There are at most COMMAND_SOURCES names and OTHERS, so that a name that changes all the time
    neither takes memory nor takes over again and again.
    """

    def __init__(self) -> None:
        self._last_s: dict[str, float] = {}

    def identify(self, name: str, time_s: float) -> str:
        """The name under which a sender is known; senders silent for FORGET_S are forgotten."""
        name = name[:NAME_LENGTH]
        if name in self._last_s:
            return name
        others_s = self._last_s.get(OTHERS, -math.inf)
        if len(self._last_s) >= COMMAND_SOURCES and time_s - others_s >= FORGET_S:
            self._last_s = {known: last_s for known, last_s in self._last_s.items()
                            if time_s - last_s < FORGET_S}
        return OTHERS if len(self._last_s) >= COMMAND_SOURCES else name

    def forget(self, source: str) -> None:
        """Takes a source for one that has never sent."""
        self._last_s.pop(source, None)

    def note(self, source: str, time_s: float) -> None:
        """Notes that a source, as identified, has sent."""
        self._last_s[source] = time_s

    def silence_s(self, source: str, time_s: float) -> float:
        """Time since the source sent last; infinite if it never did."""
        return time_s - self._last_s.get(source, -math.inf)

    def are_too_many(self, time_s: float) -> bool:
        """True if some of the present senders are not told apart."""
        return self.silence_s(OTHERS, time_s) < FORGET_S
