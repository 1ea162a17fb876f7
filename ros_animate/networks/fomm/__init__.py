"""FOMM: First Order Motion Model for Image Animation (Siarohin et al., NeurIPS 2019).

Sub-networks, by the names of the published checkpoints:

- `kp_detector` (KeypointDetector): image (B, 3, H, W) to Keypoints (value, jacobian).
- `generator` (Generator): `forward(source, kp_source, kp_driving)` to GeneratorOutput. For
  animation: `encode(source)` to SourceFeatures once, then `render(features, kp_source, kp_driving)`
  to the animated image (B, 3, H, W) for every driving frame.
- `discriminator` (Discriminator): `forward(image, keypoints)` to feature maps and score map.

Images are RGB in [0, 1].
"""
from torch import nn

from ros_animate.networks.fomm.config import Config
from ros_animate.networks.fomm.dense_motion import DenseMotion
from ros_animate.networks.fomm.discriminator import Discriminator
from ros_animate.networks.fomm.generator import Generator, SourceFeatures
from ros_animate.networks.fomm.keypoints import KeypointDetector, Keypoints
from ros_animate.networks.generator_output import GeneratorOutput

__all__ = ['Config', 'DenseMotion', 'Discriminator', 'Generator', 'GeneratorOutput',
           'KeypointDetector', 'Keypoints', 'SourceFeatures', 'build']


def build(config: Config) -> dict[str, nn.Module]:
    """The sub-networks by their published names."""
    return {'kp_detector': KeypointDetector(config), 'generator': Generator(config),
            'discriminator': Discriminator(config)}
