"""Dense motion in three dimensions (face-vid2vid, section 3.2 and fig. 11)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.face_vid2vid.config import VolumeConfig
from ros_animate.networks.layers import VOLUME, Decoder, Encoder, Widths, precision_of
from ros_animate.networks.sampling import blended, coordinate_grid, gaussian_heatmaps, translated


@dataclass(frozen=True)
class VolumeMotion:
    """The network's answer; the background is the first of K + 1 motions.

    Attributes:
        deformation: (B, D, h, w, 3) where in the source each cell comes from.
        mask: (B, K + 1, D, h, w) share of each motion.
        occlusion: (B, 1, h, w) in [0, 1]; 0 has to be painted anew.
    """

    deformation: Tensor
    mask: Tensor
    occlusion: Tensor


class VolumeDecoder(Decoder):
    """A decoder on volumes that ends with conv, norm, ReLU."""

    FUSIBLE: ClassVar = (('conv', 'norm'),)

    def __init__(self, widths: Widths, inputs: int) -> None:
        super().__init__(widths, inputs, VOLUME)
        self.conv = VOLUME.conv(self.outputs, self.outputs, 3, padding=1)
        self.norm = VOLUME.norm(self.outputs)

    def forward(self, skips: list[Tensor]) -> Tensor:
        return functional.relu(self.norm(self.conv(super().forward(skips))))


class VolumeHourglass(nn.Module):
    """An hourglass on volumes (B, C, D, H, W)."""

    def __init__(self, widths: Widths, inputs: int) -> None:
        super().__init__()
        self.encoder = Encoder(widths, inputs, VOLUME)
        self.decoder = VolumeDecoder(widths, inputs)
        self.outputs = self.decoder.outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class VolumeMotionNetwork(nn.Module):
    """Weighs the motions of the keypoints in every cell of the volume."""

    FUSIBLE: ClassVar = (('compress', 'norm'),)

    def __init__(self, config: VolumeConfig) -> None:
        super().__init__()
        self.variance = config.heatmap_variance
        self.align_corners = config.align_corners
        self.depth = config.volume_depth
        motions = config.num_keypoints + 1
        self.hourglass = VolumeHourglass(config.motion_widths,
                                         motions * (config.motion_channels + 1))
        channels = self.hourglass.outputs
        self.mask: nn.Module = nn.Conv3d(channels, motions, 7, padding=3)
        self.compress = nn.Conv3d(config.volume_channels, config.motion_channels, 1)
        self.norm = nn.BatchNorm3d(config.motion_channels)
        self.occlusion = nn.Conv2d(channels * self.depth, 1, 7, padding=3)

    def forward(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> VolumeMotion:
        """Volume (B, C, D, h, w) and keypoints (B, K, 3) to the motion."""
        shifts = functional.pad(kp_source - kp_driving, (0, 0, 1, 0))  # none for the background
        x = self.hourglass(self.embed(volume, kp_source, kp_driving, shifts))
        mask = self.mask(x).float().softmax(dim=1)
        # The sum of mask_k (grid + shift_k); the masks of a cell sum to one.
        grid = coordinate_grid(volume.shape[2:], shifts)
        deformation = grid + blended(mask, shifts)
        return VolumeMotion(deformation, mask, torch.sigmoid(self.occlusion(x.flatten(1, 2))))

    def embed(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor,
              shifts: Tensor) -> Tensor:
        """Per motion its heat map and the thin volume moved by it: (B, (K + 1) * 5, D, h, w)."""
        size = volume.shape[2:]
        heat = (gaussian_heatmaps(kp_driving, size, self.variance)
                - gaussian_heatmaps(kp_source, size, self.variance))
        volume = volume.to(precision_of(self.compress))
        thin = functional.relu(self.norm(self.compress(volume)))
        moved = translated(thin, shifts, self.align_corners)  # (B, K + 1, 4, D, h, w)
        heat = functional.pad(heat, (0, 0, 0, 0, 0, 0, 1, 0)).to(moved.dtype)
        return torch.cat([heat[:, :, None], moved], dim=2).flatten(1, 2)
