"""X2Face: A network for controlling face generation using images, audio, and pose codes.

Wiles, Koepke, Zisserman, ECCV 2018; the model that images drive.

Sub-networks, by the names of the published checkpoint:

- `pix2pixUnwrapped` (EmbeddingNetwork): source image (B, 3, H, W) to Embedding; `embed(*sources)`
  to the embedded face (B, 3, H, W), whose pose and expression are the same for everybody.
- `pix2pixSampler` (DrivingNetwork): `encode(driving)` to the driving vector (B, D);
  `render(face, vector)` to the animated image (B, 3, H, W).

Images are RGB in [0, 1]. Both networks put out positions to sample from, no colours.
"""
from torch import nn

from ros_animate.networks.x2face.config import Config
from ros_animate.networks.x2face.driving import DrivingNetwork
from ros_animate.networks.x2face.embedding import Embedding, EmbeddingNetwork

EMBEDDING, DRIVING = 'pix2pixUnwrapped', 'pix2pixSampler'

__all__ = ['DRIVING', 'EMBEDDING', 'Config', 'DrivingNetwork', 'Embedding', 'EmbeddingNetwork',
           'build']


def build(config: Config) -> dict[str, nn.Module]:
    """The sub-networks by their published names."""
    return {EMBEDDING: EmbeddingNetwork(config), DRIVING: DrivingNetwork(config)}
