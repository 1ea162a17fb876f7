"""Head pose and expression (face-vid2vid, section 3.1), and the keypoints that follow from them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.face_vid2vid.config import Config
from ros_animate.networks.layers import named_layers
from ros_animate.networks.sampling import without_autocast

PI = 3.14  # sic: the published weights were trained with this value


@dataclass(frozen=True)
class HeadPose:
    """Motion of the head and face, independent of identity.

    Attributes:
        yaw, pitch, roll: (B, 66) logits of bins of 3 degrees.
        translation: (B, 3).
        expression: (B, K, 3) deformation of each keypoint.
    """

    yaw: Tensor
    pitch: Tensor
    roll: Tensor
    translation: Tensor
    expression: Tensor

    def degrees(self) -> Tensor:
        """(B, 3) yaw, pitch, roll."""
        return torch.stack([bins_to_degrees(b) for b in (self.yaw, self.pitch, self.roll)], dim=1)


def bins_to_degrees(logits: Tensor, offset: float = 99.0) -> Tensor:
    """Expected angle under the bins' softmax: (B, 66) to (B,)."""
    logits = logits.float()  # half precision would lose digits to the offset
    bins = torch.arange(logits.shape[1], device=logits.device, dtype=logits.dtype)
    return 3 * (logits.softmax(dim=1) * bins).sum(dim=1) - offset


def axis_rotation(radians: Tensor, axis: int) -> Tensor:
    """(B,) angles to (B, 3, 3) rotations about x, y or z."""
    cos, sin = torch.cos(radians), torch.sin(radians)
    one, zero = torch.ones_like(cos), torch.zeros_like(cos)
    rows = {0: (one, zero, zero, zero, cos, -sin, zero, sin, cos),
            1: (cos, zero, sin, zero, one, zero, -sin, zero, cos),
            2: (cos, -sin, zero, sin, cos, zero, zero, zero, one)}[axis]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


@without_autocast
def rotation_matrix(degrees: Tensor, order: str = 'pitch_yaw_roll') -> Tensor:
    """Head rotation R (B, 3, 3) of yaw, pitch, roll (B, 3)."""
    yaw, pitch, roll = (degrees / 180 * PI).unbind(dim=1)
    if order == 'pitch_yaw_roll':
        return axis_rotation(pitch, 0) @ axis_rotation(yaw, 1) @ axis_rotation(roll, 2)
    return axis_rotation(roll, 0) @ axis_rotation(pitch, 1) @ axis_rotation(yaw, 2)


@without_autocast
def transform(canonical: Tensor, rotation: Tensor, translation: Tensor,
              expression: Tensor) -> Tensor:
    """x_k = R x_c,k + t + delta_k, eq. (2) and (4): keypoints (B, K, 3)."""
    return canonical @ rotation.transpose(1, 2) + translation[:, None] + expression


class Bottleneck(nn.Module):
    """ResNet's bottleneck block, with biases and published names of its own."""

    FUSIBLE: ClassVar = (('conv1', 'norm1'), ('conv2', 'norm2'), ('conv3', 'norm3'),
                         ('skip', 'norm4'))

    def __init__(self, features: int, stride: int = 1) -> None:
        super().__init__()
        narrow = features // 4
        self.conv1 = nn.Conv2d(features, narrow, 1)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride=stride, padding=1)
        self.conv3 = nn.Conv2d(narrow, features, 1)
        self.norm1, self.norm2 = nn.BatchNorm2d(narrow), nn.BatchNorm2d(narrow)
        self.norm3 = nn.BatchNorm2d(features)
        self.stride = stride
        if stride > 1:
            self.skip = nn.Conv2d(features, features, 1, stride=stride)
            self.norm4 = nn.BatchNorm2d(features)

    def forward(self, x: Tensor) -> Tensor:
        out = functional.relu(self.norm1(self.conv1(x)))
        out = functional.relu(self.norm2(self.conv2(out)))
        out = self.norm3(self.conv3(out))
        return functional.relu(out + (x if self.stride == 1 else self.norm4(self.skip(x))))


class HeadPoseEstimator(nn.Module):
    """Image (B, 3, H, W) to HeadPose: a variant of ResNet-50."""

    FUSIBLE: ClassVar = tuple((f'conv{i}', f'norm{i}') for i in range(1, 6))

    def __init__(self, config: Config) -> None:
        super().__init__()
        base, bins = config.pose_features, config.pose_bins
        widths = [base * 4, base * 8, base * 16, base * 32]
        self.conv1 = nn.Conv2d(3, base, 7, stride=2, padding=3)
        self.norm1 = nn.BatchNorm2d(base)
        for i, (inputs, outputs) in enumerate(zip([base, *widths], widths), start=2):
            self.add_module(f'conv{i}', nn.Conv2d(inputs, outputs, 1))
            self.add_module(f'norm{i}', nn.BatchNorm2d(outputs))
        self.block1 = _stage(widths[0], 3, 'b1_{}')
        self.block2, self.block3 = Bottleneck(widths[1], 2), _stage(widths[1], 3, 'b3_{}')
        self.block4, self.block5 = Bottleneck(widths[2], 2), _stage(widths[2], 5, 'b5_{}')
        self.block6, self.block7 = Bottleneck(widths[3], 2), _stage(widths[3], 2, 'b7_{}')
        self.fc_roll, self.fc_pitch, self.fc_yaw = (nn.Linear(widths[3], bins) for _ in range(3))
        self.fc_t = nn.Linear(widths[3], 3)
        self.fc_exp = nn.Linear(widths[3], 3 * config.num_keypoints)

    def forward(self, image: Tensor) -> HeadPose:
        x = functional.relu(self.norm1(self.conv1(image)))
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        x = self.block1(self._widened(x, 2))
        x = self.block3(self.block2(self._widened(x, 3)))
        x = self.block5(self.block4(self._widened(x, 4)))
        x = self.block7(self.block6(self._widened(x, 5)))
        x = x.mean(dim=(2, 3))
        # The published layers called fc_roll and fc_yaw have changed places.
        return HeadPose(yaw=self.fc_roll(x), pitch=self.fc_pitch(x), roll=self.fc_yaw(x),
                        translation=self.fc_t(x), expression=self.fc_exp(x).unflatten(1, (-1, 3)))

    def _widened(self, x: Tensor, index: int) -> Tensor:
        conv, norm = self.get_submodule(f'conv{index}'), self.get_submodule(f'norm{index}')
        return functional.relu(norm(conv(x)))


def _stage(features: int, blocks: int, pattern: str) -> nn.Sequential:
    return named_layers((Bottleneck(features) for _ in range(blocks)), pattern)
