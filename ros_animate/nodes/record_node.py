"""Records the topics of a run into a bag."""
from __future__ import annotations

import functools
import pathlib
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ros_animate.configuration import ConfigurationError, option
from ros_animate.nodes.bags import STORAGES, BagWriter
from ros_animate.nodes.endpoints import make_subscription
from ros_animate.nodes.parameters import declare_options
from ros_animate.nodes.qos import buffered
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.running import main as run
from ros_animate.nodes.topics import IMAGE_TRANSPORTS, TOPICS, Topic, camera_topic, remapped

# Room for two seconds of messages: the recorder may be late, but shall not lose any.
DEPTH, IMAGE_DEPTH = 500, 60
# Messages on their way to the disk; with more of them the middleware keeps or drops new ones.
MAX_PENDING = 200


@dataclass(frozen=True)
class RecordOptions:
    """Parameters of the recorder."""

    bag: str = option('', 'folder to write, which must not exist')
    storage: str = option('mcap', 'format of the bag', choices=tuple(STORAGES))
    topics: list[str] = option(
        [name for name, topic in TOPICS.items() if topic.recorded], 'topics of the pipeline; '
        "the robot's image costs time and can be drawn from its commands at any time")
    image_transport: str = option('raw', 'compressed: takes <image_raw>/compressed in the place of '
                                  'image_raw', choices=IMAGE_TRANSPORTS)

    def __post_init__(self) -> None:
        if not self.bag:
            raise ConfigurationError('record: which bag? Give the parameter bag')
        if unknown := sorted(set(self.topics) - set(TOPICS)):
            raise ConfigurationError(f'record: unknown topics {", ".join(unknown)}; '
                                     f'choices: {", ".join(TOPICS)}')


class RecordNode(RunnableNode):
    """Writes serialized messages as they come, with their time of arrival."""

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('record', automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        options: RecordOptions = declare_options(self, RecordOptions)
        # One thread has the bag to itself: SQLite wants that, and a slow disk delays no callback.
        self._worker = ThreadPoolExecutor(1)
        self._error: BaseException | None = None
        self._pending = threading.Semaphore(MAX_PENDING)
        self._bag: BagWriter = self._worker.submit(
            BagWriter, pathlib.Path(options.bag).expanduser(), options.storage).result()
        camera = camera_topic(options.image_transport)
        self._listen([camera if name == 'image_raw' else name for name in options.topics])

    def close(self) -> None:
        closing = self._worker.submit(self._bag.close)
        self._worker.shutdown()
        closing.result()
        if self._error is not None:
            raise self._error
        self.get_logger().info(f'{self._bag.count} messages in {self._bag.path}')

    def _listen(self, topics: Sequence[str]) -> None:
        for name in topics:
            topic = TOPICS[name]
            resolved = self.resolve_topic_name(remapped(self, name))
            make_subscription(
                self, topic.message_class, remapped(self, name),
                functools.partial(self._write, resolved, topic),
                buffered(IMAGE_DEPTH if topic.best_effort else DEPTH), raw=True)

    def _write(self, name: str, topic: Topic, data: bytes) -> None:
        if self._error is not None:
            return
        self._pending.acquire()
        self._worker.submit(self._bag.write, name, topic.type_name, data,
                            self.get_clock().now().nanoseconds,
                            best_effort=topic.best_effort).add_done_callback(self._written)

    def _written(self, future: Future[None]) -> None:
        self._pending.release()
        if (error := future.exception()) is not None and self._error is None:
            self._error = error
            self.request_stop()


def main() -> int:
    """Runs the node."""
    return run(RecordNode)


if __name__ == '__main__':
    raise SystemExit(main())
