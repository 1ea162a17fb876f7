"""Records the topics of a run into a bag."""
from __future__ import annotations

import functools
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from ros_animate.configuration import ConfigurationError, option
from ros_animate.nodes.bags import STORAGES, BagWriter
from ros_animate.nodes.parameters import declare_options
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.running import main as run
from ros_animate.nodes.topics import TOPICS, Topic

# Room for two seconds of messages: the recorder may be late, but shall not lose any.
DEPTH, IMAGE_DEPTH = 500, 60


@dataclass(frozen=True)
class RecordOptions:
    """Parameters of the recorder."""

    bag: str = option('', 'folder to write, which must not exist')
    storage: str = option('mcap', 'format of the bag', choices=tuple(STORAGES))
    topics: list[str] = option(
        [name for name in TOPICS if name != 'robot/image_raw'], 'which topics of the pipeline; '
        "the robot's picture costs time and can be drawn from its commands at any time")

    def __post_init__(self) -> None:
        if not self.bag:
            raise ConfigurationError('record: which bag? Give the parameter bag')
        if unknown := sorted(set(self.topics) - set(TOPICS)):
            raise ConfigurationError(f'record: unknown topics {", ".join(unknown)}; '
                                     f'choices: {", ".join(TOPICS)}')


class RecordNode(RunnableNode):
    """Writes what it hears, serialized as it came, with the time at which it came."""

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('record', automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        options: RecordOptions = declare_options(self, RecordOptions)
        self._bag = BagWriter(pathlib.Path(options.bag).expanduser(), options.storage)
        self._listen(options.topics)

    def close(self) -> None:
        with self._bag:
            self.get_logger().info(f'{self._bag.count} messages in {self._bag.path}')

    def _listen(self, topics: Sequence[str]) -> None:
        for name in topics:
            topic = TOPICS[name]
            qos = QoSProfile(history=HistoryPolicy.KEEP_LAST,
                             depth=IMAGE_DEPTH if topic.best_effort else DEPTH,
                             reliability=ReliabilityPolicy.BEST_EFFORT)
            self.create_subscription(
                topic.type, name, functools.partial(self._write, self.resolve_topic_name(name),
                                                    topic), qos, raw=True)

    def _write(self, name: str, topic: Topic, data: bytes) -> None:
        self._bag.write(name, topic.type_name, data, self.get_clock().now().nanoseconds,
                        best_effort=topic.best_effort)


def main() -> int:
    """Runs the node."""
    return run(RecordNode)


if __name__ == '__main__':
    raise SystemExit(main())
