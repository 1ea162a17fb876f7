"""Newest messages of topics, taken apart only when somebody asks for them."""
from __future__ import annotations

import threading
import time
from typing import Any

from rclpy.serialization import deserialize_message

from ros_animate.limits import MESSAGE_BYTES


def deserialized(data: bytes, message_class: Any) -> Any | None:
    """The message in some bytes, None if they hold no such one."""
    try:
        return deserialize_message(data, message_class)
    except (RuntimeError, ValueError):
        return None


class NewestMessages:
    """The newest message of each topic as bytes; may be used by several threads.

    A topic may carry far more messages than a person can look at: taking each apart would only
    cost time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._data: dict[str, tuple[bytes, Any]] = {}
        self._arrived_s: dict[str, float] = {}

    def keep(self, topic: str, data: bytes, message_class: Any) -> None:
        """Replaces the message of a topic; one that is far too long is ignored."""
        if len(data) > MESSAGE_BYTES:
            return
        with self._lock:
            self._data[topic] = data, message_class
            self._arrived_s[topic] = time.monotonic()

    def take(self, topic: str) -> Any | None:
        """The newest message, once; None if there is none since the last call, or it is broken."""
        with self._lock:
            found = self._data.pop(topic, None)
        if found is None:
            return None
        return deserialized(*found)

    def age_s(self, topic: str) -> float | None:
        """Seconds since the last message of a topic; None if none has come."""
        with self._lock:
            arrived_s = self._arrived_s.get(topic)
        return None if arrived_s is None else time.monotonic() - arrived_s

    def forget(self) -> None:
        """Drops all messages."""
        with self._lock:
            self._data.clear()
            self._arrived_s.clear()
