"""Selection of compilation and CUDA graphs; what is recorded, and what is said."""
from __future__ import annotations

import logging
import os
import pathlib

import pytest
import torch
from torch import nn

from ros_animate.configuration import ConfigurationError, build
from ros_animate.inference import acceleration
from ros_animate.inference.acceleration import Acceleration, announced, select, use_cache
from ros_animate.inference.cuda_graphs import CudaGraphStep
from ros_animate.inference.engine import EngineOptions
from ros_animate.networks.monkey_net import Keypoints


@pytest.mark.parametrize(('speed', 'device', 'fixed', 'expected'), [
    ('plain', 'cuda', True, (False, False)), ('plain', 'cpu', True, (False, False)),
    ('balanced', 'cuda', True, (False, True)), ('balanced', 'cpu', True, (False, False)),
    ('balanced', 'cuda', False, (False, False)), ('fastest', 'cuda', True, (True, True)),
    ('fastest', 'cuda', False, (True, False)), ('fastest', 'cpu', True, (True, False))])
def test_what_a_speed_selects(speed: str, device: str, fixed: bool,
                              expected: tuple[bool, bool]) -> None:
    assert select(speed, device, fixed) == Acceleration(*expected)


def test_the_default_is_balanced_and_others_are_listed() -> None:
    assert EngineOptions().speed == 'balanced'
    with pytest.raises(ConfigurationError, match='balanced, fastest, plain'):
        build(EngineOptions, {'speed': 'fast'}, 'engine')


def test_its_words() -> None:
    assert str(Acceleration()) == 'as it is'
    assert str(Acceleration(compile=True, graphs=True)) == 'compiled, CUDA graphs'


class FakeRecording:
    """Stands for a CUDA graph: computes the step, and keeps what the recording would freeze."""

    made = 0

    def __init__(self, step, arguments) -> None:
        type(self).made += 1
        self._step, self._frozen = step, arguments[-1]

    def __call__(self, *arguments):
        return self._step(*arguments[:-1], self._frozen)


def test_one_recording_for_each_signature() -> None:
    FakeRecording.made = 0
    step = CudaGraphStep(lambda points, factor: points.mean * factor, FakeRecording)
    few, many = (Keypoints(torch.ones(n), torch.ones(n)) for n in (1, 2))
    for points, factor in ((few, 2.0), (many, 2.0), (few, 2.0), (few, 3.0), (many, 2.0)):
        torch.testing.assert_close(step(points, factor), points.mean * factor)
    assert FakeRecording.made == 3


def test_few_recordings_are_kept() -> None:
    FakeRecording.made = 0
    step = CudaGraphStep(lambda x, _: x, FakeRecording)
    for size in (1, 2, 3, 4, 5, 5, 4, 1):
        step(torch.zeros(size), None)
    assert FakeRecording.made == 6
    assert len(step._recordings) == 4


def test_a_step_that_cannot_be_recorded_runs_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError('operation not permitted when stream is capturing\nmore')
    step = CudaGraphStep(lambda x: x + 1, fail)
    for _ in range(2):
        assert step(torch.zeros(())).item() == 1
    assert len(caplog.records) == 1
    assert 'not permitted when stream is capturing' in caplog.text
    assert 'more' not in caplog.text


def test_compiling_is_announced_once_on_a_machine(tmp_path: pathlib.Path,
                                                  caplog: pytest.LogCaptureFixture) -> None:
    marker = tmp_path / 'Refiner-1'
    run = announced(lambda x: x + 1, 'Refiner', marker)
    assert [run(1), run(2)] == [2, 3]
    assert [r.getMessage().split()[0] for r in caplog.records] == ['compiling', 'compiled']
    assert str(tmp_path) in caplog.text
    caplog.clear()
    assert announced(lambda x: x, 'Refiner', marker)(1) == 1
    assert not caplog.records


def test_a_failed_compilation_is_announced_again(tmp_path: pathlib.Path) -> None:
    def fail(_: int) -> int:
        raise RuntimeError
    with pytest.raises(RuntimeError):
        announced(fail, 'Refiner', tmp_path / 'marker')(1)
    assert not (tmp_path / 'marker').exists()


def test_what_is_compiled_is_kept_in_the_users_cache(tmp_path: pathlib.Path,
                                                     monkeypatch: pytest.MonkeyPatch,
                                                     caplog: pytest.LogCaptureFixture) -> None:
    name = acceleration.CACHE_VARIABLE
    monkeypatch.setenv(name, str(tmp_path / 'given'))
    assert use_cache() == tmp_path / 'given'
    monkeypatch.setenv(name, '')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert use_cache() == tmp_path / 'ros_animate' / 'compiled'
    assert os.environ[name] == str(tmp_path / 'ros_animate' / 'compiled')
    monkeypatch.setenv(name, '')
    (tmp_path / 'file').touch()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    with caplog.at_level(logging.WARNING):
        assert use_cache() is None
    assert 'are not kept' in caplog.text


def test_another_network_has_another_marker(tmp_path: pathlib.Path) -> None:
    device = torch.device('cpu')
    one, other = (acceleration._marker(tmp_path, nn.Linear(n, 2), device) for n in (1, 2))
    assert one != other
    assert one == acceleration._marker(tmp_path, nn.Linear(1, 2), device)
