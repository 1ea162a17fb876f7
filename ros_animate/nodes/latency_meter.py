"""Latency from the camera frame to the command that answers it."""
from __future__ import annotations

from builtin_interfaces.msg import Time as TimeMessage
from std_msgs.msg import Header

from ros_animate.nodes.diagnostics import Diagnostics
from ros_animate.nodes.messages import seconds

# A refused command leaves an earlier one in force, so the newest header alone is not enough.
KEPT_HEADERS = 8


class LatencyMeter:
    """Matches sent commands with the headers of the camera frames that they answer.

    Args:
        diagnostics: Receives the count `answered` and the durations `latency_ms`.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._headers: dict[float, Header] = {}
        self._answered_s = 0.0

    def note_trajectory(self, stamp_s: float, header: Header) -> bool:
        """Keeps the header of a trajectory; returns True for the first answer to its frame.

        Args:
            stamp_s: Stamp of the trajectory's commands.
            header: Header of the message.
        """
        is_first = stamp_s not in self._headers
        while len(self._headers) >= KEPT_HEADERS:
            del self._headers[next(iter(self._headers))]
        self._headers[stamp_s] = header
        return is_first

    def note_sent(self, stamp_s: float, sent_s: float) -> Header:
        """Measures the latency of the first command for a frame; returns the frame's header.

        A command that answers no frame (manual mode) gets an empty header.

        Args:
            stamp_s: Stamp of the command.
            sent_s: Time at which it was sent.
        """
        header = self._headers.get(stamp_s)
        if header is None:
            return Header(stamp=TimeMessage())
        if stamp_s != self._answered_s:
            self._answered_s = stamp_s
            self._diagnostics.count('answered')
            self._diagnostics.measure('latency_ms', 1e3 * (sent_s - seconds(header.stamp)))
        return header
