"""Base class of the six stages' nodes."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from rclpy.publisher import Publisher

from ros_animate.configuration import option
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.diagnostics import Diagnostics, Health
from ros_animate.nodes.messages import seconds
from ros_animate.nodes.parameters import declare
from ros_animate.nodes.qos import NEWEST, RELIABLE
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.topics import TOPICS, remapped
from ros_animate.plugins import find
from ros_animate.robot.spec import RobotSpec

SILENCE_S = 1.0
WARNING_PERIOD_S = 5.0


@dataclass(frozen=True)
class NodeOptions:
    """Options of every node besides those of its plug-in."""

    silence_s: float = option(SILENCE_S, 'without input for this long the node is diagnosed stale',
                              low=0.0)


class StageNode(RunnableNode):
    """A node around one plug-in: convert, call, convert, publish.

    Attributes:
        stage: Name of the stage, and of the node.
        with_robot: True if the stage needs the robot's description.
        changeable: Parameters that may be set while the node runs.
        parameters: The validated parameters.
        diagnostics: Figures published once a second.
    """

    stage: ClassVar[str]
    with_robot: ClassVar[bool] = False
    changeable: ClassVar[tuple[str, ...]] = ()
    Options: ClassVar[type] = NodeOptions

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__(self.stage, automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self.parameters = declare(self, self.stage, self.Options, with_robot=self.with_robot,
                                  changeable=self.changeable)
        self.diagnostics = Diagnostics(self, self.parameters.plugin, self.health)
        self._input_s: float | None = None
        self._rejected: tuple[float, str] | None = None

    @property
    def spec(self) -> RobotSpec:
        """Description of the robot; only for stages with `with_robot`."""
        assert self.parameters.spec is not None
        return self.parameters.spec

    def make_plugin(self, *context: Any) -> Any:
        """The plug-in that the parameters name, built from them."""
        return find(self.stage, self.parameters.plugin)(self.parameters.config, *context)

    def now_s(self) -> float:
        """The node's clock (simulated with use_sim_time) in seconds."""
        return self.get_clock().now().nanoseconds * 1e-9

    def publisher_of(self, topic: str) -> Publisher:
        """A publisher of one of TOPICS."""
        offered = NEWEST if TOPICS[topic].best_effort else RELIABLE
        return self.create_publisher(TOPICS[topic].message_class, topic, offered)

    def listen(self, topic: str, callback: Callable[[Any], None]) -> None:
        """Calls `callback` with the newest message of one of TOPICS.

        Messages are counted and timed; one that contradicts itself is reported and dropped.
        """
        def receive(message: Any) -> None:
            self._input_s = time.monotonic()
            self.diagnostics.count('received')
            start_s = time.perf_counter()
            try:
                callback(message)
            except MessageError as error:
                self._reject(str(error))
                return
            self.diagnostics.measure('step_ms', 1e3 * (time.perf_counter() - start_s))
        self.create_subscription(TOPICS[topic].message_class, remapped(self, topic), receive,
                                 NEWEST)

    def send(self, publisher: Publisher, message: Any) -> None:
        """Publishes; measures the age of the camera frame that the message answers."""
        publisher.publish(message)
        self.diagnostics.count('published')
        stamp_s = seconds(message.header.stamp)
        self.diagnostics.measure('age_ms', 1e3 * (self.now_s() - stamp_s))

    def health(self) -> Health:
        """Level and message of the diagnostics."""
        now_s = time.monotonic()
        if self._input_s is None:
            return diagnostics.STALE, 'no input yet'
        silence_s = now_s - self._input_s
        if silence_s > self.parameters.options.silence_s:
            return diagnostics.STALE, f'no input for {silence_s:.1f} s'
        if self._rejected is not None and now_s - self._rejected[0] < WARNING_PERIOD_S:
            return diagnostics.WARN, f'input rejected: {self._rejected[1]}'
        return diagnostics.OK, 'running'

    def _reject(self, reason: str) -> None:
        self.diagnostics.count('rejected')
        self._rejected = (time.monotonic(), reason)
        self.get_logger().warning(f'input rejected: {reason}',
                                  throttle_duration_sec=WARNING_PERIOD_S)
