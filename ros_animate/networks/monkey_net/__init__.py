"""Monkey-Net: Animating Arbitrary Objects via Deep Motion Transfer (Siarohin et al., CVPR 2019).

Sub-networks, by the names of the published checkpoints:

- `kp_detector` (KeypointDetector): image (B, 3, H, W) to Keypoints (mean, covariance).
- `generator` (Generator): `forward(source, kp_source, kp_driving)` to GeneratorOutput. For
  animation: `encode(source)` to SourceFeatures once, then `render(features, kp_source, kp_driving)`
  to the animated image (B, 3, H, W) for every driving frame.
- `discriminator` (Discriminator): `forward(image, keypoints)` to feature maps and score map.
- `predictor` (KeypointPredictor): keypoints of the first frames to those of the following ones.

Images are RGB in [0, 1]. The frames of a clip are stacked along the batch.
"""
from torch import nn

from ros_animate.networks.generator_output import GeneratorOutput
from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.monkey_net.dense_motion import DenseMotion
from ros_animate.networks.monkey_net.discriminator import Discriminator
from ros_animate.networks.monkey_net.generator import Generator, SourceFeatures
from ros_animate.networks.monkey_net.keypoints import KeypointDetector, Keypoints
from ros_animate.networks.monkey_net.prediction import KeypointPredictor

__all__ = ['Config', 'DenseMotion', 'Discriminator', 'Generator', 'GeneratorOutput',
           'KeypointDetector', 'KeypointPredictor', 'Keypoints', 'SourceFeatures', 'build']


def build(config: Config) -> dict[str, nn.Module]:
    """The sub-networks by their published names."""
    return {'kp_detector': KeypointDetector(config), 'generator': Generator(config),
            'discriminator': Discriminator(config), 'predictor': KeypointPredictor(config)}
