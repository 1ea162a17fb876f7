"""Monkey-Net's dense motion (section 3.3): the keypoints' own motion and what is added to it."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.layers import CLIP_LAYERS, ConvBlock
from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.monkey_net.keypoints import (
    Keypoints,
    headed_hourglass,
    keypoint_heatmaps,
)
from ros_animate.networks.sampling import (
    blend_motions,
    coordinate_grid,
    translated_copies,
    with_background,
)

BACKGROUND = 2.0  # logit of the background's mask before training, where the keypoints' is 0


@dataclass(frozen=True)
class DenseMotion:
    """Output of the dense motion network.

    Attributes:
        deformation: (B, h, w, 2), position in the source of each cell.
        mask: (B, K + 1, h, w), share of each keypoint's motion; the background is first.
    """

    deformation: Tensor
    mask: Tensor


def heatmap_difference(source: Keypoints, driving: Keypoints, size: tuple[int, int],
                       divisor: float) -> Tensor:
    """Heat maps of the driving keypoints minus those of the source: (B, K, h, w)."""
    return (keypoint_heatmaps(driving, size) - keypoint_heatmaps(source, size)) / divisor


def keypoint_shifts(source: Keypoints, driving: Keypoints) -> Tensor:
    """Translations of the background (zero) and of every keypoint: (B, K + 1, 2)."""
    return with_background(source.mean - driving.mean)


class DenseMotionNetwork(nn.Module):
    """Sparse motion to a deformation of every pixel, eq. (7) to (9)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        groups = config.num_keypoints + 1
        # Each group has a heat map, and the translated RGB image.
        channels = groups * (4 if config.source_in_motion else 1)
        self.group_blocks = nn.ModuleList(
            ConvBlock(channels, channels, kernel=1, layers=CLIP_LAYERS, groups=groups)
            for _ in range(config.group_blocks))
        self.hourglass = headed_hourglass(config.widths(config.motion_levels), channels,
                                          groups * config.coarse + 2 * config.residual)
        self._initialise_head()

    def _initialise_head(self) -> None:
        """Before training most of every pixel is background, and there is no residual."""
        head = self.hourglass.get_submodule('decoder.conv')
        bias = head.get_parameter('bias')
        nn.init.zeros_(head.get_parameter('weight'))
        nn.init.zeros_(bias)
        if self.config.coarse:
            nn.init.constant_(bias[:1], BACKGROUND)

    def embed(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> Tensor:
        """Heat map and translated source for each keypoint: (B, (K + 1) * 4, h, w)."""
        size = (source.shape[2], source.shape[3])
        heat = heatmap_difference(kp_source, kp_driving, size, self.config.heatmap_divisor)
        heat = with_background(heat).to(source.dtype)  # (B, K + 1, h, w)
        if not self.config.source_in_motion:
            return heat
        copies = translated_copies(source, keypoint_shifts(kp_source, kp_driving),
                                   self.config.align_corners)  # (B, K + 1, 3, h, w)
        return torch.cat([heat[:, :, None], copies], dim=2).flatten(1, 2)

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        """The motion, at the resolution of `source` (B, 3, h, w)."""
        x = self.embed(source, kp_source, kp_driving)
        for block in self.group_blocks:
            x = block(x)  # the reference's leaky ReLU after the block's ReLU changes nothing
        x = self.hourglass(x).float()
        shifts = keypoint_shifts(kp_source, kp_driving)
        mask = (x[:, :shifts.shape[1]].softmax(dim=1) if self.config.coarse
                else no_motion(source, kp_source).mask)
        deformation = coordinate_grid(x.shape[2:], shifts)
        deformation = deformation + blend_motions(mask, shifts)  # eq. (8)
        if self.config.residual:
            # eq. (9); the reference has no scale.
            residual = x[:, -2:].permute(0, 2, 3, 1)
            deformation = deformation + self.config.residual_scale * residual
        return DenseMotion(deformation, mask)


class NoMotionNetwork(nn.Module):
    """Replaces the dense motion network in a generator that does not warp ("No F")."""

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        return no_motion(source, kp_source)


def no_motion(source: Tensor, keypoints: Keypoints) -> DenseMotion:
    """The identity on `source` (B, 3, h, w), all of it background."""
    batch, count = keypoints.mean.shape[:2]
    grid = coordinate_grid(source.shape[2:], keypoints.mean)
    mask = grid.new_zeros(batch, count + 1, *source.shape[2:])
    mask[:, 0] = 1
    return DenseMotion(grid.expand(batch, -1, -1, -1), mask)
