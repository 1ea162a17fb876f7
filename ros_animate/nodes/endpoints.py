"""Publishers and subscriptions whose quality of service parameters may override.

The parameters are those of every ROS node: `qos_overrides.<topic>.publisher.<policy>` and
`qos_overrides.<topic>.subscription.<policy>`, with the full name of the topic.
"""
from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import shown
from ros_animate.nodes.qos import MAX_DEPTH

OVERRIDES = 'qos_overrides'
_NAMED_VALUES = {'history': HistoryPolicy, 'reliability': ReliabilityPolicy,
                 'durability': DurabilityPolicy}
_POLICIES = (*_NAMED_VALUES, 'depth')
_OPTIONS = QoSOverridingOptions([QoSPolicyKind[name.upper()] for name in _POLICIES])


def make_publisher(node: Node, message_class: Any, topic: str, profile: QoSProfile) -> Publisher:
    """A publisher with the profile, as far as parameters do not override it.

    Raises:
        ConfigurationError: An override is impossible; the message names it.
    """
    _check_overrides(node, topic, 'publisher')
    # rclpy writes the overrides into the profile that it is given.
    return node.create_publisher(message_class, topic, copy.copy(profile),
                                 qos_overriding_options=_OPTIONS)


def make_subscription(node: Node, message_class: Any, topic: str, callback: Callable[[Any], None],
                      profile: QoSProfile, *, raw: bool = False) -> Subscription:
    """A subscription with the profile, as far as parameters do not override it.

    Raises:
        ConfigurationError: An override is impossible; the message names it.
    """
    _check_overrides(node, topic, 'subscription')
    return node.create_subscription(message_class, topic, callback, copy.copy(profile), raw=raw,
                                    qos_overriding_options=_OPTIONS)


def unused_overrides(node: Node) -> list[str]:
    """Names of overrides for topics that the node neither publishes nor subscribes to."""
    used = {*(f'{publisher.topic_name}.publisher' for publisher in node.publishers),
            *(f'{subscription.topic_name}.subscription' for subscription in node.subscriptions)}
    return sorted(f'{OVERRIDES}.{name}' for name in node.get_parameters_by_prefix(OVERRIDES)
                  if name.rpartition('.')[0] not in used)


def _check_overrides(node: Node, topic: str, kind: str) -> None:
    try:
        prefix = f'{OVERRIDES}.{node.resolve_topic_name(topic)}.{kind}'
    except RuntimeError:  # an impossible name, of which rclpy says more when it is used
        return
    for policy, parameter in node.get_parameters_by_prefix(prefix).items():
        name, value = f'{prefix}.{policy}', parameter.value
        if policy not in _POLICIES:
            raise ConfigurationError(f'{name}: {suggest(policy, _POLICIES)}')
        if policy == 'depth':
            if type(value) is not int or not 1 <= value <= MAX_DEPTH:
                raise ConfigurationError(f'{name}: expected an integer of 1 to {MAX_DEPTH}, got '
                                         f'{shown(value)}')
            continue
        choices = [member.name.lower() for member in _NAMED_VALUES[policy]
                   if member.name != 'UNKNOWN']
        if str(value).lower() not in choices:
            raise ConfigurationError(f'{name}: {shown(value)} is unknown; '
                                     f'{suggest(str(value), choices)}')
