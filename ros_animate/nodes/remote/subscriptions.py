"""Subscriptions of an observer: some always, those that cost something only while it looks."""
from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Any

from rclpy.node import Node

from ros_animate.nodes.graph import IMAGE_TYPES
from ros_animate.nodes.qos import NEWEST, buffered
from ros_animate.nodes.remote.newest import NewestMessages
from ros_animate.nodes.remote.previews import PreviewMaker
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
        newest: Receives the messages of STREAMS.
        previews: Receives the images of the views.
        views: Those of VIEWS to subscribe to.

    Attributes:
        is_watched: True while somebody looks; may be set by any thread.
    """

    def __init__(self, node: Node, namespace: str, newest: NewestMessages,
                 previews: PreviewMaker, views: Collection[str] = tuple(VIEWS)) -> None:
        self.is_watched = False
        self._followed = tuple(views)
        self._node, self._namespace = node, namespace
        self._newest, self._previews = newest, previews
        self._made: list[Any] = []
        self._views: dict[str, tuple[str, str, Any]] = {}
        node.create_timer(CHECK_S, self._check)

    def topics(self) -> dict[str, str]:
        """View → full name of the topic that it shows now."""
        return {view: topic for view, (topic, _, _) in self._views.items()}

    def _check(self) -> None:
        if self.is_watched:
            if not self._made:
                self._made = [self._stream(name) for name in STREAMS if name in TOPICS]
            self._follow_views()
            return
        for subscription in (*self._made, *(made for _, _, made in self._views.values())):
            self._node.destroy_subscription(subscription)
        if self._made:
            self._newest.forget()
        self._made, self._views = [], {}

    def _stream(self, name: str) -> Any:
        cls = TOPICS[name].message_class
        return self._node.create_subscription(
            cls, f'{self._namespace}/{name}',
            lambda data: self._newest.keep(name, data, cls), buffered(1), raw=True)

    def _follow_views(self) -> None:
        for view in self._followed:
            topic, type_name = self._topic_of(view)
            if view in self._views:
                if self._views[view][:2] == (topic, type_name):
                    continue
                self._node.destroy_subscription(self._views[view][2])
            cls = message_class(type_name)
            self._views[view] = topic, type_name, self._node.create_subscription(
                cls, topic, functools.partial(self._offer, view, cls), NEWEST, raw=True)

    def _offer(self, view: str, cls: Any, data: bytes) -> None:
        self._previews.offer(view, data, cls)

    def _topic_of(self, view: str) -> tuple[str, str]:
        """(topic, type) of a view; the camera's is the one that the motion node listens to."""
        default = f'{self._namespace}/{VIEWS[view]}'
        if view != 'camera':
            return default, IMAGE_TYPES[0]
        topic = self._input_topic_of('motion')
        before = self._views.get(view)
        if topic is not None:
            return topic
        return before[:2] if before else (default, IMAGE_TYPES[0])

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
