"""Monkey-Net's keypoint predictor (section 4.4): the next keypoints of a clip."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.monkey_net.keypoints import Keypoints


class KeypointPredictor(nn.Module):
    """A GRU over the keypoints of a clip; its output at frame t predicts frame t + 1.

    Keypoints have a time axis here: mean (B, T, K, 2), covariance (B, T, K, 2, 2).
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        size = config.num_keypoints * 6  # mean and covariance
        self.rnn = nn.GRU(size, config.predictor_features, batch_first=True)
        self.linear = nn.Linear(config.predictor_features, size)

    def forward(self, keypoints: Keypoints) -> Keypoints:
        clip = torch.cat([keypoints.mean.flatten(2), keypoints.covariance.flatten(2)], dim=2)
        hidden: Tensor = self.rnn(clip)[0]
        out = self.linear(hidden).unflatten(-1, (-1, 6))  # (B, T, K, 6)
        root = out[..., 2:].unflatten(-1, (2, 2))
        return Keypoints(torch.tanh(out[..., :2]), root.transpose(-1, -2) @ root)
