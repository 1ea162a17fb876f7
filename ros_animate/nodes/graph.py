"""Questions to the ROS graph: who publishes and who subscribes."""
from __future__ import annotations

from collections.abc import Iterable

from rclpy.node import Node

IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
# Hidden names, and what every node has.
_COMMON = ('/parameter_events', '/rosout')
_SHOWN = 12


def publisher_names(node: Node, topic: str) -> list[str]:
    """Full names of the nodes that publish a topic, sorted."""
    return _names(node.get_publishers_info_by_topic(node.resolve_topic_name(topic)))


def subscriber_names(node: Node, topic: str) -> list[str]:
    """Full names of the nodes that subscribe to a topic, sorted."""
    return _names(node.get_subscriptions_info_by_topic(node.resolve_topic_name(topic)))


def published_types(node: Node, topic: str) -> list[str]:
    """Types with which a topic is published, sorted."""
    resolved = node.resolve_topic_name(topic)
    return sorted({info.topic_type for info in node.get_publishers_info_by_topic(resolved)})


def published_topics(node: Node, types: Iterable[str]) -> list[str]:
    """Names of the published topics with one of the message types, sorted."""
    selected = set(types)
    return sorted(name for name, found in node.get_topic_names_and_types()
                  if selected & set(found) and node.count_publishers(name))


def node_names(node: Node) -> list[str]:
    """Full names of all nodes but this one and hidden ones; the same name may come twice."""
    own = node.get_fully_qualified_name()
    names = [join(namespace, name) for name, namespace in node.get_node_names_and_namespaces()
             if not name.startswith('_')]
    if own in names:
        names.remove(own)
    return sorted(names)


def join(namespace: str, name: str) -> str:
    """The full name of a node."""
    return f'{namespace.rstrip("/")}/{name}'


def listed(names: Iterable[str]) -> str:
    """Names for a message, the first of many; 'none' for none."""
    found = list(names)
    more = f' and {len(found) - _SHOWN} more' if len(found) > _SHOWN else ''
    return ', '.join(found[:_SHOWN]) + more or 'none'


def _names(endpoints: Iterable[object]) -> list[str]:
    return sorted({join(info.node_namespace, info.node_name)  # type: ignore[attr-defined]
                   for info in endpoints})
