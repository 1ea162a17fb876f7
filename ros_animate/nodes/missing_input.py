"""Why nothing comes on a topic, as far as the ROS graph shows it."""
from __future__ import annotations

import time

from rclpy.node import Node

from ros_animate.nodes.graph import (
    IMAGE_TYPES,
    listed,
    published_topics,
    published_types,
    publisher_names,
)
from ros_animate.nodes.topics import COMPRESSED, TOPICS, remapped

# A person waits no longer than 3 s for the reason; the diagnostics come once a second.
WARN_AFTER_S = 2.0
# Images that the pipeline itself publishes, which are no sources.
OWN_IMAGES = tuple(f'{name}{suffix}' for name in ('animated/image_raw', 'robot/image_raw')
                   for suffix in ('', COMPRESSED))


class MissingInput:
    """Explains in the diagnostics why a node gets no input, and once in its log.

    Args:
        node: The node.
        warns: True to write to the log too: for what comes from outside of the pipeline.

    Attributes:
        topics: Keys of TOPICS that the node listens to.
    """

    def __init__(self, node: Node, *, warns: bool) -> None:
        self.topics: list[str] = []
        self._node, self._warns = node, warns
        self._start_s: float | None = None
        self._warned = ''

    def reason(self, last_input_s: float | None) -> str:
        """Why nothing has come for a while, '' as long as it may still come.

        Args:
            last_input_s: Steady time of the last message, None if there was none.
        """
        now_s = time.monotonic()
        if self._start_s is None:
            self._start_s = now_s
        if now_s - (last_input_s or self._start_s) < WARN_AFTER_S:
            return ''
        reason = next(filter(None, (missing(self._node, topic) for topic in self.topics)), '')
        if self._warns and reason and reason != self._warned:
            self._node.get_logger().warning(reason)
        self._warned = reason
        return reason


def missing(node: Node, topic: str) -> str:
    """Reason why a node gets no messages of a topic, '' if somebody publishes it.

    Args:
        node: The node that listens.
        topic: Key of TOPICS.
    """
    name = node.resolve_topic_name(remapped(node, topic))
    expected = TOPICS[topic].type_name
    types = published_types(node, name)
    is_image = expected in IMAGE_TYPES
    if expected in types:
        publishers = listed(publisher_names(node, name))
        return f'{publishers} offers {name}, but no message has come' if is_image else ''
    reason = f'nobody publishes {name}'
    if types:
        reason = f'{name} holds {listed(types)}, not {expected}'
    return reason + (_images(node, name) if is_image else '')


def _images(node: Node, name: str) -> str:
    """The image topics that are there, and how to listen to the one that may be meant."""
    own = {node.resolve_topic_name(topic) for topic in OWN_IMAGES}
    found = [topic for topic in published_topics(node, IMAGE_TYPES) if topic not in own]
    meant = name.removesuffix(COMPRESSED) if name.endswith(COMPRESSED) else f'{name}{COMPRESSED}'
    advice = _advice(meant) if meant in found else ''
    return f'; {advice}image topics here: {listed(found)}'


def _advice(topic: str) -> str:
    transport = 'compressed' if topic.endswith(COMPRESSED) else 'raw'
    return (f'but there is {topic}: give `--source topic:{topic}` '
            f'(motion.image_transport: {transport}); ')

