"""The feature volume: F (appearance) and W (warping) of face-vid2vid and of LivePortrait.

face-vid2vid has both in one generator, LivePortrait has each in a network of its own. So they are
base classes that a network inherits, one of them or both.
"""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ros_animate.networks.face_vid2vid.config import VolumeConfig
from ros_animate.networks.face_vid2vid.dense_motion import VolumeMotion, VolumeMotionNetwork
from ros_animate.networks.layers import (
    VOLUME_LAYERS,
    ConvBlock,
    DownBlock,
    ResidualBlock,
    named_layers,
    parameter_dtype,
)
from ros_animate.networks.sampling import warp


@dataclass(frozen=True)
class WarpingOutput:
    """Output of W.

    Attributes:
        features: (B, C, H / 4, W / 4), the warped volume projected to a plane, times the occlusion.
        motion: The dense motion.
    """

    features: Tensor
    motion: VolumeMotion


class VolumeNetwork(nn.Module):
    """Base of networks on feature volumes."""

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__()
        self.config = config


class Appearance(VolumeNetwork):
    """F: an image to a volume of features of the head's appearance, without its pose."""

    first_kernel = 3

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__(config)
        widths = config.widths
        self.first = ConvBlock(3, widths.at(0), kernel=self.first_kernel)
        self.down_blocks = nn.ModuleList(DownBlock(widths.at(i), widths.at(i + 1))
                                         for i in range(widths.levels))
        self.second = nn.Conv2d(widths.at(widths.levels),
                                config.volume_channels * config.volume_depth, 1)
        self.resblocks_3d = named_layers((ResidualBlock(config.volume_channels, VOLUME_LAYERS)
                                          for _ in range(config.volume_blocks)), '3dr{}')

    def encode(self, image: Tensor) -> Tensor:
        """Image (B, 3, H, W) to the volume (B, C, D, H / 4, W / 4)."""
        x = self.first(image.to(parameter_dtype(self)))
        for block in self.down_blocks:
            x = block(x)
        volume = self.second(x).unflatten(1, (self.config.volume_channels, -1))
        return self.resblocks_3d(volume)


class Warping(VolumeNetwork):
    """W: warps the volume by the keypoints and projects it to a plane."""

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__(config)
        channels = config.widths.at(config.levels)
        self.dense_motion_network = VolumeMotionNetwork(config)
        self.third = ConvBlock(config.volume_channels * config.volume_depth, channels, slope=0.01)
        self.fourth = nn.Conv2d(channels, channels, 1)

    def warp(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> WarpingOutput:
        """Volume (B, C, D, h, w) and keypoints (B, K, 3) to features and motion."""
        motion = self.dense_motion_network(volume, kp_source, kp_driving)
        warped = warp(volume, motion.deformation, self.config.align_corners)
        plane = warped.flatten(1, 2).to(parameter_dtype(self.third))  # (B, C * D, h, w)
        features = self.fourth(self.third(plane))
        return WarpingOutput(features * motion.occlusion, motion)
