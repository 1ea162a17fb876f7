"""FOMM's dense motion network (section 3.2): local affine motions to one field and occlusion."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.fomm.config import Config
from ros_animate.networks.fomm.keypoints import Keypoints
from ros_animate.networks.hourglass import Decoder, Encoder, Hourglass
from ros_animate.networks.layers import AntiAliasDownsample
from ros_animate.networks.sampling import (
    coordinate_grid,
    gaussian_heatmaps,
    inverse_2x2,
    warp,
    with_background,
    without_autocast,
)


@dataclass(frozen=True)
class DenseMotion:
    """Output of the dense motion network; the background is the first of K + 1 motions.

    Attributes:
        deformation: (B, h, w, 2), position in the source of each cell.
        mask: (B, K + 1, h, w), share of each motion.
        occlusion: (B, 1, h, w) in [0, 1]; 0 where the source does not show what is needed.
    """

    deformation: Tensor
    mask: Tensor
    occlusion: Tensor


@without_autocast
def sparse_motions(source: Keypoints, driving: Keypoints, size: tuple[int, int]) -> Tensor:
    """T_k(z) = p_k^S + J_k (z - p_k^D) with J_k = J_k^S (J_k^D)^-1, eq. (4) and (5).

    Returns:
        (B, K + 1, h, w, 2); the first is the identity, the background.
    """
    grid = coordinate_grid(size, source.value)  # (h, w, 2)
    affine = (source.jacobian @ inverse_2x2(driving.jacobian))[:, :, None, None]
    right, down = (grid - driving.value[:, :, None, None]).split(1, dim=-1)
    moved = affine[..., 0] * right + affine[..., 1] * down + source.value[:, :, None, None]
    return torch.cat([grid.expand_as(moved[:, :1]), moved], dim=1)


class DenseMotionNetwork(nn.Module):
    """Weighs the local motions of the keypoints at every pixel."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.variance = config.heatmap_variance
        self.align_corners = config.align_corners
        motions = config.num_keypoints + 1
        widths, inputs = config.motion_widths, motions * 4  # heat map and warped RGB image
        self.hourglass = Hourglass(Encoder(widths, inputs), Decoder(widths, inputs))
        kernel, padding = config.head_kernel, config.head_kernel // 2
        self.mask = nn.Conv2d(self.hourglass.outputs, motions, kernel, padding=padding)
        self.occlusion = nn.Conv2d(self.hourglass.outputs, 1, kernel, padding=padding)
        self.down = AntiAliasDownsample(3, config.scale)

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        """The motion at the resolution of `self.down(source)`; source is (B, 3, H, W)."""
        return self.estimate(self.down(source), kp_source, kp_driving)

    def estimate(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        """The motion for a downsampled source (B, 3, h, w)."""
        size = (source.shape[2], source.shape[3])
        motions = sparse_motions(kp_source, kp_driving, size)  # (B, K + 1, h, w, 2)
        heat = self.heatmaps(kp_source, kp_driving, size).to(source.dtype)  # (B, K + 1, h, w)
        warped = self.warped_copies(source, motions)  # (B, K + 1, 3, h, w)
        x = self.hourglass(torch.cat([heat[:, :, None], warped], dim=2).flatten(1, 2))
        mask = self.mask(x).float().softmax(dim=1)
        deformation = (mask[..., None] * motions).sum(dim=1)  # eq. (8)
        return DenseMotion(deformation, mask, torch.sigmoid(self.occlusion(x)))

    def heatmaps(self, source: Keypoints, driving: Keypoints, size: tuple[int, int]) -> Tensor:
        """H_k of eq. (6), zero for the background: (B, K + 1, h, w)."""
        return with_background(gaussian_heatmaps(driving.value, size, self.variance)
                               - gaussian_heatmaps(source.value, size, self.variance))

    def warped_copies(self, source: Tensor, motions: Tensor) -> Tensor:
        """The source warped by each motion: (B, K + 1, 3, h, w)."""
        count = motions.shape[1]
        copies = source[:, None].expand(-1, count, -1, -1, -1).flatten(0, 1)
        return warp(copies, motions.flatten(0, 1), self.align_corners).unflatten(0, (-1, count))
