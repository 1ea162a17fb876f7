"""Subscriptions whose newest message is taken when somebody asks for it, not when it comes."""
from __future__ import annotations

import threading
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message

from ros_animate.limits import MESSAGE_BYTES


class _NeverExecuted(CallbackGroup):
    """Keeps an executor from waiting for subscriptions; what they receive stays with them."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        pass


class PolledSubscriptions:
    """Subscriptions of a node, taken from by name; may be used by several threads.

    A topic may carry far more messages than a person can look at: a callback for each would take
    a sixth of a core for one pipeline. The middleware keeps the newest in the meantime.

    Args:
        node: The node, whose executor runs as usual.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._group = _NeverExecuted()
        self._lock = threading.Lock()
        self._made: dict[str, tuple[Any, Any]] = {}

    def add(self, name: str, topic: str, message_class: Any, qos: QoSProfile) -> None:
        """Subscribes; `qos` keeps the newest message alone. Replaces the subscription of a name."""
        self.remove(name)
        made = self._node.create_subscription(message_class, topic, lambda _: None, qos, raw=True,
                                              callback_group=self._group)
        with self._lock:
            self._made[name] = made, message_class

    def remove(self, name: str) -> None:
        """Ends the subscription of a name, if there is one."""
        with self._lock:
            made, _ = self._made.pop(name, (None, None))
        if made is not None:
            self._node.destroy_subscription(made)

    def take(self, name: str) -> Any | None:
        """The newest message since the last call.

        None if there is none, or if it is broken or far too long.
        """
        with self._lock:
            made, message_class = self._made.get(name, (None, None))
            if made is None:
                return None
            with made.handle:
                found = made.handle.take_message(message_class, True)
        if found is None or len(found[0]) > MESSAGE_BYTES:
            return None
        return deserialized(found[0], message_class)


def deserialized(data: bytes, message_class: Any) -> Any | None:
    """The message in some bytes, None if they hold no such one."""
    try:
        return deserialize_message(data, message_class)
    except (RuntimeError, ValueError):
        return None
