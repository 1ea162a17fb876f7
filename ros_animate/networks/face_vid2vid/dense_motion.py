"""Dense motion in three dimensions (face-vid2vid, section 3.2 and fig. 11)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.face_vid2vid.config import VolumeConfig
from ros_animate.networks.hourglass import Decoder, Encoder, Hourglass
from ros_animate.networks.layers import VOLUME_LAYERS, Widths, parameter_dtype
from ros_animate.networks.sampling import (
    blend_motions,
    coordinate_grid,
    gaussian_heatmaps,
    translated_copies,
    with_background,
)


@dataclass(frozen=True)
class VolumeMotion:
    """Output of the dense motion network; the background is the first of K + 1 motions.

    Attributes:
        deformation: (B, D, h, w, 3), position in the source of each cell.
        mask: (B, K + 1, D, h, w), share of each motion.
        occlusion: (B, 1, h, w) in [0, 1]; 0 where the source does not show what is needed.
    """

    deformation: Tensor
    mask: Tensor
    occlusion: Tensor


class VolumeDecoder(Decoder):
    """A decoder on volumes that ends with conv, norm, ReLU."""

    FUSIBLE: ClassVar = (('conv', 'norm'),)

    def __init__(self, widths: Widths, inputs: int) -> None:
        super().__init__(widths, inputs, VOLUME_LAYERS)
        self.conv = VOLUME_LAYERS.conv(self.outputs, self.outputs, 3, padding=1)
        self.norm = VOLUME_LAYERS.norm(self.outputs)

    def forward(self, skips: list[Tensor]) -> Tensor:
        return functional.relu(self.norm(self.conv(super().forward(skips))))


class VolumeMotionNetwork(nn.Module):
    """Weighs the translations of the keypoints in every cell of the volume."""

    FUSIBLE: ClassVar = (('compress', 'norm'),)

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__()
        self.variance = config.heatmap_variance
        self.align_corners = config.align_corners
        self.depth = config.volume_depth
        motions = config.num_keypoints + 1
        widths, inputs = config.motion_widths, motions * (config.motion_channels + 1)
        self.hourglass = Hourglass(Encoder(widths, inputs, VOLUME_LAYERS),
                                   VolumeDecoder(widths, inputs))
        channels = self.hourglass.outputs
        self.mask: nn.Module = nn.Conv3d(channels, motions, 7, padding=3)
        self.compress = nn.Conv3d(config.volume_channels, config.motion_channels, 1)
        self.norm = nn.BatchNorm3d(config.motion_channels)
        self.occlusion = nn.Conv2d(channels * self.depth, 1, 7, padding=3)

    def forward(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> VolumeMotion:
        """Volume (B, C, D, h, w) and keypoints (B, K, 3) to the motion."""
        shifts = with_background(kp_source - kp_driving)  # (B, K + 1, 3)
        x = self.hourglass(self.embed(volume, kp_source, kp_driving, shifts))
        mask = self.mask(x).float().softmax(dim=1)
        # Sum of mask_k (grid + shift_k), as the masks of a cell sum to one.
        grid = coordinate_grid(volume.shape[2:], shifts)
        deformation = grid + blend_motions(mask, shifts)
        return VolumeMotion(deformation, mask, torch.sigmoid(self.occlusion(x.flatten(1, 2))))

    def embed(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor,
              shifts: Tensor) -> Tensor:
        """Heat map and translated thin volume for each motion: (B, (K + 1) * 5, D, h, w)."""
        size = volume.shape[2:]
        heat = (gaussian_heatmaps(kp_driving, size, self.variance)
                - gaussian_heatmaps(kp_source, size, self.variance))
        volume = volume.to(parameter_dtype(self.compress))
        thin = functional.relu(self.norm(self.compress(volume)))
        copies = translated_copies(thin, shifts, self.align_corners)  # (B, K + 1, 4, D, h, w)
        heat = with_background(heat).to(copies.dtype)  # (B, K + 1, D, h, w)
        return torch.cat([heat[:, :, None], copies], dim=2).flatten(1, 2)
