"""Shared functions of the objectives whose networks warp a feature volume."""
from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ros_animate.networks.face_vid2vid.dense_motion import VolumeMotion
from ros_animate.networks.live_portrait import FaceMotion, rotation_matrix, transform
from ros_animate.training.animation.output import AnimationOutput


def volume_output(prediction: Tensor, source: Tensor, driving: Tensor, motion: VolumeMotion,
                  condition: tuple[Tensor, ...] = ()) -> AnimationOutput:
    """Output with the flow in the middle of the volume.

    Args:
        prediction: (B, 3, S, S).
        source: (B, K, 3) keypoints of the source.
        driving: (B, K, 3) keypoints of the driving frame.
        motion: Motion of the volume.
        condition: Second input of the discriminator.
    """
    middle = motion.deformation.shape[1] // 2
    return AnimationOutput(prediction, source[..., :2], driving[..., :2],
                           motion.deformation[:, middle, ..., :2], motion.occlusion, condition)


def to_rotation_angles(angles_deg: Tensor) -> Tensor:
    """Head angles of labels (B, 3) in the convention of the rotation R, whose z is to the camera.

    Pitch and roll of the labels have the opposite sign.
    """
    return angles_deg * angles_deg.new_tensor([1.0, -1.0, -1.0])


def shrink_image(image: Tensor, size: int) -> Tensor:
    """The image (B, 3, S, S) at the networks' input size; LivePortrait's output is larger."""
    return functional.adaptive_avg_pool2d(image, size) if image.shape[-1] > size else image


def transform_keypoints(canonical: Tensor, motion: FaceMotion) -> Tensor:
    """LivePortrait's keypoints x = s (x_c R + delta) + t, eq. (2): (B, K, 3)."""
    return transform(canonical, rotation_matrix(motion.degrees()), motion.expression, motion.scale,
                     motion.translation)
