"""face-vid2vid's head pose and expression as a Motion."""
from __future__ import annotations

from ros_animate.inference.device import to_array
from ros_animate.networks.face_vid2vid import Config, HeadPose, rotation_matrix
from ros_animate.types import Motion

MODEL = 'face_vid2vid'


def to_motion(pose: HeadPose, config: Config, stamp_s: float) -> Motion:
    """The first of a batch: rotation (3, 3), translation (3,), deformations (K, 3)."""
    rotation = to_array(rotation_matrix(pose.degrees(), config.rotation))
    return Motion(MODEL, stamp_s, rotation=rotation, translation=to_array(pose.translation),
                  deformations=to_array(pose.expression))
