"""Publishes head and gaze of every person in sight as TF."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from std_msgs.msg import Header

from ros_animate.configuration import option
from ros_animate.errors import UserError
from ros_animate.face.head_frames import Frame3D, face_frame, gaze_frame
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.endpoints import make_publisher, make_subscription
from ros_animate.nodes.messages import motion_from_message
from ros_animate.nodes.parameters import declare_options
from ros_animate.nodes.qos import NEWEST, RELIABLE
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.running import main as run
from ros_animate.nodes.topics import TOPICS, message_class
from ros_animate.scheduling import lower_priority

TYPE = 'tf2_msgs/msg/TFMessage'
OPTICAL_FRAME = 'camera_optical_frame'
WARNING_PERIOD_S = 5.0


@dataclass(frozen=True)
class TfOptions:
    """Parameters of the node."""

    gaze: bool = option(True, 'frames gaze_<id> beside face_<id>')
    optical_frame: str = option(OPTICAL_FRAME, "the camera's optical frame, where images name none")


class TfNode(RunnableNode):
    """Node from faces to /tf: `face_<id>` and `gaze_<id>` below the camera's optical frame."""

    unique = True

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('tf', automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self._options: TfOptions = declare_options(self, TfOptions)
        try:
            self._message: Any = message_class(TYPE)
        except ImportError as error:
            raise UserError('tf: the package tf2_msgs is not installed (Ubuntu: apt install '
                            'ros-jazzy-tf2-msgs)') from error
        self._publisher = make_publisher(self, self._message, '/tf', RELIABLE)
        make_subscription(self, TOPICS['faces'].message_class, 'faces', self._publish, NEWEST)

    def _publish(self, message: Any) -> None:
        try:
            transforms = list(self._transforms(message))
        except MessageError as error:
            self.get_logger().warning(f'faces: {error}',
                                      throttle_duration_sec=WARNING_PERIOD_S)
            return
        if transforms:
            self._publisher.publish(self._message(transforms=transforms))

    def _transforms(self, message: Any) -> Iterator[TransformStamped]:
        """The frames of all faces; raises MessageError."""
        header = Header(stamp=message.header.stamp,
                        frame_id=message.header.frame_id or self._options.optical_frame)
        for face in message.motions:
            motion = motion_from_message(face)
            if motion is None:
                continue
            name = face.face_id or '0'
            if (frame := face_frame(motion)) is not None:
                yield _transform(header, f'face_{name}', frame)
            if self._options.gaze and (frame := gaze_frame(motion)) is not None:
                yield _transform(header, f'gaze_{name}', frame)


def _transform(header: Header, child: str, frame: Frame3D) -> TransformStamped:
    x, y, z = map(float, frame.translation)
    qx, qy, qz, qw = frame.quaternion
    return TransformStamped(header=header, child_frame_id=child, transform=Transform(
        translation=Vector3(x=x, y=y, z=z), rotation=Quaternion(x=qx, y=qy, z=qz, w=qw)))


def main() -> int:
    """Runs the node, at a lower priority than those that make the commands."""
    lower_priority()
    return run(TfNode)


if __name__ == '__main__':
    raise SystemExit(main())
