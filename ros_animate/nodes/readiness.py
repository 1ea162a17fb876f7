"""Whether other nodes have come up, as the ROS graph shows it."""
from __future__ import annotations

from collections.abc import Iterable

from rclpy.node import Node

from ros_animate.configuration import ConfigurationError, suggest

# What a node publishes once its plug-in is loaded, or subscribes to last if it publishes nothing.
PUBLISHED = {'camera': 'image_raw', 'motion': 'motion', 'animation': 'animated/image_raw',
             'policy': 'actions', 'smoothing': 'joint_trajectory', 'hardware': 'commands'}
SUBSCRIBED = {'record': 'joint_states', 'watch': 'camera_info'}
NAMES = (*PUBLISHED, *SUBSCRIBED)


def check_names(names: Iterable[str]) -> None:
    """Raises ConfigurationError for a name that `are_ready` does not know."""
    for name in names:
        if name not in NAMES:
            raise ConfigurationError(f'wait_for: no node {name!r}; {suggest(name, NAMES)}')


def are_ready(observer: Node, names: Iterable[str]) -> bool:
    """Whether each of the named nodes in the observer's namespace is there and listens."""
    return all(_is_ready(observer, name) for name in names)


def _is_ready(observer: Node, name: str) -> bool:
    if name in PUBLISHED:
        topic = observer.resolve_topic_name(PUBLISHED[name])
        endpoints = observer.get_publishers_info_by_topic(topic)
    else:
        topic = observer.resolve_topic_name(SUBSCRIBED[name])
        endpoints = observer.get_subscriptions_info_by_topic(topic)
    return any(endpoint.node_name == name for endpoint in endpoints)
