"""A perceptron of three layers, from tracked motion to control values."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ros_animate.configuration import option
from ros_animate.networks.actions import ActionOptions, ChunkOptions


@dataclass(frozen=True)
class Config(ChunkOptions, ActionOptions):
    """Options of the network."""

    controls: int = option(30, 'Number of control values', low=1, high=1000)
    features: int = option(55, 'Blendshapes and head angles', low=1, high=16384)
    hidden: int = option(256, 'Size of the hidden layers', low=1, high=16384)


class MotionMlp(nn.Module):
    """Motion features (B, F) to waypoints (B, H, N)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden
        self.trunk = nn.Sequential(nn.Linear(config.features, hidden), nn.ReLU(),
                                   nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, config.waypoints * config.controls)

    def features(self, motion: Tensor) -> Tensor:
        """(B, F) to (B, hidden)."""
        return self.trunk(motion)

    def predict_actions(self, features: Tensor) -> Tensor:
        """(B, hidden) to waypoints (B, H, N)."""
        return self.head(features).unflatten(1, (self.config.waypoints, -1))

    def forward(self, motion: Tensor) -> Tensor:
        return self.predict_actions(self.features(motion))
