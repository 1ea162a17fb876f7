"""Subscriptions of an observer: some always, those that cost something only while it looks."""
from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from rclpy.node import Node

from ros_animate.nodes.graph import IMAGE_TYPES
from ros_animate.nodes.qos import NEWEST, buffered
from ros_animate.nodes.remote.polled import PolledSubscriptions
from ros_animate.nodes.topics import COMPRESSED, TOPICS, message_class

CHECK_S = 0.2
# Views of the dashboard and their topics; the camera's may be remapped.
VIEWS = {'camera': 'image_raw', 'animated': 'animated/image_raw', 'robot': 'robot/image_raw'}
# Small messages that come with every frame or tick.
STREAMS = ('motion', 'faces', 'actions', 'commands', 'joint_states')


class Subscriptions:
    """Subscriptions of an observer, which exist while somebody looks.

    They are made and ended by a timer, in the thread that runs the node's callbacks.

    Args:
        node: A node that spins.
        namespace: Namespace of the pipeline as ROS writes it, '' for none.
        polled: Gets the topics of STREAMS and the views by their names.
        views: Those of VIEWS to subscribe to.
        streams: Those of STREAMS to subscribe to.

    Attributes:
        is_watched: True while somebody looks; may be set by any thread.
    """

    def __init__(self, node: Node, namespace: str, polled: PolledSubscriptions,
                 views: Collection[str], streams: Collection[str] = STREAMS) -> None:
        self.is_watched = False
        self._followed = tuple(views)
        self._node, self._namespace = node, namespace
        self._polled = polled
        self._streams = tuple(name for name in streams if name in TOPICS)
        self._is_listening = False
        self._views: dict[str, tuple[str, str]] = {}
        node.create_timer(CHECK_S, self._check)

    def _check(self) -> None:
        if self.is_watched and not self._is_listening:
            for name in self._streams:
                self._polled.add(name, f'{self._namespace}/{name}', TOPICS[name].message_class,
                                 buffered(1))
        if self.is_watched:
            self._follow_views()
        elif self._is_listening:
            for name in (*self._streams, *self._views):
                self._polled.remove(name)
            self._views = {}
        self._is_listening = self.is_watched

    def _follow_views(self) -> None:
        for view in self._followed:
            found = self._topic_of(view)
            if self._views.get(view) != found:
                topic, type_name = self._views[view] = found
                self._polled.add(view, topic, message_class(type_name), NEWEST)

    def _topic_of(self, view: str) -> tuple[str, str]:
        """(topic, type) of a view; the camera's is the one that the motion node listens to."""
        default = f'{self._namespace}/{VIEWS[view]}'
        if view != 'camera':
            return default, IMAGE_TYPES[0]
        topic = self._input_topic_of('motion')
        return topic or self._views.get(view, (default, IMAGE_TYPES[0]))

    def _input_topic_of(self, stage: str) -> tuple[str, str] | None:
        """(topic, type) of the images that a node listens to, None if it is not there."""
        get: Callable[..., Any] = self._node.get_subscriber_names_and_types_by_node
        try:
            found = get(stage, self._namespace or '/')
        except Exception:  # the node is not there (yet): rclpy's class for that is not public
            return None
        images = [(topic, types[0]) for topic, types in found if types[0] in IMAGE_TYPES]
        # A raw topic of the same camera costs nothing to decode.
        return min(images, key=lambda image: image[0].endswith(COMPRESSED), default=None)
