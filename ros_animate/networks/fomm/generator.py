"""FOMM's generator (section 3.2): encode the source, warp and mask its features, decode."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.fomm.config import Config
from ros_animate.networks.fomm.dense_motion import DenseMotion, DenseMotionNetwork
from ros_animate.networks.fomm.keypoints import Keypoints
from ros_animate.networks.layers import (
    ConvBlock,
    DownBlock,
    ResidualBlock,
    UpBlock,
    named,
    precision_of,
)
from ros_animate.networks.sampling import resize, resize_grid, warp


@dataclass(frozen=True)
class SourceFeatures:
    """What depends on the source alone.

    Attributes:
        features: (B, C, H / 4, W / 4).
        small: (B, 3, h, w) the picture in which motion is found.
        skips: The picture (B, 3, H, W) and the features of all levels, finest first; empty for a
            generator without skips.
    """

    features: Tensor
    small: Tensor
    skips: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Generated:
    """What the generator made.

    Attributes:
        prediction: (B, 3, H, W) in [0, 1].
        deformed: (B, 3, H, W) the source picture under the same motion.
        motion: The dense motion.
    """

    prediction: Tensor
    deformed: Tensor
    motion: DenseMotion


class Generator(nn.Module):
    """Source picture and two sets of keypoints to the animated picture."""

    half_precision = True

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.align_corners, self.skips = config.align_corners, config.skips
        widths = config.generator_widths
        levels, deepest = range(widths.levels), widths.at(widths.levels)
        self.dense_motion_network = DenseMotionNetwork(config)
        self.first = ConvBlock(3, widths.at(0), kernel=7)
        self.down_blocks = nn.ModuleList(DownBlock(widths.at(i), widths.at(i + 1)) for i in levels)
        self.up_blocks = nn.ModuleList(UpBlock(widths.at(i + 1), widths.at(i))
                                       for i in reversed(levels))
        self.bottleneck = named((ResidualBlock(deepest) for _ in range(config.bottleneck_blocks)),
                                'r{}')
        self.final = nn.Conv2d(widths.at(0), 3, 7, padding=3)

    def encode(self, source: Tensor) -> SourceFeatures:
        """Picture (B, 3, H, W) to what `render` needs of it."""
        levels = [source, self.first(source.to(precision_of(self)))]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        deepest = levels[-1]
        return SourceFeatures(deepest, self.dense_motion_network.down(source.to(deepest.dtype)),
                              tuple(levels) if self.skips else ())

    def render(self, features: SourceFeatures, kp_source: Keypoints,
               kp_driving: Keypoints) -> Tensor:
        """The animated picture (B, 3, H, W)."""
        motion = self.dense_motion_network.weigh(features.small, kp_source, kp_driving)
        return self.decode(features, motion)

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> Generated:
        features = self.encode(source)
        motion = self.dense_motion_network.weigh(features.small, kp_source, kp_driving)
        return Generated(self.decode(features, motion), self.moved(source, motion), motion)

    def decode(self, features: SourceFeatures, motion: DenseMotion) -> Tensor:
        """The animated picture under a known motion."""
        x = self.moved(features.features, motion)
        x = x * resize(motion.occlusion, x.shape[2:], 'bilinear')  # eq. (9)
        x = self.bottleneck(x)
        for i, block in enumerate(self.up_blocks):
            x = block(self._seen(x, features, -1 - i, motion))
        picture = torch.sigmoid(self.final(self._seen(x, features, 1, motion)).float())
        return self._seen(picture, features, 0, motion)

    def _seen(self, made: Tensor, features: SourceFeatures, level: int,
              motion: DenseMotion) -> Tensor:
        """Maps as `made` where the source is occluded, elsewhere as the warped source has them."""
        if not features.skips:
            return made
        seen = self.moved(features.skips[level], motion)
        share = resize(motion.occlusion, made.shape[2:], 'bilinear').to(made.dtype)
        return torch.lerp(made, seen.to(made.dtype), share)

    def moved(self, maps: Tensor, motion: DenseMotion) -> Tensor:
        """Maps (B, C, H, W) of any resolution under the motion."""
        positions = resize_grid(motion.deformation, maps.shape[2:], 'bilinear')
        return warp(maps, positions, self.align_corners)
