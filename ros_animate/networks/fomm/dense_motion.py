"""FOMM's dense motion network (section 3.2): local affine motions to one field and occlusion."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.fomm.config import Config
from ros_animate.networks.fomm.keypoints import Keypoints
from ros_animate.networks.layers import AntiAliasDownsample, Hourglass, Widths
from ros_animate.networks.sampling import coordinate_grid, exact, gaussian_heatmaps, warp


@dataclass(frozen=True)
class DenseMotion:
    """The dense motion network's answer; the background is the first of K + 1 motions.

    Attributes:
        deformation: (B, h, w, 2) where in the source each cell comes from.
        mask: (B, K + 1, h, w) share of each motion.
        occlusion: (B, 1, h, w) in [0, 1]; 0 has to be painted anew.
    """

    deformation: Tensor
    mask: Tensor
    occlusion: Tensor


@exact
def sparse_motions(source: Keypoints, driving: Keypoints, size: tuple[int, int]) -> Tensor:
    """T_k(z) = p_k^S + J_k (z - p_k^D) with J_k = J_k^S (J_k^D)^-1, eq. (4) and (5).

    Returns:
        (B, K + 1, h, w, 2); the first is the identity, the background.
    """
    grid = coordinate_grid(size, source.value)  # (h, w, 2)
    affine = (source.jacobian @ inverse(driving.jacobian))[:, :, None, None]
    right, down = (grid - driving.value[:, :, None, None]).split(1, dim=-1)
    moved = affine[..., 0] * right + affine[..., 1] * down + source.value[:, :, None, None]
    return torch.cat([grid.expand_as(moved[:, :1]), moved], dim=1)


def inverse(matrix: Tensor) -> Tensor:
    """Inverse of (..., 2, 2) in closed form, which every device and compiler can do."""
    a, b, c, d = matrix.flatten(-2).unbind(-1)
    adjugate = torch.stack([d, -b, -c, a], dim=-1).unflatten(-1, (2, 2))
    return adjugate / (a * d - b * c)[..., None, None]


class DenseMotionNetwork(nn.Module):
    """Weighs the local motions of the keypoints at every pixel."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.variance = config.heatmap_variance
        self.align_corners = config.align_corners
        motions = config.num_keypoints + 1
        widths = Widths(config.motion_features, config.hourglass_features, config.motion_levels)
        self.hourglass = Hourglass(widths, motions * 4)  # heat map and the warped RGB picture
        kernel, padding = config.head_kernel, config.head_kernel // 2
        self.mask = nn.Conv2d(self.hourglass.outputs, motions, kernel, padding=padding)
        self.occlusion = nn.Conv2d(self.hourglass.outputs, 1, kernel, padding=padding)
        self.down = AntiAliasDownsample(3, config.scale)

    def forward(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        """The motion at the resolution of `self.down(source)`; source is (B, 3, H, W)."""
        return self.weigh(self.down(source), kp_source, kp_driving)

    def weigh(self, source: Tensor, kp_source: Keypoints, kp_driving: Keypoints) -> DenseMotion:
        """The motion for a source that is small already, (B, 3, h, w)."""
        size = (source.shape[2], source.shape[3])
        motions = sparse_motions(kp_source, kp_driving, size)
        heat = self.heatmaps(kp_source, kp_driving, size).to(source.dtype)
        moved = self.moved(source, motions)
        x = self.hourglass(torch.cat([heat[:, :, None], moved], dim=2).flatten(1, 2))
        mask = self.mask(x).float().softmax(dim=1)
        deformation = (mask[..., None] * motions).sum(dim=1)  # eq. (8)
        return DenseMotion(deformation, mask, torch.sigmoid(self.occlusion(x)))

    def heatmaps(self, source: Keypoints, driving: Keypoints, size: tuple[int, int]) -> Tensor:
        """H_k of eq. (6), nothing for the background: (B, K + 1, h, w)."""
        difference = (gaussian_heatmaps(driving.value, size, self.variance)
                      - gaussian_heatmaps(source.value, size, self.variance))
        return functional.pad(difference, (0, 0, 0, 0, 1, 0))

    def moved(self, source: Tensor, motions: Tensor) -> Tensor:
        """The source under each motion: (B, K + 1, 3, h, w)."""
        count = motions.shape[1]
        copies = source[:, None].expand(-1, count, -1, -1, -1).flatten(0, 1)
        return warp(copies, motions.flatten(0, 1), self.align_corners).unflatten(0, (-1, count))
