"""Augmentation of the colours of pairs; nothing moves."""
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
    """Strengths of the driving image's camera faults; see `augmentation.CameraFaults`."""

    colour: float
    blur: float
    jpeg: float
    noise: float


def vary_colours(source: Tensor, driving: Tensor, target: Tensor, options: DataOptions,
                 random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs in other light, their driving images with faults of a camera; (B, 3, S, S) each.

    Source and target change alike, or else the target could not be generated from the source.
    """
    # Side by side, both images get the same change.
    pair = recoloured(torch.cat([source, target], 3), options, random)
    faults = _Faults(options.driving_colour, options.driving_blur, options.driving_jpeg,
                     options.driving_noise)
    driving = rotate_hue(driving, _angles(len(driving), options, random))
    driving = add_camera_faults(driving, faults, random)
    width = source.shape[3]
    return pair[..., :width].contiguous(), driving, pair[..., width:].contiguous()


def as_tensor(images: Image) -> Tensor:
    """(B, S, S, 3) uint8 to (B, 3, S, S) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 255


def rotate_hue(images: Tensor, angles_rad: Tensor) -> Tensor:
    """Images (B, 3, H, W), rotated about the grey axis by angles (B,) (Rodrigues' formula)."""
    axis = torch.full((3, 3), 1 / 3)
    cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    cos, sin = angles_rad.cos()[:, None, None], angles_rad.sin()[:, None, None]
    rotation = cos * torch.eye(3) + (1 - cos) * axis + sin * cross
    return torch.einsum('bij,bjhw->bihw', rotation, images).clamp_(0, 1)


def recoloured(images: Tensor, options: DataOptions, random: torch.Generator) -> Tensor:
    """Images (B, 3, H, W) with random hue, brightness, contrast and saturation, each its own."""
    return jitter(rotate_hue(images, _angles(len(images), options, random)), options.colour,
                  random)


def _angles(count: int, options: DataOptions, random: torch.Generator) -> Tensor:
    """Random hue rotations (B,) in radians."""
    return 2 * math.pi * options.hue * torch.empty(count).uniform_(-1, 1, generator=random)
