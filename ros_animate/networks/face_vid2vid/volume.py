"""The feature volume: F (appearance) and W (warping), of face-vid2vid and LivePortrait alike.

face-vid2vid keeps both in one generator, LivePortrait each in a file of its own, so they are
written as parts that a module can be made of: one of them, or several.
"""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ros_animate.networks.face_vid2vid.config import VolumeConfig
from ros_animate.networks.face_vid2vid.dense_motion import VolumeMotion, VolumeMotionNetwork
from ros_animate.networks.layers import (
    VOLUME,
    ConvBlock,
    DownBlock,
    ResidualBlock,
    named,
    precision_of,
)
from ros_animate.networks.sampling import warp


@dataclass(frozen=True)
class Warped:
    """W's answer.

    Attributes:
        features: (B, C, H / 4, W / 4) as seen from the front, with the occluded parts blanked.
        motion: The dense motion.
    """

    features: Tensor
    motion: VolumeMotion


class Part(nn.Module):
    """Ends the chain of constructors of the parts of a module."""

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__()
        self.config = config


class Appearance(Part):
    """F: a picture to a volume of features that belong to the head, not to its pose."""

    first_kernel = 3

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__(config)
        widths = config.widths
        self.first = ConvBlock(3, widths.at(0), kernel=self.first_kernel)
        self.down_blocks = nn.ModuleList(DownBlock(widths.at(i), widths.at(i + 1))
                                         for i in range(widths.levels))
        self.second = nn.Conv2d(widths.at(widths.levels),
                                config.volume_channels * config.volume_depth, 1)
        self.resblocks_3d = named((ResidualBlock(config.volume_channels, VOLUME)
                                   for _ in range(config.volume_blocks)), '3dr{}')

    def encode(self, image: Tensor) -> Tensor:
        """Picture (B, 3, H, W) to the volume (B, C, D, H / 4, W / 4)."""
        x = self.first(image.to(precision_of(self)))
        for block in self.down_blocks:
            x = block(x)
        volume = self.second(x).unflatten(1, (self.config.volume_channels, -1))
        return self.resblocks_3d(volume)


class Warping(Part):
    """W: moves the volume by the keypoints and looks at it from the front."""

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__(config)
        channels = config.widths.at(config.levels)
        self.dense_motion_network = VolumeMotionNetwork(config)
        self.third = ConvBlock(config.volume_channels * config.volume_depth, channels, slope=0.01)
        self.fourth = nn.Conv2d(channels, channels, 1)

    def warp(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Warped:
        """Volume (B, C, D, h, w) and keypoints (B, K, 3) to Warped."""
        motion = self.dense_motion_network(volume, kp_source, kp_driving)
        moved = warp(volume, motion.deformation, self.config.align_corners)
        flat = moved.flatten(1, 2).to(precision_of(self.third))
        features = self.fourth(self.third(flat))
        return Warped(features * motion.occlusion, motion)
