"""Grids, heat maps and warps: the differentiable geometry that all families share.

Coordinates are x = 2 i / (size - 1) - 1, so -1 and 1 are the centres of the outermost cells. The
last axis of a point is (x, y) or (x, y, z); axes of maps are in the opposite order, (H, W) or
(D, H, W). Positions are float32 whatever the precision of the features.
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


def without_autocast(function: Function) -> Function:
    """Decorator that runs `function` outside of autocast.

    Autocast would compute products of positions in bf16, with 8 significant bits: an error of half
    a pixel in 256.
    """
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        for device in ('cpu', 'cuda'):
            if torch.is_autocast_enabled(device):
                with torch.autocast(device, enabled=False):
                    return function(*args, **kwargs)
        return function(*args, **kwargs)
    return wrapper  # type: ignore[return-value]


def axes(size: Sequence[int], like: Tensor) -> list[Tensor]:
    """Coordinates of the cells along x, y[, z]: one (L,) tensor in [-1, 1] each."""
    return [2 * torch.arange(n, device=like.device, dtype=like.dtype) / max(n - 1, 1) - 1
            for n in reversed(size)]


def coordinate_grid(size: Sequence[int], like: Tensor) -> Tensor:
    """Coordinates of all cells, (*size, len(size)), with the device and dtype of `like`."""
    meshes = torch.meshgrid(*reversed(axes(size, like)), indexing='ij')
    return torch.stack(meshes[::-1], dim=-1)


def softmax_heatmaps(logits: Tensor, temperature: float) -> Tensor:
    """Softmax over the cells of each map: (B, K, *size), each map sums to 1."""
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
        size: Size of the maps, (H, W) or (D, H, W).
        variance: Variance of the Gaussians, in squared coordinates.

    Returns:
        (B, K, *size), peak 1. Far from its keypoint a map is zero: the true values would be
        denormal numbers, which make convolutions take twice as long on many processors.
    """
    # An isotropic Gaussian is the product of one-dimensional ones.
    maps = keypoints.new_ones(())
    for n, positions in enumerate(axes(size, keypoints)):
        profile = torch.exp(-0.5 / variance * (positions - keypoints[..., n, None]) ** 2)
        others = [1] * (len(size) - 1 - n)
        maps = maps * profile.unflatten(2, (*others, len(positions), *[1] * n))
    return torch.where(maps < _TINY, 0.0, maps)


def with_background(values: Tensor) -> Tensor:
    """Puts the background, zeros, before the K keypoints: (B, K, …) to (B, K + 1, …)."""
    return functional.pad(values, (0, 0) * (values.ndim - 2) + (1, 0))


def warp(features: Tensor, positions: Tensor, align_corners: bool) -> Tensor:
    """Samples features by linear interpolation, with zeros outside.

    Args:
        features: (B, C, *size).
        positions: (B, *out_size, len(size)), position in the source of each output cell.
        align_corners: Meaning of -1 and 1 to the sampler: centres (True) or outer edges (False) of
            the outermost cells. The published weights were trained with one of the two. False does
            not fit the grids of this module and shifts and magnifies a little.

    Returns:
        (B, C, *out_size) in the dtype of `features`.
    """
    sampled = functional.grid_sample(features.to(positions.dtype), positions,
                                     align_corners=align_corners)
    return sampled.to(features.dtype)


def warp_resized(features: Tensor, deformation: Tensor, mode: str, align_corners: bool) -> Tensor:
    """Warps features of any resolution by one deformation.

    Args:
        features: (B, C, H, W).
        deformation: (B, h, w, 2), position in the source of each cell; resized to (H, W).
        mode: Interpolation of the deformation, 'nearest' or 'bilinear'.
        align_corners: See `warp`.

    Returns:
        (B, C, H, W).
    """
    positions = resize_grid(deformation, features.shape[2:], mode)
    return warp(features, positions, align_corners)


def resize_grid(positions: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """Resizes a field of positions (B, H, W, 2) to (B, *size, 2)."""
    if tuple(positions.shape[1:3]) == tuple(size):
        return positions
    return resize(positions.permute(0, 3, 1, 2), size, mode).permute(0, 2, 3, 1)


def resize(maps: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """Resizes maps (B, C, H, W) to (B, C, *size); mode is 'nearest' or 'bilinear'."""
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    return functional.interpolate(maps, size=tuple(size), mode=mode)


def translated_copies(features: Tensor, shift: Tensor, align_corners: bool) -> Tensor:
    """K copies of `features`, each translated by one shift.

    A translation is separable: linear sampling becomes a product with one small matrix per axis,
    which is much faster than sampling every cell.

    Args:
        features: (B, C, *size).
        shift: (B, K, len(size)).
        align_corners: See `warp`.

    Returns:
        (B, K, C, *size); copy k equals `warp(features, grid + shift[:, k])`.
    """
    size = features.shape[2:]
    out = features.unsqueeze(1)
    for n, positions in enumerate(axes(size, shift)):
        matrix = _interpolation(positions + shift[..., n, None], align_corners)  # (B, K, L, L)
        out = _apply_along(out, matrix.to(features.dtype), features.ndim - n)
    return out


def _interpolation(positions: Tensor, align_corners: bool) -> Tensor:
    """Matrix of linear interpolation weights, zero outside: (..., L) to (..., L, L)."""
    length = positions.shape[-1]
    cells = torch.arange(length, device=positions.device, dtype=positions.dtype)
    if align_corners:
        index = (positions + 1) / 2 * (length - 1)
    else:
        index = ((positions + 1) * length - 1) / 2
    return functional.relu(1 - (index[..., None] - cells).abs())


def _apply_along(maps: Tensor, matrix: Tensor, dim: int) -> Tensor:
    """Multiplies maps (B, K or 1, C, *size) by a matrix (B, K, L, L) along one axis."""
    moved = maps.movedim(dim, -1)  # (B, K or 1, C, …, L)
    flat = moved.flatten(2, -2)
    flat = flat.expand(-1, matrix.shape[1], -1, -1) @ matrix.transpose(-1, -2)
    return flat.view(*flat.shape[:2], *moved.shape[2:]).movedim(-1, dim)


@without_autocast
def blend_motions(mask: Tensor, shifts: Tensor) -> Tensor:
    """Sum over k of mask_k shift_k: (B, K, *size) and (B, K, n) to (B, *size, n)."""
    summed = mask.flatten(2).transpose(1, 2) @ shifts
    return summed.unflatten(1, tuple(mask.shape[2:]))


def inverse_2x2(matrix: Tensor) -> Tensor:
    """Inverse of (..., 2, 2) in closed form, for every device, precision and compiler."""
    a, b, c, d = matrix.flatten(-2).unbind(-1)
    adjugate = torch.stack([d, -b, -c, a], dim=-1).unflatten(-1, (2, 2))
    return adjugate / (a * d - b * c)[..., None, None]
