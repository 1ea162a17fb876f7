"""Topics of the pipeline in a bag, and their values over time."""
from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message

from ros_animate.errors import UserError, cut, shown
from ros_animate.evaluation.bag_comparison import Series
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.nodes.bags import BagReader
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.messages import Joints, motion_from_message, nanoseconds
from ros_animate.nodes.topics import TOPICS
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

COMPARED = ('motion', 'actions', 'commands')
HEAD_ANGLES = ('head yaw', 'head pitch', 'head roll')
# Range of the head's angles, in degrees, of which differences are fractions.
HEAD_RANGE_DEG = 90.0
Messages = Iterable[tuple[int, Any]]


def pipeline_topics(bag: pathlib.Path, namespace: str = '', images: str = '') -> dict[str, str]:
    """Recorded name of each topic of the pipeline that the bag holds.

    Args:
        bag: Folder of the bag.
        namespace: Namespace of the recorded pipeline, where the bag has several.
        images: Recorded name of the camera's images, where they have another one than image_raw.

    Raises:
        UserError: The bag cannot be read, holds no such images, or several pipelines.
    """
    with BagReader(bag) as reader:
        types = reader.types
    found = {}
    for name, topic in TOPICS.items():
        recorded = [t for t, kind in types.items() if kind == topic.type_name
                    and _stands_for(t, name, namespace)]
        if name == 'image_raw' and images:
            recorded = [t for t in types if t.strip('/') == images.strip('/')]
            if not recorded or types[recorded[0]] != topic.type_name:
                raise UserError(f'--images: the bag {bag} has no images {shown(images)}; it holds '
                                f'{cut(", ".join(sorted(types)))}')
        if len(recorded) > 1:
            raise UserError(f'the bag {bag} has {cut(", ".join(sorted(recorded)))}: name the '
                            'pipeline with --namespace, its camera with --images')
        if recorded:
            found[name] = recorded[0]
    return found


def _stands_for(recorded: str, name: str, namespace: str) -> bool:
    """True if a recorded topic is the pipeline's topic `name`."""
    if name.startswith('/'):
        return recorded == name
    if namespace:
        return recorded.strip('/') == f'{namespace.strip("/")}/{name}'
    longest = max((n for n in TOPICS if recorded.endswith(f'/{n.lstrip("/")}')), key=len,
                  default='')
    return longest == name


def read_messages(bag: pathlib.Path, topics: Mapping[str, str],
                  names: Sequence[str]) -> dict[str, list[tuple[int, Any]]]:
    """(time in nanoseconds, message) of each of the pipeline's topics `names` that is in a bag.

    Args:
        bag: Folder of the bag.
        topics: Recorded names, as `pipeline_topics` gives them.
        names: Keys of TOPICS.
    """
    names_by_topic = {topics[name]: name for name in names if name in topics}
    found: dict[str, list[tuple[int, Any]]] = {name: [] for name in names_by_topic.values()}
    if not names_by_topic:
        return found
    with BagReader(bag, list(names_by_topic)) as reader:
        for topic, time_ns, data in reader.messages():
            if topic not in names_by_topic:
                continue
            try:
                message = deserialize_message(data, TOPICS[names_by_topic[topic]].message_class)
            except (RuntimeError, ValueError) as error:
                raise UserError(f'a message of {topic} in the bag {bag} is damaged') from error
            found[names_by_topic[topic]].append((time_ns, message))
    return found


def series_of(topic: str, messages: Messages, spec: RobotSpec) -> Series | None:
    """The values of a topic of COMPARED; None if there is nothing to compare.

    Args:
        topic: Name of the topic.
        messages: (time of arrival in nanoseconds, message).
        spec: Description of the robot.

    Raises:
        UserError: A message is none of this robot.
    """
    joints = Joints.of(spec)
    rows: dict[int, tuple[int, Mapping[str, float], Any]] = {}
    for arrival_ns, message in messages:
        try:
            values, rates = _row(topic, message, joints)
        except MessageError as error:
            raise UserError(f'{topic}: {error}') from error
        time_ns = nanoseconds(message.sent if topic == 'commands' else message.header.stamp)
        # A clock that has not begun yet stands at 0.
        if values and time_ns:
            rows.setdefault(time_ns, (arrival_ns, values, rates))
    if not rows:
        return None
    times = sorted(rows)
    arrivals, values_by_name, rates_of_rows = zip(*(rows[t] for t in times), strict=True)
    names, scale = _columns(topic, values_by_name, spec)
    return Series(
        tuple(names), scale, np.array(times, np.int64), np.array(arrivals, np.int64),
        np.array([[row[name] for name in names] for row in values_by_name]),
        np.stack(rates_of_rows, axis=1) if topic == 'commands' else None)


def _row(topic: str, message: Any, joints: Joints) -> tuple[dict[str, float], Array | None]:
    """Values of a message by the name of the column, none if it says nothing; rates (2, N)."""
    if topic == 'motion':
        motion = motion_from_message(message)
        if motion is None:
            return {}, None
        angles = () if motion.rotation is None else head_angles_deg(motion.rotation)
        return {**motion.expression, **dict(zip(HEAD_ANGLES, map(float, angles)))}, None
    if topic == 'actions':
        return _named(joints.controls, joints.chunk_from_message(message).values[0]), None
    command = joints.command_from_message(message)
    return (_named(joints.controls, command.position),
            np.stack([command.velocity, command.acceleration]))


def _named(names: Sequence[str], values: Array) -> dict[str, float]:
    return dict(zip(names, map(float, values), strict=True))


def _columns(topic: str, rows: Sequence[Mapping[str, float]],
             spec: RobotSpec) -> tuple[list[str], Array]:
    """Names of the columns and their ranges."""
    if topic != 'motion':
        return list(rows[0]), np.asarray(spec.high - spec.low)
    names = [name for name in rows[0] if all(name in row for row in rows)]
    return names, np.array([HEAD_RANGE_DEG if name in HEAD_ANGLES else 1.0 for name in names])
