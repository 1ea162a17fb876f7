"""The topics of the pipeline. Imports no ROS.

Names are relative to the namespace of the nodes; /diagnostics alone is global.
"""
from __future__ import annotations

import functools
import importlib
import importlib.util
import pathlib
import re
import sys
from dataclasses import dataclass
from typing import Any

from ros_animate.errors import shown
from ros_animate.limits import NAME_LENGTH

# Appended to the name of an image topic, as image_transport does it.
COMPRESSED = '/compressed'
IMAGE_TRANSPORTS = ('raw', 'compressed')
_TYPE_NAME = re.compile(r'([a-z][a-z0-9_]*)/msg/([A-Z][A-Za-z0-9]*)')


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
                                  best_effort=True, recorded=False, noun='images'),
    'camera_info': Topic('sensor_msgs/msg/CameraInfo', 'camera', ('camera',)),
    'motion': Topic('ros_animate/msg/Motion', 'motion', ('motion', 'animation'),
                    noun='motions'),
    # Published while somebody subscribes.
    'faces': Topic('ros_animate/msg/Faces', 'motion', recorded=False, noun='faces'),
    'animated/image_raw': Topic('sensor_msgs/msg/Image', 'animation', ('animation',),
                                best_effort=True, noun='animated images'),
    'animated/image_raw/compressed': Topic('sensor_msgs/msg/CompressedImage', 'animation',
                                           best_effort=True, recorded=False),
    'actions': Topic('ros_animate/msg/ActionChunk', 'policy', ('policy',), noun='actions'),
    'joint_trajectory': Topic('trajectory_msgs/msg/JointTrajectory', 'smoothing', ('smoothing',)),
    'commands': Topic('ros_animate/msg/Command', 'hardware'),
    'joint_states': Topic('sensor_msgs/msg/JointState', 'hardware'),
    # It costs time and can be drawn from the commands at any time.
    'robot/image_raw': Topic('sensor_msgs/msg/Image', 'hardware', best_effort=True, recorded=False),
    'robot/image_raw/compressed': Topic('sensor_msgs/msg/CompressedImage', 'hardware',
                                        best_effort=True, recorded=False),
    'robot_face/expression_name': Topic('std_msgs/msg/String', recorded=False),
    '/diagnostics': Topic('diagnostic_msgs/msg/DiagnosticArray'),
}


def message_class(type_name: str) -> Any:
    """The message class of a type name like sensor_msgs/msg/Image, which may come from a bag.

    Nothing but a package of messages is imported.

    Raises:
        ImportError: It is no name of a message type, or its package is not installed.
        AttributeError: The package has no such message.
    """
    parts = _TYPE_NAME.fullmatch(type_name) if len(type_name) <= NAME_LENGTH else None
    if parts is None:
        raise ImportError(f'{shown(type_name)} is not the name of a message type')
    package, name = parts.groups()
    if not is_message_package(package):
        raise ImportError(f'{package} is not an installed package of ROS messages')
    return getattr(importlib.import_module(f'{package}.msg'), name)


@functools.cache
def is_message_package(package: str) -> bool:
    """True for an installed package that rosidl generated; the package is not imported."""
    # A loaded package knows all of its folders: `ros_animate` has more than one.
    loaded, spec = sys.modules.get(package), importlib.util.find_spec(package)
    folders = getattr(loaded, '__path__', None) or (spec and spec.submodule_search_locations)
    return any(next(pathlib.Path(folder).glob(f'{package}_s__rosidl_typesupport_c*.so'), None)
               and (pathlib.Path(folder) / 'msg' / '__init__.py').is_file()
               for folder in folders or ())


def camera_topic(image_transport: str) -> str:
    """Name of the camera's topic for one of IMAGE_TRANSPORTS."""
    return 'image_raw' if image_transport == 'raw' else f'image_raw{COMPRESSED}'


def jpeg_quality_parameter(topic: str) -> str:
    """Name that image_transport gives to the JPEG quality of an image topic."""
    return f'{topic}{COMPRESSED}/jpeg_quality'.replace('/', '.')


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
