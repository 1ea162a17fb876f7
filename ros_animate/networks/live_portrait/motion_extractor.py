"""M, the motion extractor: ConvNeXt V2 (Woo et al., CVPR 2023) with LivePortrait's heads."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.face_vid2vid.head_pose import axis_rotation, bins_to_degrees
from ros_animate.networks.live_portrait.config import Config
from ros_animate.networks.sampling import without_autocast

EPS = 1e-6


@dataclass(frozen=True)
class FaceMotion:
    """Head pose, expression and canonical keypoints of a face.

    Attributes:
        pitch, yaw, roll: (B, 66) logits of bins of 3 degrees.
        translation: (B, 3).
        scale: (B, 1).
        expression: (B, K, 3) deformation of each keypoint.
        canonical: (B, K, 3) keypoints of the neutral face seen from the front.
    """

    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    translation: Tensor
    scale: Tensor
    expression: Tensor
    canonical: Tensor

    def degrees(self) -> Tensor:
        """(B, 3) pitch, yaw, roll."""
        return torch.stack([bins_to_degrees(b, 97.5) for b in (self.pitch, self.yaw, self.roll)],
                           dim=1)


@without_autocast
def rotation_matrix(degrees: Tensor) -> Tensor:
    """Rotation R (B, 3, 3) from pitch, yaw, roll (B, 3), for row vectors: x_c R."""
    pitch, yaw, roll = (degrees / 180 * math.pi).unbind(dim=1)
    rotation = axis_rotation(roll, 2) @ axis_rotation(yaw, 1) @ axis_rotation(pitch, 0)
    return rotation.transpose(1, 2)


@without_autocast
def transform(canonical: Tensor, rotation: Tensor, expression: Tensor, scale: Tensor,
              translation: Tensor) -> Tensor:
    """X = s (x_c R + delta) + t, eq. (2), with t in the plane only: keypoints (B, K, 3)."""
    planar = functional.pad(translation[:, :2], (0, 1))
    return scale[:, :, None] * (canonical @ rotation + expression) + planar[:, None]


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class GlobalResponseNorm(nn.Module):
    """gamma x N + beta + x with N = |x|_2 / mean_channels |x|_2, over the plane; NHWC."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, features))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, features))

    def forward(self, x: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
        relative = norm / (norm.mean(dim=-1, keepdim=True) + EPS)
        return self.gamma * (x * relative) + self.beta + x


class Block(nn.Module):
    """ConvNeXt V2 block: depthwise 7x7, then a perceptron per pixel with response norm."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(features, features, 7, padding=3, groups=features)
        self.norm = nn.LayerNorm(features, eps=EPS)
        self.pwconv1 = nn.Linear(features, 4 * features)
        self.grn = GlobalResponseNorm(4 * features)
        self.pwconv2 = nn.Linear(4 * features, features)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))  # NHWC
        y = self.pwconv2(self.grn(functional.gelu(self.pwconv1(y))))
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """Image (B, 3, H, W) to FaceMotion."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        dims, points = config.dims, config.num_keypoints
        stem = nn.Sequential(nn.Conv2d(3, dims[0], 4, stride=4), ChannelNorm(dims[0], eps=EPS))
        downs = (nn.Sequential(ChannelNorm(a, eps=EPS), nn.Conv2d(a, b, 2, stride=2))
                 for a, b in zip(dims, dims[1:]))
        self.downsample_layers = nn.ModuleList([stem, *downs])
        self.stages = nn.ModuleList(nn.Sequential(*(Block(dim) for _ in range(depth)))
                                    for dim, depth in zip(dims, config.depths, strict=True))
        self.norm = nn.LayerNorm(dims[-1], eps=EPS)
        self.fc_kp = nn.Linear(dims[-1], 3 * points)
        self.fc_scale = nn.Linear(dims[-1], 1)
        self.fc_pitch, self.fc_yaw, self.fc_roll = (nn.Linear(dims[-1], config.pose_bins)
                                                    for _ in range(3))
        self.fc_t = nn.Linear(dims[-1], 3)
        self.fc_exp = nn.Linear(dims[-1], 3 * points)

    def forward(self, image: Tensor) -> FaceMotion:
        x = image
        for down, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(down(x))
        x = self.norm(x.mean(dim=(2, 3)))
        return FaceMotion(pitch=self.fc_pitch(x), yaw=self.fc_yaw(x), roll=self.fc_roll(x),
                          translation=self.fc_t(x), scale=self.fc_scale(x),
                          expression=self.fc_exp(x).unflatten(1, (-1, 3)),
                          canonical=self.fc_kp(x).unflatten(1, (-1, 3)))


class MotionExtractor(nn.Module):
    """M by its published name: a ConvNeXt called `detector`."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.detector = ConvNeXt(config)

    def forward(self, image: Tensor) -> FaceMotion:
        return self.detector(image)
