"""Options of the warp-guided generator."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import ConfigurationError, option
from ros_animate.networks.layers import Widths
from ros_animate.networks.warp_guided.warped_source import GUIDE_STEP


@dataclass(frozen=True)
class Config:
    """Options of the network."""

    image_size: int = option(256, 'Side of the square images in pixels', low=32, high=2048)
    features: int = option(24, 'Channels of the first level', low=1, high=16384)
    max_features: int = option(128, 'Most channels', low=1, high=16384)
    levels: int = option(3, 'How often the network halves the resolution, after the first half',
                         low=1, high=8)
    blocks: int = option(2, 'Residual blocks at the lowest resolution', low=0, high=100)

    def __post_init__(self) -> None:
        step = GUIDE_STEP * 2 ** self.levels
        if self.image_size % step:
            raise ConfigurationError(f'image_size must be a multiple of {step} with {self.levels} '
                                     f'levels, got {self.image_size}')

    @property
    def widths(self) -> Widths:
        return Widths(self.features, self.max_features, self.levels)
