"""X2CNet: from robot portrait to robot controls (2025), the mapping network.

- `mapping_network` (MappingNetwork): image (B, 3, 224, 224), RGB normalised by `mean` and `std`,
  to 30 control values (B, 30), in the robot's units or scaled (see networks/actions.py);
  `features(image)` gives (B, 512).
"""
from torch import nn

from ros_animate.networks.x2cnet.mapping import (
    MAP_CHANNELS,
    MEAN,
    STD,
    Config,
    MappingNetwork,
)

__all__ = ['MAP_CHANNELS', 'MEAN', 'STD', 'Config', 'MappingNetwork', 'build']


def build(config: Config) -> dict[str, nn.Module]:
    """The network by its published name."""
    return {'mapping_network': MappingNetwork(config)}
