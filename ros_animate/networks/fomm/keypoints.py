"""FOMM's keypoint detector (section 3.1): keypoints with local affine maps."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.fomm.config import Config
from ros_animate.networks.hourglass import Decoder, Encoder, Hourglass
from ros_animate.networks.layers import AntiAliasDownsample
from ros_animate.networks.sampling import expectation, softmax_heatmaps


@dataclass(frozen=True)
class Keypoints:
    """First-order motion at each keypoint, towards the abstract reference frame R.

    Attributes:
        value: (B, K, 2), xy in [-1, 1].
        jacobian: (B, K, 2, 2).
    """

    value: Tensor
    jacobian: Tensor


class KeypointDetector(nn.Module):
    """Image (B, 3, H, W) to Keypoints; trained without labels."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.temperature = config.temperature
        widths = config.keypoint_widths
        self.predictor = Hourglass(Encoder(widths, 3), Decoder(widths, 3))
        inputs, kernel = self.predictor.outputs, config.head_kernel
        self.kp = nn.Conv2d(inputs, config.num_keypoints, kernel)
        self.jacobian = nn.Conv2d(inputs, 4 * config.num_keypoints, kernel)
        self.down = AntiAliasDownsample(3, config.scale)
        nn.init.zeros_(self.jacobian.weight)
        identity = torch.eye(2).flatten().repeat(config.num_keypoints)
        self.jacobian.bias = nn.Parameter(identity)  # no deformation before training

    def features(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to the hourglass's output (B, C, H / 4, W / 4)."""
        return self.predictor(self.down(image))

    def forward(self, image: Tensor) -> Keypoints:
        features = self.features(image)
        # The heads have no padding; their smaller maps still span [-1, 1].
        heatmaps = softmax_heatmaps(self.kp(features), self.temperature)  # (B, K, h, w)
        jacobians = self.jacobian(features).float().unflatten(1, (-1, 4))  # (B, K, 4, h, w)
        jacobian = (heatmaps[:, :, None] * jacobians).sum(dim=(3, 4))
        return Keypoints(expectation(heatmaps), jacobian.unflatten(-1, (2, 2)))
