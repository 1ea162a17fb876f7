"""Canonical keypoints (face-vid2vid, section 3.1): those of a neutral face seen from the front."""
from __future__ import annotations

from torch import Tensor, nn

from ros_animate.networks.face_vid2vid.config import Config
from ros_animate.networks.layers import (
    VOLUME_LAYERS,
    AntiAliasDownsample,
    DownBlock,
    UpBlock,
    Widths,
    named_layers,
)
from ros_animate.networks.sampling import expectation, softmax_heatmaps


class LiftingHourglass(nn.Module):
    """Downsampling in two dimensions, lifting into a volume, upsampling in three."""

    def __init__(self, widths: Widths, depth: int) -> None:
        super().__init__()
        levels, deepest = widths.levels, widths.at(widths.levels)
        self.depth = depth
        self.down_blocks = named_layers(
            (DownBlock(3 if i == 0 else widths.at(i), widths.at(i + 1)) for i in range(levels)),
            'down{}')
        self.conv = nn.Conv2d(deepest, deepest * depth, 1)
        self.up_blocks = named_layers(
            (UpBlock(widths.at(i + 1), widths.at(i), VOLUME_LAYERS)
             for i in reversed(range(levels))), 'up{}')

    def forward(self, x: Tensor) -> Tensor:  # (B, 3, H, W) to (B, C, D, H, W)
        return self.up_blocks(self.conv(self.down_blocks(x)).unflatten(1, (-1, self.depth)))


class CanonicalKeypointDetector(nn.Module):
    """Image (B, 3, H, W) to canonical keypoints (B, K, 3), xyz in [-1, 1]."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.temperature = config.temperature
        self.predictor = LiftingHourglass(config.keypoint_widths, config.volume_depth)
        self.kp = nn.Conv3d(config.keypoint_features, config.num_keypoints, 3, padding=1)
        if config.keypoint_scale < 1:
            self.down = AntiAliasDownsample(3, config.keypoint_scale)
        else:
            self.register_module('down', None)

    def logits(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, K, D, h, w)."""
        return self.kp(self.predictor(image if self.down is None else self.down(image)))

    def forward(self, image: Tensor) -> Tensor:
        return expectation(softmax_heatmaps(self.logits(image), self.temperature))
