"""LivePortrait: Efficient Portrait Animation with Stitching and Retargeting Control (2024).

Sub-networks, by the names of the published files (Guo et al., arXiv 2407.03168):

- `appearance_feature_extractor` F: image (B, 3, 256, 256) to the volume (B, 32, 16, 64, 64).
- `motion_extractor` M: image to FaceMotion. `rotation_matrix(motion.degrees())` and
  `transform(canonical, rotation, expression, scale, translation)` compute keypoints (B, 21, 3)
  from it.
- `warping_module` W: `forward(volume, kp_source, kp_driving)` to WarpingOutput (features, motion).
- `spade_generator` G: `WarpingOutput.features` to the animated image (B, 3, 512, 512).
- `stitching_retargeting_module.stitching` S: `forward(kp_source, kp_driving)` to stitched driving
  keypoints (B, 21, 3).
- `stitching_retargeting_module.eye`, `.lip` R: `forward(kp_source, ratios)` to offsets of the
  keypoints (B, 21, 3); ratios are (B, 3) source left, source right, target for the eyes, and (B, 2)
  source, target for the lips.

Images are RGB in [0, 1].
"""
from torch import nn

from ros_animate.networks.live_portrait.config import Config
from ros_animate.networks.live_portrait.motion_extractor import (
    FaceMotion,
    MotionExtractor,
    rotation_matrix,
    transform,
)
from ros_animate.networks.live_portrait.networks import (
    AppearanceFeatureExtractor,
    SpadeGenerator,
    WarpingModule,
)
from ros_animate.networks.live_portrait.stitching import Retargeting, Stitching

__all__ = ['AppearanceFeatureExtractor', 'Config', 'FaceMotion', 'MotionExtractor', 'Retargeting',
           'SpadeGenerator', 'Stitching', 'WarpingModule', 'build', 'rotation_matrix', 'transform']


def build(config: Config) -> dict[str, nn.Module]:
    """The sub-networks by their published names."""
    points = config.num_keypoints
    return {'appearance_feature_extractor': AppearanceFeatureExtractor(config),
            'motion_extractor': MotionExtractor(config),
            'warping_module': WarpingModule(config),
            'spade_generator': SpadeGenerator(config, config.upscale),
            'stitching_retargeting_module.stitching': Stitching(points, config.stitching_hidden),
            'stitching_retargeting_module.lip': Retargeting(points, 2, config.lip_hidden),
            'stitching_retargeting_module.eye': Retargeting(points, 3, config.eye_hidden)}
