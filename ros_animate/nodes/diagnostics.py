"""Counts, rates, durations and ages of a node, once a second on /diagnostics."""
from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from ros_animate.nodes.endpoints import make_publisher
from ros_animate.nodes.qos import RELIABLE

OK, WARN, ERROR, STALE = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR,
                          DiagnosticStatus.STALE)
Health = tuple[bytes, str]
PERIOD_S = 1.0
# Durations kept for the percentiles: some 30 s of frames.
WINDOW = 1000


class Diagnostics:
    """Collects figures of one node and publishes them.

    Args:
        node: Node that gives the status its name and the messages their stamps.
        hardware_id: Name of the plug-in.
        health: Called once a second for the level and a message.

    Attributes:
        counts: Counters by name.
        notes: Further values by name.
    """

    def __init__(self, node: Node, hardware_id: str, health: Callable[[], Health]) -> None:
        self.counts: Counter[str] = Counter()
        self.notes: dict[str, Any] = {}
        self._samples: dict[str, deque[float]] = {}
        self._node, self._hardware_id, self._health = node, hardware_id, health
        self._before: Counter[str] = Counter()
        self._before_s = time.monotonic()
        self._publisher = make_publisher(node, DiagnosticArray, '/diagnostics', RELIABLE)
        # Steady, so that a paused simulation clock does not hide a problem.
        node.create_timer(PERIOD_S, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def count(self, name: str) -> None:
        """Adds 1 to the counter `name`."""
        self.counts[name] += 1

    def measure(self, name: str, milliseconds: float) -> None:
        """Adds a duration or age to the samples of `name`."""
        self._samples.setdefault(name, deque(maxlen=WINDOW)).append(milliseconds)

    def publish(self) -> None:
        """Publishes the present status."""
        level, message = self._health()
        values = {**self.counts, **self._rates(), **self._percentiles(), **self.notes}
        status = DiagnosticStatus(
            level=level, name=self._node.get_fully_qualified_name()[1:], message=message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=k, value=_text(v)) for k, v in values.items()])
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _rates(self) -> dict[str, float]:
        now_s = time.monotonic()
        passed_s = max(now_s - self._before_s, 1e-3)
        counts = Counter(self.counts)
        rates = {f'{name}_hz': (counts[name] - self._before[name]) / passed_s for name in counts}
        self._before, self._before_s = counts, now_s
        return rates

    def _percentiles(self) -> dict[str, float]:
        values = {}
        for name, samples in list(self._samples.items()):
            for q, value in zip((50, 95), np.percentile(list(samples), (50, 95))):
                values[f'{name}_p{q}'] = float(value)
        return values


def _text(value: Any) -> str:
    return f'{value:.2f}' if isinstance(value, float) else str(value)
