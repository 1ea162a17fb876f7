"""The topics of the pipeline. Imports no ROS.

Names are relative to the namespace of the nodes; /diagnostics alone is global.
"""
from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

# Appended to the name of an image topic, as image_transport does it.
COMPRESSED = '/compressed'
IMAGE_TRANSPORTS = ('raw', 'compressed')


@dataclass(frozen=True)
class Topic:
    """One topic.

    Attributes:
        type_name: Message type as ROS writes it, e.g. sensor_msgs/msg/Image.
        publisher: Stage whose node publishes it; '' for several or other nodes.
        replaces: Stages in whose place a bag can stand by publishing this topic.
        best_effort: True if it is offered best effort, else reliably.
        recorded: True if a bag holds it by default.
        noun: Name of its messages in texts for people.
    """

    type_name: str
    publisher: str = ''
    replaces: tuple[str, ...] = ()
    best_effort: bool = False
    recorded: bool = True
    noun: str = 'messages'

    @property
    def message_class(self) -> Any:
        """Class of the messages; raises ImportError or AttributeError if it is not installed."""
        return message_class(self.type_name)


# The first topic of a stage appears once the stage's plug-in is loaded.
TOPICS = {
    'image_raw': Topic('sensor_msgs/msg/Image', 'camera', ('camera',), best_effort=True,
                       noun='images'),
    'image_raw/compressed': Topic('sensor_msgs/msg/CompressedImage', '', ('camera',),
                                  best_effort=True, noun='images'),
    'camera_info': Topic('sensor_msgs/msg/CameraInfo', 'camera', ('camera',)),
    'motion': Topic('ros_animate/msg/Motion', 'motion', ('motion', 'animation'),
                    noun='motions'),
    'animated/image_raw': Topic('sensor_msgs/msg/Image', 'animation', ('animation',),
                                best_effort=True, noun='animated images'),
    'actions': Topic('ros_animate/msg/ActionChunk', 'policy', ('policy',), noun='actions'),
    'joint_trajectory': Topic('trajectory_msgs/msg/JointTrajectory', 'smoothing', ('smoothing',)),
    'commands': Topic('ros_animate/msg/Command', 'hardware'),
    'joint_states': Topic('sensor_msgs/msg/JointState', 'hardware'),
    # It costs time and can be drawn from the commands at any time.
    'robot/image_raw': Topic('sensor_msgs/msg/Image', 'hardware', best_effort=True, recorded=False),
    '/diagnostics': Topic('diagnostic_msgs/msg/DiagnosticArray'),
}


def message_class(type_name: str) -> Any:
    """The message class of a type name; raises ImportError or AttributeError."""
    package, _, name = type_name.split('/')
    return getattr(importlib.import_module(f'{package}.msg'), name)


def camera_topic(image_transport: str) -> str:
    """Name of the camera's topic for one of IMAGE_TRANSPORTS."""
    return 'image_raw' if image_transport == 'raw' else f'image_raw{COMPRESSED}'


def remapped(node: Any, name: str) -> str:
    """The name to give to rclpy: a remapping of an image topic moves its compressed one too.

    Args:
        node: The node that publishes or subscribes.
        name: A key of TOPICS.
    """
    if not name.endswith(COMPRESSED):
        return name
    return str(node.resolve_topic_name(name.removesuffix(COMPRESSED))) + COMPRESSED


def first_topic(stage: str) -> str:
    """Name of the topic that shows that the node of a stage is ready."""
    return next(name for name, topic in TOPICS.items() if topic.publisher == stage)


def replacing_topics(stage: str) -> list[str]:
    """Names of the topics that a bag has to publish in the place of a stage."""
    return [name for name, topic in TOPICS.items() if stage in topic.replaces]


def replaceable_stages() -> list[str]:
    """Stages in whose place a bag can stand, in the order of the pipeline."""
    return list(dict.fromkeys(stage for topic in TOPICS.values() for stage in topic.replaces))
