"""Options of X2Face. The defaults are those of the published model (VoxCeleb, 256 px)."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.networks.layers import Widths


@dataclass(frozen=True)
class Config:
    """Options of the networks; see config/models for the published variant."""

    image_size: int = option(256, 'Side of the square images in pixels, a power of two: the '
                                  'networks halve it down to a single cell', low=16, high=4096)
    block_expansion: int = option(64, 'Channels of the first level', low=1, high=16384)
    max_features: int = option(512, 'Most channels of any level', low=1, high=16384)
    driving_features: int = option(128, 'Length of the driving vector', low=1, high=16384)
    align_corners: bool = option(True, 'Grid sampling as in torch 0.2 to 0.4, with which the '
                                       'published weights were trained; False as in later versions')

    def __post_init__(self) -> None:
        if self.image_size & (self.image_size - 1):
            raise ValueError(f'image_size is a power of two (64, 128, 256, …), got '
                             f'{self.image_size}')

    def channels(self) -> list[int]:
        """Channels at 1/2, 1/4, … of the image's size, down to a single cell."""
        levels = self.image_size.bit_length() - 1
        widths = Widths(self.block_expansion, self.max_features, levels)
        return [widths.at(level) for level in range(levels)]
