"""Monkey-Net's keypoint detector (section 3.1): soft-argmax positions with covariances."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.hourglass import Decoder, Encoder, Hourglass
from ros_animate.networks.layers import CLIP_LAYERS, Widths
from ros_animate.networks.monkey_net.config import Config
from ros_animate.networks.sampling import axes, expectation, inverse_2x2, softmax_heatmaps

_TINY = 1e-30


@dataclass(frozen=True)
class Keypoints:
    """Positions of the object's parts, each with a covariance.

    Attributes:
        mean: (B, K, 2), xy in [-1, 1].
        covariance: (B, K, 2, 2).
    """

    mean: Tensor
    covariance: Tensor


class HeadedDecoder(Decoder):
    """A decoder that ends with one more convolution."""

    def __init__(self, widths: Widths, inputs: int, outputs: int) -> None:
        super().__init__(widths, inputs, CLIP_LAYERS)
        self.conv = CLIP_LAYERS.conv(self.outputs, outputs, 3, padding=1)
        self.outputs = outputs

    def forward(self, skips: list[Tensor]) -> Tensor:
        return self.conv(super().forward(skips))


def headed_hourglass(widths: Widths, inputs: int, outputs: int) -> Hourglass:
    """An hourglass (B, inputs, H, W) to (B, outputs, H, W)."""
    return Hourglass(Encoder(widths, inputs, CLIP_LAYERS), HeadedDecoder(widths, inputs, outputs))


class KeypointDetector(nn.Module):
    """Image (B, 3, H, W) to Keypoints; trained without labels."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.predictor = headed_hourglass(config.widths(config.keypoint_levels), 3,
                                          config.num_keypoints)

    def logits(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, K, h, w)."""
        step = self.config.motion_step
        return self.predictor(image[..., ::step, ::step])

    def forward(self, image: Tensor) -> Keypoints:
        heatmaps = softmax_heatmaps(self.logits(image), self.config.temperature)  # (B, K, h, w)
        mean = expectation(heatmaps)  # eq. (1)
        if self.config.variance:
            isotropic = self.config.variance * torch.eye(2, device=mean.device)
            return Keypoints(mean, isotropic.expand(*mean.shape, 2))
        covariance = heatmap_covariance(heatmaps, mean)  # eq. (2)
        return Keypoints(mean, bound_covariance(covariance, self.config.min_singular))


def heatmap_covariance(heatmaps: Tensor, mean: Tensor) -> Tensor:
    """Covariance of the position under each heat map, eq. (2): (B, K, 2, 2)."""
    heatmaps = heatmaps + 1e-7  # never singular, as in the reference implementation
    right, down = _offsets(heatmaps.shape[2:], mean)
    across = (heatmaps * right).sum(dim=3, keepdim=True)  # (B, K, h, 1)
    xx = (heatmaps.sum(dim=2, keepdim=True) * right ** 2).sum(dim=(2, 3))
    xy = (across * down).sum(dim=(2, 3))
    yy = (heatmaps.sum(dim=3, keepdim=True) * down ** 2).sum(dim=(2, 3))
    return torch.stack([xx, xy, xy, yy], dim=-1).unflatten(-1, (2, 2))


def bound_covariance(covariance: Tensor, min_singular: float) -> Tensor:
    """`covariance` (..., 2, 2), scaled up where its smallest singular value is too small."""
    smallest = smallest_singular(covariance)[..., None, None]
    return covariance * (smallest.clamp(min=min_singular) / smallest)


def smallest_singular(matrix: Tensor) -> Tensor:
    """Smallest singular value of (..., 2, 2) in closed form."""
    a, b, c, d = matrix.flatten(-2).unbind(-1)
    total = a * a + b * b + c * c + d * d
    # The gap of an isotropic matrix is 0, where the gradient of the root is not finite.
    gap = torch.sqrt(((a * a + b * b - c * c - d * d) ** 2 + 4 * (a * c + b * d) ** 2)
                     .clamp(min=_TINY))
    return torch.sqrt(((total - gap) / 2).clamp(min=_TINY))


def keypoint_heatmaps(keypoints: Keypoints, size: tuple[int, int]) -> Tensor:
    """exp(-d^T covariance^-1 d / 2) around every mean, eq. (3): (B, K, h, w)."""
    right, down = _offsets(size, keypoints.mean)
    a, b, c, d = inverse_2x2(keypoints.covariance).flatten(-2)[:, :, None, None].unbind(-1)
    distance = a * right ** 2 + right * ((b + c) * down) + d * down ** 2
    return torch.exp(-0.5 * distance)


def _offsets(size: Sequence[int], mean: Tensor) -> tuple[Tensor, Tensor]:
    """Distances of columns (B, K, 1, w) and rows (B, K, h, 1) from the means (B, K, 2)."""
    columns, rows = axes(size, mean)
    x, y = mean[:, :, None, None].unbind(dim=-1)
    return columns - x, rows[:, None] - y
