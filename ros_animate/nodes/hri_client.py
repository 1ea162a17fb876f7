"""Subscriptions to the faces that another package publishes as REP-155 has them."""
from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from std_msgs.msg import Header

from ros_animate.face import action_units
from ros_animate.face.expressions import read_expressions
from ros_animate.face.head_angles import rotation_of
from ros_animate.face.ibug import IBUG, head_pose
from ros_animate.limits import FACES, HEAD_DISTANCE, IMAGE_SIDE, NAME_LENGTH
from ros_animate.motion.following import VisibleFace
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.message_checks import check_count, check_range
from ros_animate.nodes.messages import seconds
from ros_animate.nodes.topic_motion import Publish
from ros_animate.nodes.topics import Topic
from ros_animate.types import Array, Motion

_ID = re.compile(r'[A-Za-z0-9_]+')
# Landmarks and regions of interest as old as this belong to other action units.
_MOST_AGE_S = 0.3
# A face outside of the image by this much of it is still one.
_OUTSIDE = 1.0
_TRACKED = Topic('hri_msgs/msg/IdsList', noun='lists of faces')
_OF_FACES = {'facs': Topic('hri_msgs/msg/FacialActionUnits'),
             'landmarks': Topic('hri_msgs/msg/FacialLandmarks'),
             'roi': Topic('hri_msgs/msg/NormalizedRegionOfInterest2D')}


@dataclass
class _Face:
    """One face in sight.

    Attributes:
        subscriptions: Its subscriptions.
        motion: Its newest motion.
        landmarks: Stamp, (70, 2) points in [0, 1] and (width, height) of the image.
        bounds: Stamp and (4,) left, top, right, bottom in [0, 1].
    """

    subscriptions: list[Any] = field(default_factory=list)
    motion: Motion | None = None
    landmarks: tuple[float, Array, tuple[int, int]] | None = None
    bounds: tuple[float, Array] | None = None


class HriClient:
    """Turns the newest messages of each face into its motion.

    Args:
        node: A StageNode.
        prefix: What the names of the topics begin with, e.g. /humans/faces.
        select: Gives the identity of the face to follow for the faces in sight and a time.
        publish: Called with the motion of the followed face, None while it is not in sight.

    Raises:
        ImportError: hri_msgs is not installed.
    """

    def __init__(self, node: Any, prefix: str,
                 select: Callable[[Sequence[VisibleFace], float], str], publish: Publish) -> None:
        self._node, self._prefix = node, prefix.rstrip('/')
        self._select, self._publish = select, publish
        # The robot's rig expects the Face Landmarker's blendshapes of a relaxed face.
        self._relaxed = read_expressions().relaxed
        self._faces: dict[str, _Face] = {}
        self._followed = ''
        for topic in (_TRACKED, *_OF_FACES.values()):
            _ = topic.message_class  # raises ImportError
        node.listen_to(_TRACKED, f'{self._prefix}/tracked', self._receive_ids)

    @property
    def ids(self) -> list[str]:
        """Identities of the faces in sight."""
        return list(self._faces)

    def motions(self) -> list[Motion]:
        """Newest motions of the faces in sight."""
        return [face.motion for face in self._faces.values() if face.motion is not None]

    def _receive_ids(self, message: Any) -> None:
        check_count(len(message.ids), 'faces', FACES)
        for face_id in message.ids:
            if len(face_id) > NAME_LENGTH or not _ID.fullmatch(face_id):
                raise MessageError(f'{face_id[:40]!r} is not the id of a face')
        for face_id in set(self._faces) - set(message.ids):
            for subscription in self._faces.pop(face_id).subscriptions:
                self._node.destroy_subscription(subscription)
        for face_id in message.ids:
            if face_id not in self._faces:
                self._subscribe(face_id)
        self._followed = self._select(
            [VisibleFace(face_id, *self._extent(face)) for face_id, face in self._faces.items()],
            seconds(message.header.stamp))
        if self._followed not in self._faces:
            self._publish(None, message.header)

    def _subscribe(self, face_id: str) -> None:
        face = self._faces[face_id] = _Face()
        receivers = {'facs': self._receive_units, 'landmarks': self._receive_landmarks,
                     'roi': self._receive_bounds}
        face.subscriptions = [self._node.listen_to(
            _OF_FACES[name], f'{self._prefix}/{face_id}/{name}',
            functools.partial(receive, face_id, face), max_age_s=None)
            for name, receive in receivers.items()]

    def _receive_bounds(self, face_id: str, face: _Face, message: Any) -> None:
        bounds = np.array([message.xmin, message.ymin, message.xmax, message.ymax])
        check_range(bounds, 'region of interest', -_OUTSIDE, 1 + _OUTSIDE)
        face.bounds = seconds(message.header.stamp), bounds

    def _receive_landmarks(self, face_id: str, face: _Face, message: Any) -> None:
        check_count(len(message.landmarks), 'landmarks', len(IBUG))
        points = np.array([(point.x, point.y) for point in message.landmarks])
        check_range(points, 'landmarks', -_OUTSIDE, 1 + _OUTSIDE)
        check_range((message.width, message.height), 'image size', 0, IMAGE_SIDE)
        if len(points) == len(IBUG) and message.width and message.height:
            face.landmarks = (seconds(message.header.stamp), points,
                              (message.width, message.height))

    def _receive_units(self, face_id: str, face: _Face, message: Any) -> None:
        for what in ('intensity', 'confidence'):
            values = getattr(message, what)
            if len(values) != action_units.COUNT:
                raise MessageError(f'{len(values)} values of {what} for {action_units.COUNT} '
                                   'action units')
            check_range(values, what, 0.0, 1.0)
        known = np.asarray(message.confidence) > 0
        if not known.any():  # a package that does not tell
            known[:] = True
        units = np.where(known, np.asarray(message.intensity, float), np.nan)
        face.motion = self._motion(face_id, face, units, message.header)
        if face_id == self._followed:
            self._publish(face.motion, message.header)

    def _motion(self, face_id: str, face: _Face, units: Array, header: Header) -> Motion:
        stamp_s = seconds(header.stamp)
        rotation = translation = size = None
        if face.landmarks is not None and abs(stamp_s - face.landmarks[0]) < _MOST_AGE_S:
            _, points, size = face.landmarks
            pose = head_pose(points * size, size)
            if pose is not None and np.abs(pose[1]).max() < HEAD_DISTANCE:
                rotation, translation = pose
        if rotation is None and (angles := action_units.turn_deg(units)) is not None:
            rotation = rotation_of(angles)
        return Motion('hri', stamp_s, rotation=rotation, translation=translation, image_size=size,
                      expression=action_units.blendshapes(units, self._relaxed),
                      face_id=face_id)

    def _extent(self, face: _Face) -> tuple[Array, float]:
        """Centre and size in image widths; in the middle and of size 0 where they are unknown."""
        if face.bounds is not None:
            bounds = face.bounds[1]
        elif face.landmarks is not None:
            bounds = np.concatenate([face.landmarks[1].min(0), face.landmarks[1].max(0)])
        else:
            return np.full(2, 0.5), 0.0
        return (bounds[:2] + bounds[2:]) / 2, float((bounds[2:] - bounds[:2]).mean())
