"""Monkey-Net's generator (section 3.2): encode the source, warp every level, decode."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.generator_output import GeneratorOutput
from ros_animate.networks.hourglass import Decoder, Encoder
from ros_animate.networks.layers import CLIP_LAYERS, ResidualBlock, parameter_dtype
from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.monkey_net.dense_motion import (
    DenseMotion,
    DenseMotionNetwork,
    NoMotionNetwork,
    heatmap_difference,
)
from ros_animate.networks.monkey_net.keypoints import Keypoints
from ros_animate.networks.sampling import resize, warp_resized

_LEAST = 1 / 512  # half of the least difference of 8-bit colours


@dataclass(frozen=True)
class SourceFeatures:
    """Everything that depends on the source alone.

    Attributes:
        levels: (B, C, H, W) each, the image itself first.
    """

    levels: tuple[Tensor, ...]


class Refinement(nn.Sequential):
    """Residual blocks at full resolution and the projection to RGB."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        for i in range(blocks):
            self.add_module(f'r{i}', ResidualBlock(channels, CLIP_LAYERS))
        self.add_module('conv-last', CLIP_LAYERS.conv(channels, 3, 1))


class Generator(nn.Module):
    """Source image and two sets of keypoints to the animated image."""

    half_precision = True

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        widths = config.widths(config.generator_levels)
        self.appearance_encoder = Encoder(widths, 3, CLIP_LAYERS)
        self.dense_motion_module = (DenseMotionNetwork(config) if config.dense_motion
                                    else NoMotionNetwork())
        self.video_decoder = Decoder(widths, 3, CLIP_LAYERS, extra=config.num_keypoints)
        self.refinement_module = Refinement(self.video_decoder.outputs, config.refinement_blocks)
        if config.correction:  # zero before training
            for parameter in self.refinement_module[-1].parameters():
                nn.init.zeros_(parameter)

    def encode(self, source: Tensor) -> SourceFeatures:
        """Image (B, 3, H, W) to the input of `render`."""
        return SourceFeatures(tuple(self.appearance_encoder(source.to(parameter_dtype(self)))))

    def render(self, features: SourceFeatures, kp_source: Keypoints,
               kp_driving: Keypoints) -> Tensor:
        """The animated image (B, 3, H, W)."""
        motion = self.motion(features, kp_source, kp_driving)
        return self.decode(features, kp_source, kp_driving, motion)

    def forward(self, source: Tensor, kp_source: Keypoints,
                kp_driving: Keypoints) -> GeneratorOutput[DenseMotion]:
        features = self.encode(source)
        motion = self.motion(features, kp_source, kp_driving)
        return GeneratorOutput(self.decode(features, kp_source, kp_driving, motion),
                               self.warp(source, motion), motion)

    def motion(self, features: SourceFeatures, kp_source: Keypoints,
               kp_driving: Keypoints) -> DenseMotion:
        """The dense motion between two sets of keypoints."""
        step = self.config.motion_step
        source = features.levels[0][..., ::step, ::step]
        return self.dense_motion_module(source, kp_source, kp_driving)

    def decode(self, features: SourceFeatures, kp_source: Keypoints, kp_driving: Keypoints,
               motion: DenseMotion) -> Tensor:
        """The animated image (B, 3, H, W) under a known motion."""
        heat = self.keypoint_maps(features, kp_source, kp_driving)
        skips = [torch.cat([self.warp(level, motion),
                            resize(heat, level.shape[2:], self.config.interpolation)], dim=1)
                 for level in features.levels]  # (B, C + K, h, w) each
        logits = self.refinement_module(self.video_decoder(skips)).float()
        if self.config.correction:
            logits = logits + logit(skips[0][:, :logits.shape[1]].float())
        return torch.sigmoid(logits)

    def keypoint_maps(self, features: SourceFeatures, kp_source: Keypoints,
                      kp_driving: Keypoints) -> Tensor:
        """The decoder's second input at each level: (B, K, h, w)."""
        source = features.levels[0]
        height, width = (n // self.config.motion_step for n in source.shape[2:])
        return heatmap_difference(kp_source, kp_driving, (height, width),
                                  self.config.heatmap_divisor).to(source.dtype)

    def warp(self, maps: Tensor, motion: DenseMotion) -> Tensor:
        """Warps maps (B, C, H, W) of any resolution by the motion."""
        return warp_resized(maps, motion.deformation, self.config.interpolation,
                            self.config.align_corners)


def logit(image: Tensor) -> Tensor:
    """Inverse of the sigmoid for values in [0, 1]; finite at the ends."""
    image = image.clamp(_LEAST, 1 - _LEAST)
    return torch.log(image / (1 - image))
