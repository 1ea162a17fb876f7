"""Feature networks by which pictures are compared; `option tower` names one.

A tower gives maps of a picture (B, 3, H, W) in [0, 1], see models/perceptual.py.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.models.layers import AntiAliasDownsample

_STEADY = 0.03  # contrast below which a place counts as flat


class StructureTower(nn.Module):
    """The picture, its gradients, and its local structure; nothing is learned.

    1. the picture itself,
    2. differences to the right and the lower neighbour, which are the edges of lids and lips,
    3. (x - m) / (s + 0.03) / 4 of the brightness x, with mean m and deviation s of the 7x7
       around a place: a soft line on a dark face counts as much as a hard one on a bright face, as
       in the structure term of SSIM (Wang et al. 2004).
    """

    def forward(self, image: Tensor) -> list[Tensor]:
        image = image.float()
        right = functional.pad(image[..., :, 1:] - image[..., :, :-1], (0, 1, 0, 0))
        below = functional.pad(image[..., 1:, :] - image[..., :-1, :], (0, 0, 0, 1))
        return [image, torch.cat([right, below], dim=1), self._structure(image)]

    def _structure(self, image: Tensor) -> Tensor:
        grey = image.mean(dim=1, keepdim=True)
        mean = _blur(grey)
        variance = (_blur(grey * grey) - mean * mean).clamp(min=0)
        return (grey - mean) / ((variance + 1e-6).sqrt() + _STEADY) / 4


def _blur(x: Tensor) -> Tensor:
    """Mean of the 7x7 around each place, as far as it is in the picture."""
    return functional.avg_pool2d(x, 7, stride=1, padding=3, count_include_pad=False)


class Pyramid(nn.Module):
    """A picture at several scales, by Gaussian blur and every n-th pixel."""

    def __init__(self, scales: tuple[float, ...]) -> None:
        super().__init__()
        self.downs = nn.ModuleList(AntiAliasDownsample(3, scale) for scale in scales)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [down(image) for down in self.downs]


TOWERS = {'structure': lambda weights: StructureTower()}


def make_tower(name: str, weights: str) -> nn.Module:
    """The tower called `name`, frozen; raises UserError."""
    if name not in TOWERS:
        raise ConfigurationError(f'--set tower: unknown tower {name!r}; {suggest(name, TOWERS)}')
    return TOWERS[name](weights).eval().requires_grad_(False)
