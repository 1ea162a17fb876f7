"""BC-Z: zero-shot task generalization with robotic imitation learning (Jang et al., CoRL 2021).

- `policy` (BcZ): `forward(image, task)` with image (B, 3, S, S), RGB normalised by `mean` and
  `std`, and task (B, Z) or None for zeros, to waypoints (B, H, N) of the controls, scaled to
  [-1, 1]; `features(image, task)` gives (B, hidden).

The task embedding z distinguishes robots, portraits or styles. Any embedding of width Z can be
used, e.g. of a sentence or a video as in the paper.
"""
from torch import nn

from ros_animate.networks.bc_z.network import BcZ, Config

__all__ = ['BcZ', 'Config', 'build']


def build(config: Config) -> dict[str, nn.Module]:
    """The network by its name."""
    return {'policy': BcZ(config)}
