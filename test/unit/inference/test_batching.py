"""Networks that several threads share: the same results as alone, in few forward passes, fairly."""
from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import torch
from helpers import tiny_models
from torch import Tensor, nn

from ros_animate.inference.acceleration import Acceleration
from ros_animate.inference.batching import MAX_BATCH, BatchedNetwork
from ros_animate.inference.engine import EngineOptions
from ros_animate.inference.loading import NetworkOptions, load_networks
from ros_animate.inference.sharing import shared_networks


@dataclass(frozen=True)
class Pair:
    double: Tensor
    square: Tensor


class Gated(nn.Module):
    """Doubles and squares; each forward pass waits until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.gate = threading.Semaphore(0), threading.Semaphore(0)
        self.batches: list[list[float]] = []

    def forward(self, x: Tensor) -> Pair:
        self.entered.release()
        assert self.gate.acquire(timeout=60)
        self.batches.append([float(row.flatten()[0]) for row in x])
        if (x < 0).any():
            raise ValueError('a negative number')
        return Pair(2 * x, x * x)


def item(value: float, width: int = 1) -> Tensor:
    return torch.full((1, width), float(value))


class Callers:
    """Threads that call a shared network, one after the other."""

    def __init__(self, network: Gated, **options: bool) -> None:
        self.network, self.shared = network, BatchedNetwork(network, **options)
        self._pool = ThreadPoolExecutor(32)

    def call(self, *values: Tensor):
        """Futures of calls that have begun to wait."""
        futures = []
        for value in values:
            waiting, running = len(self.shared._waiting), self.shared._running
            futures.append(self._pool.submit(self.shared, value))
            if not running:
                assert self.network.entered.acquire(timeout=60)
            end_s = time.monotonic() + 60.0
            while running and len(self.shared._waiting) == waiting:
                assert time.monotonic() < end_s, 'the call does not arrive'
                time.sleep(0.001)
        return futures

    def open(self, passes: int = 1) -> None:
        self.network.gate.release(passes)


@pytest.fixture
def callers():
    return Callers(Gated())


def test_calls_that_wait_share_a_forward_pass(callers):
    futures = callers.call(*(item(k) for k in range(5)))
    callers.open(2)
    results = [future.result(60) for future in futures]
    assert [float(r.double) for r in results] == [0, 2, 4, 6, 8]
    assert [float(r.square) for r in results] == [0, 1, 4, 9, 16]
    assert results[3].double.shape == (1, 1)
    assert callers.network.batches == [[0], [1, 2, 3, 4]]
    assert callers.shared.sizes == {1: 1, 4: 1}


def test_other_shapes_are_batches_of_their_own_and_nobody_is_passed_over(callers):
    futures = callers.call(item(0), item(1, 3), item(2), item(3, 3), item(4))
    callers.open(3)
    assert [float(f.result(60).double[0, 0]) for f in futures] == [0, 2, 4, 6, 8]
    assert callers.network.batches == [[0], [1, 3], [2, 4]]


def test_a_call_that_fails_disturbs_no_other(callers):
    futures = callers.call(item(0), item(1), item(-1), item(3))
    callers.open(5)  # alone, three together, and these three alone
    assert [float(futures[k].result(60).double) for k in (0, 1, 3)] == [0, 2, 6]
    with pytest.raises(ValueError, match='negative'):
        futures[2].result(60)
    assert callers.network.batches == [[0], [1, -1, 3], [1], [-1], [3]]


def test_batches_are_bounded_and_oldest_first(callers):
    futures = callers.call(*(item(k) for k in range(MAX_BATCH + 3)))
    callers.open(3)
    assert [float(f.result(60).double) for f in futures] == [2 * k for k in range(MAX_BATCH + 3)]
    assert [len(batch) for batch in callers.network.batches] == [1, MAX_BATCH, 2]


def test_a_compiled_network_gets_batches_of_few_sizes():
    callers = Callers(Gated(), powers_of_two=True)
    futures = callers.call(*(item(k) for k in range(8)))
    callers.open(4)
    assert [float(f.result(60).double) for f in futures] == [2 * k for k in range(8)]
    assert sorted(len(batch) for batch in callers.network.batches) == [1, 1, 2, 4]


def test_arguments_that_are_no_batch_of_one_run_alone(callers):
    futures = callers.call(item(0), torch.ones(2, 1), torch.ones(2, 1))
    callers.open(3)
    assert [f.result(60).double.shape for f in futures] == [(1, 1), (2, 1), (2, 1)]
    assert callers.shared.sizes[1] == 3


def test_attributes_that_are_no_methods_are_refused(callers):
    with pytest.raises(AttributeError):
        callers.shared.training  # noqa: B018


@pytest.fixture(scope='module')
def weights(one_thread, tmp_path_factory):
    folder = tmp_path_factory.mktemp('weights')
    return tiny_models.save('fomm', folder / 'fomm')


def test_equal_networks_are_loaded_once_and_others_are_not(weights):
    options = NetworkOptions(str(weights), 'cpu')
    with shared_networks() as shared:
        one = load_networks('fomm', options, ('kp_detector',))
        assert load_networks('fomm', options, ('kp_detector',)) is one
        other = load_networks('fomm', options, ('kp_detector',), (), EngineOptions(fold=False))
        assert other is not one and len(shared) == 2
    assert load_networks('fomm', options, ('kp_detector',)) is not one


@pytest.mark.parametrize('share', [False, True])
def test_batches_of_changing_size_are_not_recorded(weights, share, monkeypatch):
    selected = []
    monkeypatch.setattr('ros_animate.inference.loading.select',
                        lambda *given: selected.append(given) or Acceleration())
    with shared_networks() if share else contextlib.nullcontext():
        loaded = load_networks('fomm', NetworkOptions(str(weights), 'cpu'), ('kp_detector',))
    assert selected == [('balanced', 'cpu', not share)]
    assert loaded.execution == 'cpu, float32, as it is'
