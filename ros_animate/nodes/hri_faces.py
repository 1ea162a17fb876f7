"""Tracked faces as REP-155 has them: /humans/faces/…, for other packages."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from ros_animate.errors import UserError
from ros_animate.face.action_units import action_units
from ros_animate.face.crop import Crop
from ros_animate.face.expressions import Expressions, read_expressions
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.face.ibug import ibug_landmarks
from ros_animate.face.region import face_bounds, face_square
from ros_animate.face.usual_face import UsualFace
from ros_animate.nodes.conversions import image_to_message
from ros_animate.nodes.endpoints import make_publisher
from ros_animate.nodes.qos import RELIABLE
from ros_animate.nodes.topics import message_class
from ros_animate.types import Image, Motion

TOPIC = '/humans/faces'
AUTO, ALWAYS, NEVER = CHOICES = ('auto', 'always', 'never')
MISSING = ('hri_msgs is not installed: no faces for other packages on /humans/faces (apt install '
           'ros-jazzy-hri-msgs)')
# Identity of the face of an extractor that does not tell faces apart.
ONLY_ID = 'f00000'


def hri_class(name: str) -> Any:
    """Class of a message of hri_msgs; raises ImportError if the package is not installed."""
    return message_class(f'hri_msgs/msg/{name}')


class HriFaces:
    """Publishes every face in sight; what nobody subscribes to is not computed.

    Args:
        node: The node that tracks the faces.
        crop_px: Width and height of the images `cropped` and `aligned`.

    Raises:
        ImportError: hri_msgs is not installed.
    """

    def __init__(self, node: Node, crop_px: int) -> None:
        self._node, self._crop_px = node, crop_px
        self._ids_list = hri_class('IdsList')
        self._expressions = read_expressions()
        self._tracked = make_publisher(node, self._ids_list, f'{TOPIC}/tracked', RELIABLE)
        self._faces: dict[str, FaceTopics] = {}

    def publish(self, motions: Sequence[Motion], image: Image | None, header: Header) -> None:
        """Publishes the faces of one frame.

        Args:
            motions: Motion of each face; those without landmarks are left out.
            image: (H, W, 3) uint8 RGB, None if it is not at hand.
            header: Header of the frame.
        """
        faces = {motion.face_id or ONLY_ID: motion for motion in motions
                 if motion.landmarks is not None and motion.image_size is not None}
        for face_id in set(self._faces) - set(faces):
            self._faces.pop(face_id).close()
        for face_id in faces:
            if face_id not in self._faces:
                self._faces[face_id] = FaceTopics(
                    self._node, f'{TOPIC}/{face_id}', self._expressions, self._crop_px)
        self._tracked.publish(self._ids_list(header=header, ids=list(faces)))
        for face_id, motion in faces.items():
            self._faces[face_id].publish(motion, image, header)

    def close(self) -> None:
        """Ends the topics of all faces."""
        for topics in self._faces.values():
            topics.close()
        self._faces = {}


class FaceTopics:
    """The topics of one face.

    Args:
        node: The node that publishes.
        prefix: What the names of the topics begin with.
        expressions: Expressions that are recognised.
        crop_px: Width and height of the images.
    """

    def __init__(self, node: Node, prefix: str, expressions: Expressions, crop_px: int) -> None:
        self._node, self._expressions, self._crop_px = node, expressions, crop_px
        self._usual = UsualFace(expressions.relaxed)
        self._point = hri_class('NormalizedPointOfInterest2D')
        self._content: dict[str, tuple[Publisher, Callable[[Motion, Image | None, Header], Any]]]
        self._content = {name: (make_publisher(node, kind, f'{prefix}/{name}', RELIABLE), make)
                         for name, kind, make in (
            ('roi', hri_class('NormalizedRegionOfInterest2D'), self._roi),
            ('landmarks', hri_class('FacialLandmarks'), self._landmarks),
            ('facs', hri_class('FacialActionUnits'), self._facs),
            ('expression', hri_class('Expression'), self._expression),
            ('cropped', ImageMessage, self._cropped),
            ('aligned', ImageMessage, self._aligned))}

    def publish(self, motion: Motion, image: Image | None, header: Header) -> None:
        """Publishes what somebody subscribes to."""
        for publisher, make in self._content.values():
            if publisher.get_subscription_count():
                message = make(motion, image, header)
                if message is not None:
                    publisher.publish(message)

    def close(self) -> None:
        """Ends the topics."""
        for publisher, _ in self._content.values():
            self._node.destroy_publisher(publisher)

    def _roi(self, motion: Motion, image: Image | None, header: Header) -> Any:
        assert motion.landmarks is not None and motion.image_size is not None
        left, top, right, bottom = map(float, face_bounds(motion.landmarks, motion.image_size))
        return hri_class('NormalizedRegionOfInterest2D')(
            header=header, xmin=left, ymin=top, xmax=right, ymax=bottom, c=motion.confidence)

    def _landmarks(self, motion: Motion, image: Image | None, header: Header) -> Any:
        assert motion.landmarks is not None and motion.image_size is not None
        width, height = motion.image_size
        points = ibug_landmarks(motion.landmarks) / (width, height)
        return hri_class('FacialLandmarks')(
            header=header, height=height, width=width, landmarks=[
                self._point(x=float(x), y=float(y), c=motion.confidence) for x, y in points])

    def _facs(self, motion: Motion, image: Image | None, header: Header) -> Any:
        angles = None if motion.rotation is None else head_angles_deg(motion.rotation)
        units = action_units(motion.expression, angles, self._expressions.relaxed)
        known = np.isfinite(units)
        return hri_class('FacialActionUnits')(
            header=header, intensity=np.where(known, units, 0.0).tolist(),
            confidence=np.where(known, motion.confidence, 0.0).tolist())

    def _expression(self, motion: Motion, image: Image | None, header: Header) -> Any:
        deviation = self._usual.deviation(motion.expression, motion.stamp_s)
        shown = self._expressions.recognise(deviation)
        return hri_class('Expression')(
            header=header, expression=shown.name, valence=shown.valence, arousal=shown.arousal,
            confidence=shown.confidence * motion.confidence)

    def _cropped(self, motion: Motion, image: Image | None, header: Header) -> Any:
        return self._square(motion, image, header, level=False)

    def _aligned(self, motion: Motion, image: Image | None, header: Header) -> Any:
        return self._square(motion, image, header, level=True)

    def _square(self, motion: Motion, image: Image | None, header: Header, level: bool) -> Any:
        if image is None:
            return None
        assert motion.landmarks is not None
        square = Crop.of(face_square(motion.landmarks, level), self._crop_px).take(image)
        return image_to_message(square, header)


def make_hri_faces(node: Node, when: str, crop_px: int) -> HriFaces | None:
    """The publisher of faces, None if hri_msgs is not installed or nobody wants it.

    Args:
        node: The node that tracks the faces.
        when: One of CHOICES.
        crop_px: Width and height of images of faces.

    Raises:
        UserError: hri_msgs is not installed, though `when` is 'always'.
    """
    if when == NEVER:
        return None
    try:
        return HriFaces(node, crop_px)
    except ImportError as error:
        if when == ALWAYS:
            raise UserError(f'motion.hri: {error}; apt install ros-jazzy-hri-msgs') from error
        node.get_logger().info(MISSING)
        return None
