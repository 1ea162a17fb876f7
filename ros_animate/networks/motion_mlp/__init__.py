"""Motion of a face to control values by a perceptron: imitation in feature space.

- `policy` (MotionMlp): features (B, F) (blendshapes in [0, 1], then the head's yaw, pitch and roll
  in units of 30 degrees) to waypoints (B, H, N) of the controls, scaled to [-1, 1].
"""
from torch import nn

from ros_animate.networks.motion_mlp.network import Config, MotionMlp

__all__ = ['Config', 'MotionMlp', 'build']


def build(config: Config) -> dict[str, nn.Module]:
    """The network by its name."""
    return {'policy': MotionMlp(config)}
