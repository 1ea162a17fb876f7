"""Waiting for other nodes, which the ROS graph shows."""
from __future__ import annotations

import threading
from collections.abc import Iterable

from rclpy.node import Node

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.nodes.topics import first_topic
from ros_animate.plugins import STAGES

# Nodes that publish nothing are ready once they subscribe to their last topic.
LAST_SUBSCRIPTION = {'record': 'joint_states', 'share': 'motion', 'watch': 'camera_info'}
NAMES = (*STAGES, *LAST_SUBSCRIPTION)
POLL_S = 0.05


def check_names(names: Iterable[str]) -> None:
    """Raises ConfigurationError for a name that `are_ready` does not know."""
    for name in names:
        if name not in NAMES:
            raise ConfigurationError(f'wait_for: no node {name!r}; {suggest(name, NAMES)}')


def are_ready(observer: Node, names: Iterable[str]) -> bool:
    """True if each of the named nodes in the observer's namespace is up and listens."""
    return all(_is_ready(observer, name) for name in names)


def wait_until_ready(observer: Node, names: Iterable[str], stopping: threading.Event) -> bool:
    """Waits for the named nodes; returns False if `stopping` is set before they are ready."""
    names = tuple(names)
    while not are_ready(observer, names):
        if stopping.wait(POLL_S):
            return False
    return not stopping.is_set()


def _is_ready(observer: Node, name: str) -> bool:
    if name in LAST_SUBSCRIPTION:
        topic = observer.resolve_topic_name(LAST_SUBSCRIPTION[name])
        endpoints = observer.get_subscriptions_info_by_topic(topic)
    else:
        topic = observer.resolve_topic_name(first_topic(name))
        endpoints = observer.get_publishers_info_by_topic(topic)
    return any(endpoint.node_name == name for endpoint in endpoints)
