"""Publishes the messages of a bag with their original timing."""
from __future__ import annotations

import pathlib
import struct
import threading
import time
from dataclasses import dataclass
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.publisher import Publisher
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMessage

from ros_animate.configuration import ConfigurationError, option
from ros_animate.errors import UserError, shown
from ros_animate.nodes.bags import BagReader
from ros_animate.nodes.endpoints import make_publisher
from ros_animate.nodes.messages import NANOSECONDS
from ros_animate.nodes.parameters import declare_options
from ros_animate.nodes.qos import NEWEST, recorded_profile
from ros_animate.nodes.readiness import check_names, wait_until_ready
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.running import main as run
from ros_animate.nodes.topics import message_class

CLOCK_PERIOD_S = 0.005
# Topics that keep their name in any namespace.
GLOBAL_TOPICS = ('/clock', '/diagnostics', '/parameter_events', '/rosout', '/tf', '/tf_static')
# Offset of a std_msgs/Header's stamp in a serialized message that begins with one.
_STAMP_OFFSET = 4


@dataclass(frozen=True)
class ReplayOptions:
    """Parameters of the replay."""

    bag: str = option('', 'folder of the bag')
    rate: float = option(1.0, 'how many times faster than recorded', low=0.01, high=100.0)
    topics: list[str] = option([], 'topics to publish, without namespace; all if empty')
    loop: bool = option(False, 'start over at the end')
    restamp: bool = option(False, 'headers get the present time; else they keep theirs and the '
                                  "bag's time is published on /clock (use_sim_time)")
    wait_for: list[str] = option([], 'nodes that have to be ready before it begins')

    def __post_init__(self) -> None:
        if not self.bag:
            raise ConfigurationError('replay: which bag? Give the parameter bag')
        check_names(self.wait_for)


class ReplayNode(RunnableNode):
    """Plays in a thread of its own; the bytes are published as they were recorded.

    Topics keep their names, below the node's own namespace. With `restamp` every header is moved
    by what has passed since the recording, so nodes on the real clock take the messages as new.

    Attributes:
        count: Number of all messages.
        sent: Number of messages published so far.
        ended: Set when all are published.
    """

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('replay', automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self._options: ReplayOptions = declare_options(self, ReplayOptions)
        self._bag = BagReader(pathlib.Path(self._options.bag).expanduser(), self._options.topics)
        self.count, self.sent = self._bag.count, 0
        if self._bag.missing:
            self.get_logger().warning(f'the bag is incomplete ({self._bag.missing}): '
                                      'it is read as far as it goes')
        self._publishers_by_topic: dict[str, Publisher] = {}
        self._stamped: set[str] = set()
        for topic, type_name in self._bag.types.items():
            self._offer(topic, type_name)
        self._clock_publisher = None if self._options.restamp else make_publisher(
            self, ClockMessage, '/clock', NEWEST)
        self.ended = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name='bag')

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def close(self) -> None:
        with self._bag:
            self.get_logger().info(f'{self.sent} messages published')

    def _offer(self, topic: str, type_name: str) -> None:
        if topic == '/clock':
            return
        message_type = _class_of(topic, type_name)
        relative = topic if topic in GLOBAL_TOPICS else topic.lstrip('/')
        try:
            publisher = make_publisher(
                self, message_type, relative, recorded_profile(self._bag.qos[topic]))
        except (InvalidTopicNameException, ValueError) as error:
            raise UserError(f'the bag has a topic {shown(topic)}, which is no name of a topic; '
                            'choose other topics') from error
        self._publishers_by_topic[topic] = publisher
        fields = message_type.get_fields_and_field_types()
        if next(iter(fields.values()), None) == 'std_msgs/Header':
            self._stamped.add(topic)

    def _work(self) -> None:
        try:
            if not wait_until_ready(self, self._options.wait_for, self._stopping):
                return
            self._play()
            while self._options.loop and not self._stopping.is_set():
                self._play()
        finally:
            self.ended.set()
            self.request_stop()

    def _play(self) -> None:
        start_s, start_ns = time.monotonic(), self.get_clock().now().nanoseconds
        for topic, time_ns, data in self._bag.messages():
            due_ns = round((time_ns - self._bag.start_ns) / self._options.rate)
            if not self._wait_until(time_ns, start_s + due_ns / NANOSECONDS):
                return
            if topic not in self._publishers_by_topic:
                continue
            if self._options.restamp and topic in self._stamped:
                # A message keeps its age.
                data = _restamped(topic, data, start_ns + due_ns - time_ns)
            self._publishers_by_topic[topic].publish(data)
            self.sent += 1

    def _wait_until(self, time_ns: int, due_s: float) -> bool:
        """Waits for a moment of the bag while its clock ticks; False if the node stops."""
        while (left_s := due_s - time.monotonic()) > 0:
            self._tick(time_ns - round(left_s * self._options.rate * NANOSECONDS))
            if self._stopping.wait(min(left_s, CLOCK_PERIOD_S)):
                return False
        self._tick(time_ns)
        return not self._stopping.is_set()

    def _tick(self, time_ns: int) -> None:
        if self._clock_publisher is not None:
            self._clock_publisher.publish(ClockMessage(clock=Time(nanoseconds=time_ns).to_msg()))


def _class_of(topic: str, type_name: str) -> Any:
    try:
        return message_class(type_name)
    except (ImportError, AttributeError) as error:
        raise UserError(f'{shown(topic)}: the message type {shown(type_name)} is not installed; '
                        'choose other topics') from error


def _restamped(topic: str, data: bytes, shift_ns: int) -> bytes:
    try:
        return restamped(data, shift_ns)
    except (struct.error, IndexError) as error:
        raise UserError(f'a message of {topic} in the bag is damaged; choose other topics'
                        ) from error


def restamped(data: bytes, shift_ns: int) -> bytes:
    """The serialized message with the stamp of its header moved."""
    order = '<' if data[1] & 1 else '>'
    seconds, rest_ns = struct.unpack_from(f'{order}iI', data, _STAMP_OFFSET)
    moved = divmod(seconds * NANOSECONDS + rest_ns + shift_ns, NANOSECONDS)
    end = _STAMP_OFFSET + 8
    return data[:_STAMP_OFFSET] + struct.pack(f'{order}iI', *moved) + data[end:]


def main() -> int:
    """Runs the node."""
    return run(ReplayNode)


if __name__ == '__main__':
    raise SystemExit(main())
