"""Image space to control values by X2CNet's mapping network, published or trained here."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.policy.learned import ImagePolicy, LearnedOptions


class X2CNet(ImagePolicy):
    """The animated robot portrait through a ResNet-18 to one action."""

    @dataclass(frozen=True)
    class Config(LearnedOptions):
        """Options of the policy."""

    family = 'x2cnet'
    network_name = 'mapping_network'


PLUGIN = X2CNet
