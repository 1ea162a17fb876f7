"""The topics of the pipeline: names relative to the nodes' namespace, types, what they carry."""
from __future__ import annotations

from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from trajectory_msgs.msg import JointTrajectory

from ros_animate.msg import ActionChunk, Command, Motion


@dataclass(frozen=True)
class Topic:
    """One topic.

    Attributes:
        type: Message class.
        type_name: As ROS writes it, e.g. sensor_msgs/msg/Image.
        best_effort: How it is offered.
    """

    type: type
    type_name: str
    best_effort: bool = False


TOPICS = {
    'image_raw': Topic(Image, 'sensor_msgs/msg/Image', best_effort=True),
    'image_raw/compressed': Topic(CompressedImage, 'sensor_msgs/msg/CompressedImage',
                                  best_effort=True),
    'camera_info': Topic(CameraInfo, 'sensor_msgs/msg/CameraInfo'),
    'motion': Topic(Motion, 'ros_animate/msg/Motion'),
    'animated/image_raw': Topic(Image, 'sensor_msgs/msg/Image', best_effort=True),
    'actions': Topic(ActionChunk, 'ros_animate/msg/ActionChunk'),
    'joint_trajectory': Topic(JointTrajectory, 'trajectory_msgs/msg/JointTrajectory'),
    'commands': Topic(Command, 'ros_animate/msg/Command'),
    'joint_states': Topic(JointState, 'sensor_msgs/msg/JointState'),
    'robot/image_raw': Topic(Image, 'sensor_msgs/msg/Image', best_effort=True),
    '/diagnostics': Topic(DiagnosticArray, 'diagnostic_msgs/msg/DiagnosticArray'),
}
