"""S and R: small perceptrons on keypoints, for stitching and for retargeting of eyes and lips."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class KeypointPerceptron(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, inputs: int, hidden: Sequence[int], outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in zip([inputs, *hidden], hidden):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.mlp = nn.Sequential(*layers, nn.Linear([inputs, *hidden][-1], outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(x)


class Stitching(KeypointPerceptron):
    """S: moves the driving keypoints so that the shoulders stay where they are in the source."""

    def __init__(self, points: int, hidden: Sequence[int]) -> None:
        super().__init__(6 * points, hidden, 3 * points + 2)

    def delta(self, source: Tensor, driving: Tensor) -> Tensor:
        """Keypoints (B, K, 3) to offsets (B, 3 K + 2): of each keypoint, and of all in x and y."""
        return super().forward(torch.cat([source.flatten(1), driving.flatten(1)], dim=1))

    def forward(self, source: Tensor, driving: Tensor) -> Tensor:  # type: ignore[override]
        """The stitched driving keypoints (B, K, 3)."""
        delta = self.delta(source, driving)
        moved = driving + delta[:, :-2].view_as(driving)
        return torch.cat([moved[..., :2] + delta[:, None, -2:], moved[..., 2:]], dim=-1)


class Retargeting(KeypointPerceptron):
    """R: offsets of the keypoints with which eyes or lips reach a target opening.

    Args:
        points: Number of keypoints K.
        ratios: Number of opening ratios R: the source's, and the target.
        hidden: Sizes of the hidden layers.
    """

    def __init__(self, points: int, ratios: int, hidden: Sequence[int]) -> None:
        super().__init__(3 * points + ratios, hidden, 3 * points)

    def forward(self, source: Tensor, ratios: Tensor) -> Tensor:  # type: ignore[override]
        """Keypoints (B, K, 3) and opening ratios (B, R) to offsets (B, K, 3)."""
        x = torch.cat([source.flatten(1), ratios], dim=1)
        return super().forward(x).view_as(source)
