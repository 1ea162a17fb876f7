"""The GPU's table: order, time limit and layout, with pretended networks and a pretended clock."""
from __future__ import annotations

import importlib
import pathlib
from typing import Any

import pytest
import torch

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def gpu_table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')
    return importlib.import_module('gpu_table')


class Machine:
    """A clock that the pretended networks move."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.made: list[tuple[str, str]] = []

    def make(self, model: str, way: str):
        self.made.append((model, way))
        self.now_s += 60.0 if 'compile' in way else 1.0
        value = 0.501 if 'fp16' in way else 0.5
        return self._step(0.001, value), self._step(0.004 if 'graphs' in way else 0.010, value)

    def _step(self, seconds: float, value: float):
        def step() -> torch.Tensor:
            self.now_s += seconds
            return torch.full((1, 3, 2, 2), value)
        return step

    def clock(self) -> float:
        return self.now_s


def measured(table: Any, seconds: float) -> tuple[Machine, Any]:
    machine = Machine()
    return machine, table.measure(('fomm', 'live_portrait'), 3, seconds, machine.make,
                                  machine.clock)


def test_what_needs_no_preparation_comes_first(gpu_table: Any) -> None:
    machine, timings = measured(gpu_table, 1e4)
    compiled = ['compile' in way for _, way in machine.made]
    assert compiled == sorted(compiled)
    assert len(timings) == 2 * len(gpu_table.WAYS)
    assert timings['fomm', 'fp16+graphs'].frame_ms == pytest.approx(4)
    assert timings['fomm', 'fp16'].frame_ms == pytest.approx(10)
    assert timings['fomm', 'fp16'].keypoints_ms == pytest.approx(1)
    assert timings['fomm', 'fp16'].psnr_db == pytest.approx(60, abs=0.1)


def test_the_time_is_kept(gpu_table: Any, capsys: pytest.CaptureFixture[str]) -> None:
    machine, timings = measured(gpu_table, 200)
    assert machine.now_s < 200
    assert 0 < sum('compile' in way for _, way in timings) < 4
    assert 'left out, as no time is left' in capsys.readouterr().out


def test_the_table_has_a_row_for_each_network(gpu_table: Any) -> None:
    lines = gpu_table.text(measured(gpu_table, 30)[1]).splitlines()
    assert lines[0].count('|') == lines[1].count('|') == lines[2].count('|')
    assert lines[2] == '| fomm | 10.0 | 10.0 | 10.0 | 4.0 |  |  | 1.0 | 60 |'
    assert len(lines) == 4
