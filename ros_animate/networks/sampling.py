"""Grids, heat maps and warps: the differentiable geometry that all families share.

Coordinates are x = 2 i / (size - 1) - 1, so -1 and 1 are the centres of the outermost cells, and
the last axis of a point is (x, y) or (x, y, z). Tensors of cells are in the opposite order,
(H, W) or (D, H, W). Positions stay in float32 whatever the precision of the features.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

_TINY = 1e-30

Function = TypeVar('Function', bound=Callable[..., Any])


def exact(function: Function) -> Function:
    """`function` outside of autocast, which would round products of positions to 8 bits.

    Of the training in bf16: half a pixel of 256 would be lost.
    """
    @functools.wraps(function)
    def outside(*arguments: Any, **named: Any) -> Any:
        for device in ('cpu', 'cuda'):
            if torch.is_autocast_enabled(device):
                with torch.autocast(device, enabled=False):
                    return function(*arguments, **named)
        return function(*arguments, **named)
    return outside  # type: ignore[return-value]


def axes(size: Sequence[int], like: Tensor) -> list[Tensor]:
    """Coordinates of the cells along x, y[, z]: one (L,) tensor in [-1, 1] each."""
    return [2 * torch.arange(n, device=like.device, dtype=like.dtype) / max(n - 1, 1) - 1
            for n in reversed(size)]


def coordinate_grid(size: Sequence[int], like: Tensor) -> Tensor:
    """The coordinates of all cells, (*size, len(size)), device and dtype of `like`."""
    meshes = torch.meshgrid(*reversed(axes(size, like)), indexing='ij')
    return torch.stack(meshes[::-1], dim=-1)


def softmax_heatmaps(logits: Tensor, temperature: float) -> Tensor:
    """Softmax over all cells of each map; (B, K, *size) to the same, each map sums to 1."""
    return (logits.float().flatten(2) / temperature).softmax(dim=2).view(logits.shape)


def expectation(heatmaps: Tensor) -> Tensor:
    """Mean position under each heat map: (B, K, *size) to (B, K, len(size))."""
    size = heatmaps.shape[2:]
    means = []
    for n, positions in enumerate(axes(size, heatmaps)):
        others = [d for d in range(2, heatmaps.ndim) if d != heatmaps.ndim - 1 - n]
        means.append((heatmaps.sum(dim=others) * positions).sum(dim=-1))
    return torch.stack(means, dim=-1)


def gaussian_heatmaps(keypoints: Tensor, size: Sequence[int], variance: float) -> Tensor:
    """exp(-|z - p|^2 / (2 variance)) around every keypoint.

    Args:
        keypoints: (B, K, len(size)).
        size: Of the maps, (H, W) or (D, H, W).
        variance: Of the Gaussians, in the units of positions.

    Returns:
        (B, K, *size), peak 1. A round Gaussian is the product of one-dimensional ones.

    Far from its keypoint a map is zero: the true values would be denormal numbers, which slow
    convolutions down by half on many processors.
    """
    maps = keypoints.new_ones(())
    for n, positions in enumerate(axes(size, keypoints)):
        profile = torch.exp(-0.5 / variance * (positions - keypoints[..., n, None]) ** 2)
        others = [1] * (len(size) - 1 - n)
        maps = maps * profile.unflatten(2, (*others, len(positions), *[1] * n))
    return torch.where(maps < _TINY, 0.0, maps)


def warp(features: Tensor, positions: Tensor, align_corners: bool) -> Tensor:
    """Linear sampling with zeros outside.

    Args:
        features: (B, C, *size).
        positions: (B, *out_size, len(size)) of the source cell for each output cell.
        align_corners: The meaning of +-1 to the sampler: centres (True) or outer edges (False) of
            the outermost cells. The published weights were trained with one of the two; False does
            not fit our grids and so shifts and magnifies a little.

    Returns:
        (B, C, *out_size) in the dtype of `features`.
    """
    sampled = functional.grid_sample(features.to(positions.dtype), positions,
                                     align_corners=align_corners)
    return sampled.to(features.dtype)


def resize_grid(positions: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """A field of positions (B, H, W, 2) at another resolution."""
    if tuple(positions.shape[1:3]) == tuple(size):
        return positions
    return resize(positions.permute(0, 3, 1, 2), size, mode).permute(0, 2, 3, 1)


def resize(maps: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """Maps (B, C, H, W) at another resolution; mode is 'nearest' or 'bilinear'."""
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    return functional.interpolate(maps, size=tuple(size), mode=mode)


def translated(features: Tensor, shift: Tensor, align_corners: bool) -> Tensor:
    """Copies of `features`, each sampled at the cell positions plus one constant shift.

    A shifted grid is separable, so linear sampling is a product with one small matrix per axis,
    which costs far less than gathering the corners of every cell.

    Args:
        features: (B, C, *size).
        shift: (B, K, len(size)).
        align_corners: As for `warp`.

    Returns:
        (B, K, C, *size), equal to `warp(features, grid + shift[:, k])`.
    """
    size = features.shape[2:]
    out = features.unsqueeze(1)
    for n, positions in enumerate(axes(size, shift)):
        matrix = _interpolation(positions + shift[..., n, None], align_corners)  # (B, K, L, L)
        out = _apply_along(out, matrix.to(features.dtype), features.ndim - n)
    return out


def _interpolation(positions: Tensor, align_corners: bool) -> Tensor:
    """Rows of linear interpolation weights, zero outside: (..., L) to (..., L, L)."""
    length = positions.shape[-1]
    cells = torch.arange(length, device=positions.device, dtype=positions.dtype)
    if align_corners:
        index = (positions + 1) / 2 * (length - 1)
    else:
        index = ((positions + 1) * length - 1) / 2
    return functional.relu(1 - (index[..., None] - cells).abs())


def _apply_along(maps: Tensor, matrix: Tensor, dim: int) -> Tensor:
    """Maps (B, K or 1, C, *size) times matrix (B, K, L, L) along one axis of size."""
    moved = maps.movedim(dim, -1)  # (B, K or 1, C, …, L)
    flat = moved.flatten(2, -2)
    flat = flat.expand(-1, matrix.shape[1], -1, -1) @ matrix.transpose(-1, -2)
    return flat.view(*flat.shape[:2], *moved.shape[2:]).movedim(-1, dim)


@exact
def blended(mask: Tensor, shifts: Tensor) -> Tensor:
    """The sum over k of mask_k shift_k: (B, K, *size) and (B, K, n) to (B, *size, n)."""
    summed = mask.flatten(2).transpose(1, 2) @ shifts
    return summed.unflatten(1, tuple(mask.shape[2:]))
