"""What pictures of one face may look like: framing, colours, blur, JPEG, noise; a batch at once.

Pictures are not mirrored: left and right controls of a robot have different neutral values.
"""
from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from ros_animate.training.policy.options import TrainOptions

_LUMA = (0.299, 0.587, 0.114)
_BLOCK = 8


def augment(pictures: Tensor, size: int, options: TrainOptions,
            random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each picture another way.

    Args:
        pictures: (B, 3, S, S) in [0, 1].
        size: Of the new ones in pixels.
        options: How far.
        random: Random numbers.

    Returns:
        (B, 3, size, size) in [0, 1], and (B, 2, 3) the affine map from a place in the new picture
        to that in the old one, both in [-1, 1].
    """
    # Colours beside each other: the layout of the networks, in which all of this is faster too.
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    frames = framing(len(pictures), options, random)
    grid = functional.affine_grid(frames, [len(pictures), 3, size, size], align_corners=False)
    framed = functional.grid_sample(pictures, grid, padding_mode='border', align_corners=False)
    return develop(framed, options, random), frames


def framing(count: int, options: TrainOptions, random: torch.Generator) -> Tensor:
    """(B, 2, 3) shift, zoom and turn, as `augment` returns them."""
    angle = _uniform(count, random, -1, 1).flatten() * math.radians(options.turn_deg)
    scale = 1 + options.zoom * _uniform(count, random, -1, 1).flatten()
    shift = 2 * options.shift * torch.empty(count, 2, 1).uniform_(-1, 1, generator=random)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    turn = torch.stack([cos, -sin, sin, cos], 1).view(count, 2, 2)
    return torch.cat([turn, shift], 2)


def reframed(points: Tensor, frames: Tensor) -> Tensor:
    """Where points (B, K, 2) of the old pictures are in the new ones."""
    moved = (points - frames[:, None, :, 2]).transpose(1, 2)
    return torch.linalg.solve(frames[:, :, :2], moved).transpose(1, 2)


class Faults(Protocol):
    """What a camera does to colours and sharpness; see `TrainOptions`."""

    @property
    def colour(self) -> float: ...
    @property
    def blur(self) -> float: ...
    @property
    def jpeg(self) -> float: ...
    @property
    def noise(self) -> float: ...


def develop(pictures: Tensor, options: Faults, random: torch.Generator) -> Tensor:
    """(B, 3, H, W) in [0, 1] as so many cameras would have seen it; nothing moves."""
    pictures = jitter(pictures, options.colour, random)
    for change, share in ((_blur, options.blur), (_round_waves, options.jpeg)):
        amount = torch.rand(len(pictures), 1, 1, 1, generator=random)
        chosen = torch.rand(len(pictures), generator=random) < share
        pictures[chosen] = change(pictures[chosen], amount[chosen])
    spread = options.noise * torch.rand(len(pictures), 1, 1, 1, generator=random)
    height, width = pictures.shape[2:]
    noise = torch.empty(len(pictures), height, width, 3).normal_(generator=random)
    return pictures.addcmul_(spread, noise.permute(0, 3, 1, 2)).clamp_(0, 1)


def jitter(pictures: Tensor, strength: float, random: torch.Generator) -> Tensor:
    """Brightness, contrast, saturation, and a tint half as strong."""
    bright, contrast, saturation = (_uniform(len(pictures), random, 1 - strength, 1 + strength)
                                    for _ in range(3))
    tint = torch.empty(len(pictures), 3, 1, 1).uniform_(1 - strength / 2, 1 + strength / 2,
                                                        generator=random)
    pictures = pictures * bright * tint
    mean = pictures.mean((1, 2, 3), keepdim=True)
    pictures = mean + contrast * (pictures - mean)
    grey = (pictures * torch.tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
    return (grey + saturation * (pictures - grey)).clamp_(0, 1)


def _blur(pictures: Tensor, amount: Tensor) -> Tensor:
    """A binomial kernel, more or less of it."""
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = (row[:, None] * row).expand(3, 1, 5, 5)
    padded = functional.pad(pictures, (2, 2, 2, 2), mode='replicate')
    return torch.lerp(pictures, functional.conv2d(padded, kernel, groups=3), amount)


def _round_waves(pictures: Tensor, amount: Tensor) -> Tensor:
    """JPEG's loss: the cosine transform of blocks, rounded more coarsely the higher the wave."""
    side = pictures.shape[-1] // _BLOCK * _BLOCK
    inner = pictures[..., :side, :side]
    basis = _cosines()
    waves = basis @ inner.unfold(2, _BLOCK, _BLOCK).unfold(3, _BLOCK, _BLOCK) @ basis.T
    ramp = torch.arange(_BLOCK)
    step = (1 + ramp[:, None] + ramp) * 0.03 * amount[..., None, None] + 1e-6
    blocks = basis.T @ ((waves / step).round() * step) @ basis
    result = pictures.clone()
    result[..., :side, :side] = blocks.transpose(3, 4).reshape(inner.shape)
    return result.clamp_(0, 1)


def _cosines() -> Tensor:
    """(8, 8) orthonormal cosine transform."""
    k = torch.arange(_BLOCK)[:, None]
    basis = torch.cos(math.pi * (torch.arange(_BLOCK) + 0.5) * k / _BLOCK) * math.sqrt(2 / _BLOCK)
    basis[0] /= math.sqrt(2)
    return basis


def _uniform(count: int, random: torch.Generator, low: float, high: float) -> Tensor:
    return torch.empty(count, 1, 1, 1).uniform_(low, high, generator=random)
