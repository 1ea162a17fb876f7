"""Base class of the six stages' nodes."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from rclpy.publisher import Publisher
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from std_msgs.msg import Header

from ros_animate.configuration import option
from ros_animate.errors import cut
from ros_animate.limits import MESSAGE_BYTES
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.diagnostics import Diagnostics, Health
from ros_animate.nodes.endpoints import make_publisher, make_subscription
from ros_animate.nodes.live_parameters import LiveParameters
from ros_animate.nodes.messages import nanoseconds, nanoseconds_message, seconds
from ros_animate.nodes.missing_input import MissingInput
from ros_animate.nodes.parameters import declare
from ros_animate.nodes.qos import NEWEST, RELIABLE
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.stamp_monitor import (
    MAX_RESULT_AGE_S,
    RESULT_PATIENCE_S,
    ClockMonitor,
    StampMonitor,
)
from ros_animate.nodes.topics import TOPICS, Topic, remapped
from ros_animate.plugins import Changeable, find
from ros_animate.robot.spec import RobotSpec

SILENCE_S = 1.0
WARNING_PERIOD_S = 5.0
# In the diagnostics of nodes whose input has good stamps.
STAMPS_OK = 'ok'


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
        from_outside: True if the input may come from another package, and its absence is logged.
        changeable: Parameters of the node, besides those of its plug-in, that may be set while it
            runs.
        parameters: The validated parameters.
        inputs: Topics that the node takes, keys of TOPICS.
        steady_s: Clock in seconds that nobody sets; a test may replace it.
        diagnostics: Figures published once a second.
    """

    unique = True
    stage: ClassVar[str]
    with_robot: ClassVar[bool] = False
    from_outside: ClassVar[bool] = False
    changeable: ClassVar[tuple[str, ...]] = ()
    Options: ClassVar[type] = NodeOptions
    steady_s: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__(self.stage, automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self.parameters = declare(self, self.stage, self.Options, with_robot=self.with_robot,
                                  changeable=self.changeable)
        self._clock_monitor, self._clock_trouble = ClockMonitor(), ''
        self._stamp_monitors: list[StampMonitor] = []
        self._input_s: float | None = None
        self._missing_input = MissingInput(self, warns=self.from_outside)
        self.inputs = self._missing_input.topics
        self._rejected: tuple[float, str] | None = None
        self.diagnostics = Diagnostics(self, self.parameters.plugin, self._status)

    @property
    def spec(self) -> RobotSpec:
        """Description of the robot; only for stages with `with_robot`."""
        assert self.parameters.spec is not None
        return self.parameters.spec

    def make_plugin(self, *context: Any) -> Any:
        """The plug-in that the parameters name, built from them; it follows their changes."""
        parameters = self.parameters
        plugin = find(self.stage, parameters.plugin)(parameters.config, *context)
        if isinstance(plugin, Changeable) and plugin.changeable:
            self._live_parameters = LiveParameters(
                self, parameters.config, plugin.changeable, plugin.configure,
                f'{self.stage} ({parameters.plugin})')
        if execution := getattr(plugin, 'execution', ''):
            self.diagnostics.notes['networks'] = execution
        return plugin

    def now_s(self) -> float:
        """The node's clock (simulated with use_sim_time) in seconds."""
        return self.get_clock().now().nanoseconds * 1e-9

    def publisher_of(self, topic: str) -> Publisher:
        """A publisher of one of TOPICS."""
        offered = NEWEST if TOPICS[topic].best_effort else RELIABLE
        return make_publisher(self, TOPICS[topic].message_class, remapped(self, topic), offered)

    def listen(self, topic: str, callback: Callable[[Any], None], *,
               max_age_s: float | None = MAX_RESULT_AGE_S) -> None:
        """Calls `callback` with the newest message of one of TOPICS.

        Messages are counted and timed; one that contradicts itself is reported and dropped. Their
        stamps are judged, and replaced where they cannot be right.

        Args:
            topic: Key of TOPICS.
            callback: Function that takes a message.
            max_age_s: Age above which a sender's first stamps are not believed; None leaves all
                stamps as they are.
        """
        self._missing_input.topics.append(topic)
        self._subscribe(TOPICS[topic], remapped(self, topic), callback, max_age_s)

    def listen_to(self, topic: Topic, name: str, callback: Callable[[Any], None], *,
                  max_age_s: float | None = MAX_RESULT_AGE_S) -> Subscription:
        """As `listen`, for a topic of other packages.

        Args:
            topic: Description of the topic; its package of messages is installed.
            name: Name of the topic.
            callback: Function that takes a message.
            max_age_s: As for `listen`.
        """
        return self._subscribe(topic, name, callback, max_age_s)

    def _subscribe(self, topic: Topic, name: str, callback: Callable[[Any], None],
                   max_age_s: float | None) -> Subscription:
        monitor = None
        if max_age_s is not None:
            patience_s = RESULT_PATIENCE_S if max_age_s == MAX_RESULT_AGE_S else 0.0
            monitor = StampMonitor(topic.noun, max_age_s, patience_s=patience_s)
            self._stamp_monitors.append(monitor)

        def receive(message: Any) -> None:
            self._input_s = time.monotonic()
            self.diagnostics.count('received')
            start_s = time.perf_counter()
            try:
                if monitor is not None:
                    message.header = self._judged(message.header, monitor)
                callback(message)
            except MessageError as error:
                self.reject(str(error))
                return
            self.diagnostics.measure('step_ms', 1e3 * (time.perf_counter() - start_s))
        if topic.best_effort:  # images, which are one piece of memory
            return make_subscription(self, topic.message_class, name, receive, NEWEST)

        def receive_bytes(data: bytes) -> None:
            # To take a message of a million names apart would hold up every thread.
            if len(data) > MESSAGE_BYTES:
                self.diagnostics.count('received')
                self.reject(f'{len(data)} bytes; at most {MESSAGE_BYTES} are taken')
                return
            try:
                message = deserialize_message(data, topic.message_class)
            except (RuntimeError, ValueError) as error:
                self.reject(f'malformed: {cut(str(error))}')
                return
            receive(message)
        return make_subscription(self, topic.message_class, name, receive_bytes, NEWEST, raw=True)

    def note_input(self) -> None:
        """Notes that a motion has come which no topic carried."""
        self._input_s = time.monotonic()
        self.diagnostics.count('received')

    def send(self, publisher: Publisher, message: Any) -> None:
        """Publishes; measures the age of the camera frame that the message answers."""
        publisher.publish(message)
        self.note_sent(message.header)

    def note_sent(self, header: Header) -> None:
        """Counts a published message and measures the age of the camera frame that it answers."""
        self.diagnostics.count('published')
        self.diagnostics.measure('age_ms', 1e3 * (self.now_s() - seconds(header.stamp)))

    def health(self) -> Health:
        """Level and message of the diagnostics."""
        now_s = time.monotonic()
        reason = self._missing_input.reason(self._input_s)
        why = f': {reason}' if reason else ''
        if self._input_s is None:
            return diagnostics.STALE, f'no input yet{why}'
        silence_s = now_s - self._input_s
        if silence_s > self.parameters.options.silence_s:
            return diagnostics.STALE, f'no input for {silence_s:.1f} s{why}'
        if self._rejected is not None and now_s - self._rejected[0] < WARNING_PERIOD_S:
            return diagnostics.WARN, f'input rejected: {self._rejected[1]}'
        return diagnostics.OK, 'running'

    def _status(self) -> Health:
        """Health of the node, its clock and the stamps that it gets; called once a second."""
        level, message = self.health()
        trouble = self._clock_monitor.trouble(self.get_clock().now().nanoseconds, time.monotonic())
        if trouble and not self._clock_trouble:
            self.get_logger().error(trouble)
        self._clock_trouble = trouble
        verdict = trouble or next((m.verdict for m in self._stamp_monitors if m.verdict), '')
        if self._stamp_monitors:
            self.diagnostics.notes['stamps'] = verdict or STAMPS_OK
        if trouble and level != diagnostics.ERROR:
            return diagnostics.ERROR, trouble
        return (diagnostics.WARN, verdict) if verdict and level == diagnostics.OK else (
            level, message)

    def _judged(self, header: Header, monitor: StampMonitor) -> Header:
        """The header with a stamp that can be believed; raises MessageError without a clock."""
        now_ns, given_ns = self.get_clock().now().nanoseconds, nanoseconds(header.stamp)
        if not now_ns:
            raise MessageError('the clock stands at 0: nobody publishes /clock')
        before = monitor.defect
        stamp_ns = monitor.judge(given_ns, now_ns, self.steady_s())
        if monitor.defect is not before:
            self.get_logger().warning(monitor.verdict or 'the stamps are right again')
        if stamp_ns == given_ns:
            return header
        return Header(stamp=nanoseconds_message(stamp_ns), frame_id=header.frame_id)

    def reject(self, reason: str) -> None:
        """Reports that an input is not used, in the log and the diagnostics."""
        self.diagnostics.count('rejected')
        self.diagnostics.notes['last_rejected'] = reason
        self._rejected = (time.monotonic(), reason)
        self.get_logger().warning(f'input rejected: {reason}',
                                  throttle_duration_sec=WARNING_PERIOD_S)
