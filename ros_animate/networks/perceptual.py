"""Pretrained networks for training losses: perceptual features and head pose.

Their weights are published by others (VGG-19 of ImageNet, Hopenet) and are loaded by the trainer.
Animation does not need them.
"""
from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.face_vid2vid.head_pose import bins_to_degrees
from ros_animate.networks.resnet import BottleneckBlock, stage

# Layers of VGG-19 by width; each number is a convolution with ReLU, 'M' halves the resolution.
_VGG19 = (64, 64, 'M', 128, 128, 'M', 256, 256, 256, 256, 'M', 512, 512, 512, 512, 'M', 512)
# A slice ends after relu1_1, relu2_1, relu3_1, relu4_1, relu5_1.
_SLICE_ENDS = (2, 7, 12, 21, 30)


class PerceptualFeatures(Protocol):
    """A network from images to feature maps at several levels."""

    def __call__(self, image: Tensor) -> list[Tensor]:
        """Image (B, 3, H, W) in [0, 1] to feature maps (B, C, h, w), finest first."""


class Vgg19(nn.Module):
    """VGG-19 (Simonyan and Zisserman, ICLR 2015) up to relu5_1, in five slices."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers = _vgg_layers()
        starts = (0, *_SLICE_ENDS[:-1])
        for number, (start, end) in enumerate(zip(starts, _SLICE_ENDS, strict=True), start=1):
            part = nn.Sequential()
            for index in range(start, end):  # names are indices in the whole network
                part.add_module(str(index), layers[index])
            self.add_module(f'slice{number}', part)
        self.register_buffer('mean', torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer('std', torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        maps = [(image - self.mean) / self.std]
        for number in range(1, 1 + len(_SLICE_ENDS)):
            maps.append(self.get_submodule(f'slice{number}')(maps[-1]))
        return maps[1:]


def perceptual_distance(features: PerceptualFeatures, image: Tensor, target: Tensor) -> Tensor:
    """Mean L1 distance of the feature maps of each level, (levels,); no gradient to the target."""
    with torch.no_grad():
        expected = features(target)
    return torch.stack([functional.l1_loss(a, b)
                        for a, b in zip(features(image), expected, strict=True)])


class Hopenet(nn.Module):
    """Head pose of a face (Ruiz et al., CVPRW 2018): a ResNet-50 with bins for each angle.

    It gives pseudo-labels for face-vid2vid's head-pose estimator. Names are those of the published
    weights.
    """

    def __init__(self, bins: int = 66) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = stage(BottleneckBlock, 64, 64, 3)
        self.layer2 = stage(BottleneckBlock, 256, 128, 4, stride=2)
        self.layer3 = stage(BottleneckBlock, 512, 256, 6, stride=2)
        self.layer4 = stage(BottleneckBlock, 1024, 512, 3, stride=2)
        self.fc_yaw, self.fc_pitch, self.fc_roll = (nn.Linear(2048, bins) for _ in range(3))
        self.fc_finetune = nn.Linear(2048 + 3, 3)  # in the published file, but unused

    def forward(self, image: Tensor) -> Tensor:
        """ImageNet-normalised image (B, 3, 224, 224) to yaw, pitch, roll in degrees (B, 3)."""
        x = functional.relu(self.bn1(self.conv1(image)))
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean(dim=(2, 3))
        return torch.stack([bins_to_degrees(head(x))
                            for head in (self.fc_yaw, self.fc_pitch, self.fc_roll)], dim=1)


def _vgg_layers() -> list[nn.Module]:
    layers: list[nn.Module] = []
    channels = 3
    for width in _VGG19:
        if isinstance(width, str):
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return layers
