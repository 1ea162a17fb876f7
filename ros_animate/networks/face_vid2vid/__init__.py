"""face-vid2vid: One-Shot Free-View Neural Talking-Head Synthesis (Wang et al., CVPR 2021).

Sub-networks, by the names of the open re-implementation's checkpoints:

- `kp_detector` (CanonicalKeypointDetector): image (B, 3, H, W) to canonical keypoints (B, K, 3).
- `he_estimator` (HeadPoseEstimator): image (B, 3, H, W) to HeadPose (angles as bins, translation,
  expression). `rotation_matrix(pose.degrees(), config.rotation)` and `transform(canonical, ...)`
  compute keypoints from both; the source's canonical keypoints are used for the driving side too.
- `generator` (Generator or SpadeGenerator): `forward(source, kp_source, kp_driving)` to
  GeneratorOutput. For animation: `encode(source)` to the feature volume (B, 32, 16, H / 4, W / 4)
  once, then `render(volume, kp_source, kp_driving)` to the animated image (B, 3, H, W) for every
  driving frame.
- `discriminator` (Discriminator): image to feature maps and score map.

Images are RGB in [0, 1].
"""
from torch import nn

from ros_animate.networks.face_vid2vid.config import Config
from ros_animate.networks.face_vid2vid.dense_motion import VolumeMotion
from ros_animate.networks.face_vid2vid.discriminator import Discriminator
from ros_animate.networks.face_vid2vid.generator import Generator, GeneratorOutput, SpadeGenerator
from ros_animate.networks.face_vid2vid.head_pose import (
    HeadPose,
    HeadPoseEstimator,
    rotation_matrix,
    transform,
)
from ros_animate.networks.face_vid2vid.keypoints import CanonicalKeypointDetector

__all__ = ['CanonicalKeypointDetector', 'Config', 'Discriminator', 'GeneratorOutput', 'Generator',
           'HeadPose', 'HeadPoseEstimator', 'SpadeGenerator', 'VolumeMotion', 'build',
           'rotation_matrix', 'transform']


def build(config: Config) -> dict[str, nn.Module]:
    """The sub-networks by their published names."""
    generator = SpadeGenerator if config.generator == 'spade' else Generator
    return {'kp_detector': CanonicalKeypointDetector(config),
            'he_estimator': HeadPoseEstimator(config),
            'generator': generator(config), 'discriminator': Discriminator(config)}
