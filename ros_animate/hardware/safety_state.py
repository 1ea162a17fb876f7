"""States of the safety layer."""
from __future__ import annotations

import enum


class SafetyState(enum.Enum):
    """State of the safety layer.

    Attributes:
        value: Text in diagnostics and reports.
        message: Explanation for people.
    """

    IDLE = 'idle', 'no command yet'
    TAKEOVER = 'takeover', 'blending over to a new source of commands'
    TRACKING = 'tracking', 'following commands'
    HOLD = 'hold', 'hold: no usable command'
    NEUTRAL = 'neutral', 'neutral: no usable command'
    RESTING = 'resting', 'at the requested pose or on the way to it'
    ESTOP = 'estop', 'emergency stop'

    message: str

    def __new__(cls, value: str, message: str) -> SafetyState:
        state = object.__new__(cls)
        state._value_ = value
        state.message = message
        return state
