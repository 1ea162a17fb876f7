"""Colours and camera faults of pairs; nothing moves."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ros_animate.training.animation.source import DataOptions
from ros_animate.training.core.augmentation import add_camera_faults, jitter
from ros_animate.types import Image


@dataclass(frozen=True)
class _Faults:
    """As `augmentation.Faults`."""

    colour: float
    blur: float
    jpeg: float
    noise: float


def varied(source: Tensor, driving: Tensor, target: Tensor, options: DataOptions,
           random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """(B, 3, S, S) three times: a pair in other light; the driving picture by another camera.

    Source and target change alike, or else the target could not be made from the source.
    """
    # One picture beside the other: both get the same change.
    pair = _recoloured(torch.cat([source, target], 3), options, random)
    faults = _Faults(options.driving_colour, options.driving_blur, options.driving_jpeg,
                     options.driving_noise)
    seen = add_camera_faults(turn_hue(driving, _angles(len(driving), options, random)), faults, random)
    return pair[..., :source.shape[3]].contiguous(), seen, pair[..., source.shape[3]:].contiguous()


def as_tensor(images: Image) -> Tensor:
    """(B, S, S, 3) uint8 to (B, 3, S, S) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 255


def turn_hue(pictures: Tensor, angles_rad: Tensor) -> Tensor:
    """(B, 3, H, W), colours turned about the grey axis by (B,) angles (Rodrigues' formula)."""
    axis = torch.full((3, 3), 1 / 3)
    cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    cos, sin = angles_rad.cos()[:, None, None], angles_rad.sin()[:, None, None]
    turn = cos * torch.eye(3) + (1 - cos) * axis + sin * cross
    return torch.einsum('bij,bjhw->bihw', turn, pictures).clamp_(0, 1)


def _recoloured(pictures: Tensor, options: DataOptions, random: torch.Generator) -> Tensor:
    return jitter(turn_hue(pictures, _angles(len(pictures), options, random)), options.colour,
                  random)


def _angles(count: int, options: DataOptions, random: torch.Generator) -> Tensor:
    """(B,) radians."""
    return 2 * math.pi * options.hue * torch.empty(count).uniform_(-1, 1, generator=random)
