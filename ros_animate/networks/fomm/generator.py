"""FOMM's generator (section 3.2): encode the source, warp and mask its features, decode."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.fomm.config import Config
from ros_animate.networks.fomm.dense_motion import DenseMotion, DenseMotionNetwork
from ros_animate.networks.fomm.keypoints import Keypoints
from ros_animate.networks.generator_output import GeneratorOutput
from ros_animate.networks.layers import (
    ConvBlock,
    DownBlock,
    ResidualBlock,
    UpBlock,
    named_layers,
    parameter_dtype,
)
from ros_animate.networks.sampling import resize, warp_resized


@dataclass(frozen=True)
class SourceFeatures:
    """Everything that depends on the source alone.

    Attributes:
        features: (B, C, H / 4, W / 4).
        small: (B, 3, h, w), the downsampled image in which motion is found.
        skips: The image (B, 3, H, W) and the features of all levels, finest first; empty for a
            generator without skips.
    """

    features: Tensor
    small: Tensor
    skips: tuple[Tensor, ...] = ()


class Generator(nn.Module):
    """Source image and two sets of keypoints to the animated image."""

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
        self.bottleneck = named_layers(
            (ResidualBlock(deepest) for _ in range(config.bottleneck_blocks)), 'r{}')
        self.final = nn.Conv2d(widths.at(0), 3, 7, padding=3)

    def encode(self, source: Tensor) -> SourceFeatures:
        """Image (B, 3, H, W) to the input of `render`."""
        levels = [source, self.first(source.to(parameter_dtype(self)))]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        deepest = levels[-1]
        return SourceFeatures(deepest, self.dense_motion_network.down(source.to(deepest.dtype)),
                              tuple(levels) if self.skips else ())

    def render(self, features: SourceFeatures, kp_source: Keypoints,
               kp_driving: Keypoints) -> Tensor:
        """The animated image (B, 3, H, W)."""
        motion = self.dense_motion_network.estimate(features.small, kp_source, kp_driving)
        return self.decode(features, motion)

    def forward(self, source: Tensor, kp_source: Keypoints,
                kp_driving: Keypoints) -> GeneratorOutput[DenseMotion]:
        features = self.encode(source)
        motion = self.dense_motion_network.estimate(features.small, kp_source, kp_driving)
        return GeneratorOutput(self.decode(features, motion), self.warp(source, motion), motion)

    def decode(self, features: SourceFeatures, motion: DenseMotion) -> Tensor:
        """The animated image (B, 3, H, W) under a known motion."""
        x = self.warp(features.features, motion)  # (B, C, H / 4, W / 4)
        x = x * resize(motion.occlusion, x.shape[2:], 'bilinear')  # eq. (9)
        x = self.bottleneck(x)
        for i, block in enumerate(self.up_blocks):
            x = block(self._with_skip(x, features, -1 - i, motion))
        image = torch.sigmoid(self.final(self._with_skip(x, features, 1, motion)).float())
        return self._with_skip(image, features, 0, motion)

    def _with_skip(self, decoded: Tensor, features: SourceFeatures, level: int,
                   motion: DenseMotion) -> Tensor:
        """Decoded maps where the source is occluded, elsewhere those of the warped source."""
        if not features.skips:
            return decoded
        warped = self.warp(features.skips[level], motion)
        weight = resize(motion.occlusion, decoded.shape[2:], 'bilinear').to(decoded.dtype)
        return torch.lerp(decoded, warped.to(decoded.dtype), weight)

    def warp(self, maps: Tensor, motion: DenseMotion) -> Tensor:
        """Warps maps (B, C, H, W) of any resolution by the motion."""
        return warp_resized(maps, motion.deformation, 'bilinear', self.align_corners)
