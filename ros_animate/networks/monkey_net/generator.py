"""Monkey-Net's generator (section 3.2): encode the source, move every level, decode."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.layers import CLIP, Decoder, Encoder, ResidualBlock, precision_of
from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.monkey_net.dense_motion import (
    DenseMotion,
    DenseMotionNetwork,
    NoMotionNetwork,
    heatmap_difference,
)
from ros_animate.networks.monkey_net.keypoints import Keypoints
from ros_animate.networks.sampling import resize, resize_grid, warp

_LEAST = 1 / 512  # half of the least difference of 8-bit colours


@dataclass(frozen=True)
class SourceFeatures:
    """What depends on the source alone.

    Attributes:
        levels: (B, C, H, W) each, the picture itself first.
    """

    levels: tuple[Tensor, ...]


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


class Refinement(nn.Sequential):
    """Residual blocks at full resolution and the projection to RGB."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        for i in range(blocks):
            self.add_module(f'r{i}', ResidualBlock(channels, CLIP))
        self.add_module('conv-last', CLIP.conv(channels, 3, 1))


class Generator(nn.Module):
    """Source picture and two sets of keypoints to the animated picture."""

    half_precision = True

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        widths = config.widths(config.generator_levels)
        self.appearance_encoder = Encoder(widths, 3, CLIP)
        self.dense_motion_module = (DenseMotionNetwork(config) if config.dense_motion
                                    else NoMotionNetwork())
        self.video_decoder = Decoder(widths, 3, CLIP, extra=config.num_keypoints)
        self.refinement_module = Refinement(self.video_decoder.outputs, config.refinement_blocks)
        if config.correction:  # none at the start
            for parameter in self.refinement_module[-1].parameters():
                nn.init.zeros_(parameter)

    def encode(self, source: Tensor) -> SourceFeatures:
        """Picture (B, 3, H, W) to what `render` needs of it."""
        return SourceFeatures(tuple(self.appearance_encoder(source.to(precision_of(self)))))

    def render(self, features: SourceFeatures, kp_source: Keypoints,
               kp_driving: Keypoints) -> Tensor:
        """The animated picture (B, 3, H, W)."""
        motion = self.motion(features, kp_source, kp_driving)
        return self.decode(features, kp_source, kp_driving, motion)

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> Generated:
        features = self.encode(source)
        motion = self.motion(features, kp_source, kp_driving)
        return Generated(self.decode(features, kp_source, kp_driving, motion),
                         self.moved(source, motion), motion)

    def motion(self, features: SourceFeatures, kp_source: Keypoints,
               kp_driving: Keypoints) -> DenseMotion:
        """Where every pixel comes from."""
        step = self.config.motion_step
        source = features.levels[0][..., ::step, ::step]
        return self.dense_motion_module(source, kp_source, kp_driving)

    def decode(self, features: SourceFeatures, kp_source: Keypoints, kp_driving: Keypoints,
               motion: DenseMotion) -> Tensor:
        """The animated picture under a known motion."""
        heat = self.keypoint_maps(features, kp_source, kp_driving)
        skips = [torch.cat([self.moved(level, motion),
                            resize(heat, level.shape[2:], self.config.interpolation)], dim=1)
                 for level in features.levels]
        painted = self.refinement_module(self.video_decoder(skips)).float()
        if self.config.correction:
            painted = painted + logit(skips[0][:, :painted.shape[1]].float())
        return torch.sigmoid(painted)

    def keypoint_maps(self, features: SourceFeatures, kp_source: Keypoints,
                      kp_driving: Keypoints) -> Tensor:
        """The decoder's second input at each level: (B, K, h, w)."""
        source = features.levels[0]
        height, width = (n // self.config.motion_step for n in source.shape[2:])
        return heatmap_difference(kp_source, kp_driving, (height, width),
                                  self.config.heatmap_divisor).to(source.dtype)

    def moved(self, level: Tensor, motion: DenseMotion) -> Tensor:
        """Maps (B, C, H, W) of any resolution under the motion."""
        positions = resize_grid(motion.deformation, level.shape[2:], self.config.interpolation)
        return warp(level, positions, self.config.align_corners)


def logit(image: Tensor) -> Tensor:
    """The inverse of the sigmoid, of values in [0, 1]; finite at the ends."""
    image = image.clamp(_LEAST, 1 - _LEAST)
    return torch.log(image / (1 - image))
