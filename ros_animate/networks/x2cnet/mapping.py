"""X2CNet's mapping network: a ResNet-18 (He et al., CVPR 2016) and a perceptron."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ros_animate.configuration import option
from ros_animate.networks.actions import ActionOptions, ImageOptions
from ros_animate.networks.resnet import BasicBlock, stage

_MAPS_AT = 6  # modules of the extractor
MAP_CHANNELS, _WIDTH = 128, 512
MEAN, STD = ImageOptions.mean, ImageOptions.std


@dataclass(frozen=True)
class Config(ImageOptions, ActionOptions):
    """Options of the network. The published weights predict robot units, in Ameca's order."""

    image_size: int = option(224, 'Side of the square images in pixels', low=32, high=4096)
    controls: int = option(30, 'Number of control values', low=1, high=1000)
    hidden: int = option(256, 'Size of the hidden layers of the head', low=1, high=16384)


class MappingNetwork(nn.Module):
    """Normalised image of the robot's face (B, 3, H, W) to control values (B, N)."""

    half_precision = True
    map_channels = MAP_CHANNELS

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.head_width = config.hidden
        self.feature_extractor = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
            stage(BasicBlock, 64, 64, 2), stage(BasicBlock, 64, 128, 2, stride=2),
            stage(BasicBlock, 128, 256, 2, stride=2), stage(BasicBlock, 256, _WIDTH, 2, stride=2),
            nn.AdaptiveAvgPool2d(1))
        self.pos_pred_head = nn.Sequential(
            nn.Linear(_WIDTH, config.hidden), nn.ReLU(), nn.Linear(config.hidden, config.hidden),
            nn.ReLU(), nn.Linear(config.hidden, config.controls))

    def observe(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) to features (B, 512) and the maps (B, 128, H/8, W/8) that they come from."""
        maps = self.maps(image)
        return self.feature_extractor[_MAPS_AT:](maps).flatten(1), maps

    def maps(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, 128, H/8, W/8)."""
        return self.feature_extractor[:_MAPS_AT](image)

    def features(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, 512)."""
        return self.feature_extractor(image).flatten(1)

    def predict_actions(self, features: Tensor) -> Tensor:
        """(B, 512) to control values (B, N)."""
        return self.pos_pred_head(features)

    def first_layer(self, features: Tensor) -> Tensor:
        """(B, 512) to the head's first layer (B, hidden), before its activation."""
        return self.pos_pred_head[0](features)

    def from_first_layer(self, values: Tensor) -> Tensor:
        """Outputs of the head's first layer (B, hidden) to control values (B, N)."""
        return self.pos_pred_head[1:](values)

    def forward(self, image: Tensor) -> Tensor:
        return self.predict_actions(self.features(image))
