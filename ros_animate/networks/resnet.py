"""Residual networks (He et al., CVPR 2016), with the layer names of published weights."""
from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    FUSIBLE: ClassVar = (('conv1', 'bn1'), ('conv2', 'bn2'))
    expansion = 1

    def __init__(self, inputs: int, features: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, features, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(features)
        self.downsample = shortcut(inputs, features, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = functional.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class BottleneckBlock(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut."""

    FUSIBLE: ClassVar = (('conv1', 'bn1'), ('conv2', 'bn2'), ('conv3', 'bn3'))
    expansion = 4

    def __init__(self, inputs: int, features: int, stride: int = 1) -> None:
        super().__init__()
        outputs = features * self.expansion
        self.conv1 = nn.Conv2d(inputs, features, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(features)
        self.conv3 = nn.Conv2d(features, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = functional.relu(self.bn1(self.conv1(x)))
        out = functional.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """A projection if the shapes of input and output differ, else None."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                         nn.BatchNorm2d(outputs))


def stage(block: type[BasicBlock] | type[BottleneckBlock], inputs: int, features: int,
          count: int, stride: int = 1) -> nn.Sequential:
    """`count` blocks; the first one changes resolution and channels."""
    rest = (block(features * block.expansion, features) for _ in range(count - 1))
    return nn.Sequential(block(inputs, features, stride), *rest)
