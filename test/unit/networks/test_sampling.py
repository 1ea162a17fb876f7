"""Grids, heat maps and warps against their definitions."""
from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.networks.sampling import (
    coordinate_grid,
    expectation,
    gaussian_heatmaps,
    softmax_heatmaps,
    translated_copies,
    warp,
)

SIZES = st.sampled_from([(5, 8), (16, 16), (3, 6, 7)])


def test_grid_runs_from_corner_to_corner_x_first():
    grid = coordinate_grid((3, 5), torch.zeros(1))
    assert grid.shape == (3, 5, 2)
    assert grid[0, 0].tolist() == [-1, -1]
    assert grid[0, 4].tolist() == [1, -1]
    assert grid[2, 0].tolist() == [-1, 1]
    assert grid[1, 2].tolist() == [0, 0]


@settings(deadline=None, max_examples=25)
@given(SIZES, st.integers(0, 99), st.booleans())
def test_a_translation_is_the_warp_by_a_shifted_grid(size, seed, align_corners):
    rng = torch.Generator().manual_seed(seed)
    features = torch.randn(2, 4, *size, generator=rng, dtype=torch.float64)
    shift = torch.randn(2, 3, len(size), generator=rng, dtype=torch.float64)
    output = translated_copies(features, shift, align_corners)
    grid = coordinate_grid(size, shift)
    for k in range(3):
        offset = shift[:, k].reshape(2, *[1] * len(size), -1)
        torch.testing.assert_close(output[:, k], warp(features, grid + offset, align_corners))


@settings(deadline=None, max_examples=25)
@given(SIZES, st.integers(0, 99))
def test_a_heat_map_is_the_gaussian_around_its_keypoint(size, seed):
    points = torch.rand(2, 3, len(size), generator=torch.Generator().manual_seed(seed)) * 2 - 1
    output = gaussian_heatmaps(points, size, 0.02)
    offset = coordinate_grid(size, points) - points.reshape(2, 3, *[1] * len(size), -1)
    torch.testing.assert_close(output, torch.exp(-offset.square().sum(-1) / 0.04))


def test_heat_maps_hold_no_denormal_numbers():
    maps = gaussian_heatmaps(torch.tensor([[[-0.9, 0.3]]]), (64, 64), 0.01)
    smallest = maps[maps > 0].min()
    assert smallest > torch.finfo(torch.float32).tiny


@pytest.mark.parametrize('size', [(9, 12), (4, 9, 12)])
def test_the_expectation_of_a_sharp_map_is_its_peak(size):
    logits = torch.zeros(1, 1, *size)
    cell = tuple(n // 3 for n in size)
    logits[(0, 0, *cell)] = 10
    output = expectation(softmax_heatmaps(logits, 0.1))
    torch.testing.assert_close(output[0, 0], coordinate_grid(size, logits)[cell])
