"""The comparison of X2Face and Monkey-Net: its settings and its table."""
from __future__ import annotations

import argparse
import importlib
import pathlib
from typing import Any

import pytest

from ros_animate.checkpoints.variants import variants
from ros_animate.networks import find_family
from ros_animate.training.animation.data import DataOptions
from ros_animate.training.animation.objectives.registry import options_class
from ros_animate.training.core.settings import parse_settings

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')
    return importlib.import_module('x2face')


def test_both_are_trained_alike(benchmark: Any) -> None:
    found = {}
    for family, texts in benchmark.METHODS.items():
        assert benchmark.VARIANTS[family] in variants(family)
        found[family] = parse_settings(texts, options_class(family), DataOptions,
                                       find_family(family).Config)
    (ours, data, _), (theirs, other_data, _) = found['x2face'], found['monkey_net']
    assert data == other_data
    for name in ('optimizer', 'learning_rate', 'beta1', 'batch_size', 'average', 'precision'):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.milestones == pytest.approx(theirs.milestones, abs=1e-4)
    assert ours.guide == theirs.guide == 0  # no labels


def test_the_table(benchmark: Any) -> None:
    errors = {('x2face', 0): 0.04, ('x2face', 1): 0.06, ('monkey_net', 0): 0.02,
              ('monkey_net', 1): 0.02}
    reports = {benchmark.Run(method, seed, pathlib.Path()): {'performers': {
        method: {'l1': l1, 'akd': 1.0, 'mkr': 0.0, 'aed': None},
        'source repeated': {'l1': 0.1, 'akd': 2.0, 'mkr': 0.0, 'aed': None}}}
        for (method, seed), l1 in errors.items()}
    text = benchmark.tables(reports, argparse.Namespace(seeds=[0, 1], steps=8, size=64, clips=3))
    assert '0.0500 ± 0.0141' in text and 'source repeated' in text
    assert 'table 1' in text and '| X2Face     | 0.0680 | 4.500' in text
