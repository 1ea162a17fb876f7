"""Muon: orthogonal steps for matrices, AdamW's for the rest, the same after a resume."""
from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ros_animate.networks import build_networks
from ros_animate.training.core import muon


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 100))
def test_singular_values_come_near_one(rows, columns, seed):
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    kept = torch.linalg.svdvals(matrix)
    values = torch.linalg.svdvals(muon.orthogonalise(matrix))
    assert values.max() < 1.35
    # Singular values that are tiny beside the largest converge more slowly.
    assert values[kept > 0.05 * kept.max()].min() > 0.3


@pytest.mark.parametrize('shape', [(64, 576), (576, 64), (32, 32)])
def test_rounds_are_those_of_newton_and_schulz(shape):
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(2))
    # Singular values over four decades, as gradients have them.
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    matrix = left @ torch.diag(torch.logspace(0, -4, len(values))) @ right
    x = matrix.double() / matrix.double().norm()
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    torch.testing.assert_close(muon.orthogonalise(matrix).double(), x, atol=2e-3, rtol=0)


def test_directions_are_kept():
    left, _ = torch.linalg.qr(torch.randn(8, 4, generator=torch.Generator().manual_seed(0)))
    right, _ = torch.linalg.qr(torch.randn(6, 4, generator=torch.Generator().manual_seed(1)))
    matrix = left @ torch.diag(torch.tensor([4.0, 3.0, 2.0, 1.0])) @ right.T
    rotated = left.T @ muon.orthogonalise(matrix) @ right
    assert (rotated - torch.diag(rotated.diag())).abs().max() < 0.03
    assert (rotated.diag() > 0.5).all()


def test_the_rest_follows_adamw():
    ours = nn.Parameter(torch.tensor([[1.0, -2.0], [0.5, 3.0]]))
    theirs = nn.Parameter(ours.detach().clone())
    optimizer = muon.Muon([], [ours], rate=0.01, weight_decay=0.1)
    reference = torch.optim.AdamW([theirs], 0.01, weight_decay=0.1)
    for step in range(5):
        for parameter in (ours, theirs):
            parameter.grad = torch.tensor([[0.3, -1.0], [2.0, 0.0]]) * (step - 1.5)
        optimizer.step()
        reference.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(('family', 'network', 'matrices'), [
    ('x2cnet', 'mapping_network', 21), ('bc_z', 'policy', 37), ('motion_mlp', 'policy', 1)])
def test_matrices_lie_within_the_network(family, network, matrices):
    built = build_networks(family)[network]
    groups = muon.for_network(built, 1e-3, 0.05).param_groups
    selected = [g for g in groups if g['matrices']]
    assert [len(g['params']) for g in selected] == [matrices]
    assert sum(len(g['params']) for g in groups) == len(list(built.parameters()))
    first = next(p for p in built.parameters() if p.ndim > 1)
    assert all(p is not first for p in selected[0]['params'])


def test_goes_on_as_if_never_stopped():
    def steps(network: nn.Module, optimizer: torch.optim.Optimizer, first: int, last: int) -> None:
        for step in range(first, last):
            x = torch.randn(16, 8, generator=torch.Generator().manual_seed(step))
            loss = (network(x) - x[:, :3]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    torch.manual_seed(0)
    whole = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(),
                          nn.Linear(16, 3))
    broken = copy.deepcopy(whole)
    steps(whole, muon.for_network(whole, 1e-2, 0.05), 0, 6)
    before = muon.for_network(broken, 1e-2, 0.05)
    steps(broken, before, 0, 3)
    after = muon.for_network(broken, 1e-2, 0.05)
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    steps(broken, after, 3, 6)
    for one, other in zip(whole.parameters(), broken.parameters(), strict=True):
        assert torch.equal(one, other)
