"""Augmentation of a batch of images: framing, colours, blur, JPEG, noise.

Images are not mirrored: left and right controls of a robot have different neutral values.
"""
from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

_LUMA = (0.299, 0.587, 0.114)
_BLOCK = 8


class FramingOptions(Protocol):
    """Strength of a camera's changes of place and direction."""

    @property
    def turn_deg(self) -> float: ...
    @property
    def zoom(self) -> float: ...
    @property
    def shift(self) -> float: ...


class CameraFaults(Protocol):
    """Strength of a camera's changes of colour and sharpness."""

    @property
    def colour(self) -> float: ...
    @property
    def blur(self) -> float: ...
    @property
    def jpeg(self) -> float: ...
    @property
    def noise(self) -> float: ...


class AugmentationOptions(FramingOptions, CameraFaults, Protocol):
    """Strength of each augmentation."""


def augment(images: Tensor, size: int, options: AugmentationOptions,
            random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Randomly augmented images.

    Args:
        images: (B, 3, S, S) in [0, 1].
        size: Width and height of the augmented images in pixels.
        options: Strength of each augmentation.
        random: Random numbers.

    Returns:
        (B, 3, size, size) in [0, 1], and (B, 2, 3) the affine map from a position in the augmented
        image to that in the original one, both in [-1, 1].
    """
    # The networks want channels last, and all of this is faster in that layout too.
    images = images.contiguous(memory_format=torch.channels_last)
    frames = random_framing(len(images), options, random)
    grid = functional.affine_grid(frames, [len(images), 3, size, size], align_corners=False)
    framed = functional.grid_sample(images, grid, padding_mode='border', align_corners=False)
    return add_camera_faults(framed, options, random), frames


def random_framing(count: int, options: FramingOptions, random: torch.Generator) -> Tensor:
    """(B, 2, 3) random shift, zoom and rotation, in the form that `augment` returns."""
    angle = _uniform(count, random, -1, 1).flatten() * math.radians(options.turn_deg)
    scale = 1 + options.zoom * _uniform(count, random, -1, 1).flatten()
    shift = 2 * options.shift * torch.empty(count, 2, 1).uniform_(-1, 1, generator=random)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    turn = torch.stack([cos, -sin, sin, cos], 1).view(count, 2, 2)
    return torch.cat([turn, shift], 2)


def reframe(points: Tensor, frames: Tensor) -> Tensor:
    """Positions in the augmented images of points (B, K, 2) of the original ones."""
    moved = (points - frames[:, None, :, 2]).transpose(1, 2)
    return torch.linalg.solve(frames[:, :, :2], moved).transpose(1, 2)


def add_camera_faults(images: Tensor, options: CameraFaults, random: torch.Generator) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] with random camera faults; nothing moves."""
    images = jitter(images, options.colour, random)
    for change, share in ((_blur, options.blur), (_jpeg_artefacts, options.jpeg)):
        amount = torch.rand(len(images), 1, 1, 1, generator=random)
        selected = torch.rand(len(images), generator=random) < share
        images[selected] = change(images[selected], amount[selected])
    spread = options.noise * torch.rand(len(images), 1, 1, 1, generator=random)
    height, width = images.shape[2:]
    noise = torch.empty(len(images), height, width, 3).normal_(generator=random)
    return images.addcmul_(spread, noise.permute(0, 3, 1, 2)).clamp_(0, 1)


def jitter(images: Tensor, strength: float, random: torch.Generator) -> Tensor:
    """Random brightness, contrast, saturation, and a tint half as strong."""
    bright, contrast, saturation = (_uniform(len(images), random, 1 - strength, 1 + strength)
                                    for _ in range(3))
    tint = torch.empty(len(images), 3, 1, 1).uniform_(1 - strength / 2, 1 + strength / 2,
                                                        generator=random)
    images = images * bright * tint
    mean = images.mean((1, 2, 3), keepdim=True)
    images = mean + contrast * (images - mean)
    grey = (images * torch.tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
    return (grey + saturation * (images - grey)).clamp_(0, 1)


def _blur(images: Tensor, amount: Tensor) -> Tensor:
    """Blur by a binomial kernel, weighted by `amount` (B, 1, 1, 1)."""
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = (row[:, None] * row).expand(3, 1, 5, 5)
    padded = functional.pad(images, (2, 2, 2, 2), mode='replicate')
    return torch.lerp(images, functional.conv2d(padded, kernel, groups=3), amount)


def _jpeg_artefacts(images: Tensor, amount: Tensor) -> Tensor:
    """Loss of JPEG: the cosine transform of blocks, quantised more coarsely at high frequencies."""
    side = images.shape[-1] // _BLOCK * _BLOCK
    inner = images[..., :side, :side]
    basis = _cosines()
    waves = basis @ inner.unfold(2, _BLOCK, _BLOCK).unfold(3, _BLOCK, _BLOCK) @ basis.T
    ramp = torch.arange(_BLOCK)
    step = (1 + ramp[:, None] + ramp) * 0.03 * amount[..., None, None] + 1e-6
    blocks = basis.T @ ((waves / step).round() * step) @ basis
    result = images.clone()
    result[..., :side, :side] = blocks.transpose(3, 4).reshape(inner.shape)
    return result.clamp_(0, 1)


def _cosines() -> Tensor:
    """(8, 8) matrix of the orthonormal cosine transform."""
    k = torch.arange(_BLOCK)[:, None]
    basis = torch.cos(math.pi * (torch.arange(_BLOCK) + 0.5) * k / _BLOCK) * math.sqrt(2 / _BLOCK)
    basis[0] /= math.sqrt(2)
    return basis


def _uniform(count: int, random: torch.Generator, low: float, high: float) -> Tensor:
    return torch.empty(count, 1, 1, 1).uniform_(low, high, generator=random)
