"""Monkey-Net's motion: what the keypoints say, and the dense motion network (section 3.3)."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.layers import CLIP, ConvBlock
from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.monkey_net.keypoints import HeadedHourglass, Keypoints, heatmaps_of
from ros_animate.networks.sampling import blended, coordinate_grid, translated

BACKGROUND = 2.0  # logit of the background's mask before training, where the keypoints' is 0


@dataclass(frozen=True)
class DenseMotion:
    """The dense motion network's answer.

    Attributes:
        deformation: (B, h, w, 2) where in the source each cell comes from.
        mask: (B, K + 1, h, w) share of each keypoint's motion; the background is first.
    """

    deformation: Tensor
    mask: Tensor


def heatmap_difference(source: Keypoints, driving: Keypoints, size: tuple[int, int],
                       divisor: float) -> Tensor:
    """Heat maps of the driving keypoints minus those of the source: (B, K, h, w)."""
    return (heatmaps_of(driving, size) - heatmaps_of(source, size)) / divisor


def keypoint_shifts(source: Keypoints, driving: Keypoints) -> Tensor:
    """Motion of the background (none) and of every keypoint: (B, K + 1, 2)."""
    return functional.pad(source.mean - driving.mean, (0, 0, 1, 0))


class DenseMotionNetwork(nn.Module):
    """Sparse motion to a field for every pixel, eq. (7) to (9)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        groups = config.num_keypoints + 1
        # Of each group the heat map, and the shifted RGB picture.
        channels = groups * (4 if config.source_in_motion else 1)
        self.group_blocks = nn.ModuleList(
            ConvBlock(channels, channels, kernel=1, space=CLIP, groups=groups)
            for _ in range(config.group_blocks))
        self.hourglass = HeadedHourglass(config.widths(config.motion_levels), channels,
                                         groups * config.coarse + 2 * config.residual)
        self._begin_at_rest()

    def _begin_at_rest(self) -> None:
        """Before training most of every place is background, and nothing moves it."""
        head = self.hourglass.decoder.conv
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)  # type: ignore[arg-type]
        if self.config.coarse:
            nn.init.constant_(head.bias[:1], BACKGROUND)  # type: ignore[index]

    def embed(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> Tensor:
        """Per keypoint its heat map and the source moved by it: (B, (K + 1) * 4, h, w)."""
        size = (source.shape[2], source.shape[3])
        heat = heatmap_difference(kp_source, kp_driving, size, self.config.heatmap_divisor)
        heat = functional.pad(heat, (0, 0, 0, 0, 1, 0)).to(source.dtype)  # none for the background
        if not self.config.source_in_motion:
            return heat
        moved = translated(source, keypoint_shifts(kp_source, kp_driving),
                           self.config.align_corners)  # (B, K + 1, 3, h, w)
        return torch.cat([heat[:, :, None], moved], dim=2).flatten(1, 2)

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        """The motion, at the resolution of `source` (B, 3, h, w)."""
        x = self.embed(source, kp_source, kp_driving)
        for block in self.group_blocks:
            x = block(x)  # the reference's leaky ReLU after the block's ReLU changes nothing
        x = self.hourglass(x).float()
        shifts = keypoint_shifts(kp_source, kp_driving)
        mask = (x[:, :shifts.shape[1]].softmax(dim=1) if self.config.coarse
                else no_motion(source, kp_source).mask)
        field = coordinate_grid(x.shape[2:], shifts)
        field = field + blended(mask, shifts)  # eq. (8)
        if self.config.residual:
            # eq. (9); the reference has no scale.
            field = field + self.config.residual_scale * x[:, -2:].permute(0, 2, 3, 1)
        return DenseMotion(field, mask)


class NoMotionNetwork(nn.Module):
    """In place of the network above, for a generator that moves nothing ("No F")."""

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        return no_motion(source, kp_source)


def no_motion(source: Tensor, keypoints: Keypoints) -> DenseMotion:
    """Every cell of `source` (B, 3, h, w) stays where it is, as the background does."""
    batch, count = keypoints.mean.shape[:2]
    grid = coordinate_grid(source.shape[2:], keypoints.mean)
    mask = grid.new_zeros(batch, count + 1, *source.shape[2:])
    mask[:, 0] = 1
    return DenseMotion(grid.expand(batch, -1, -1, -1), mask)
