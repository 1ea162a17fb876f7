"""The search for weights, and the message if there are none."""
from __future__ import annotations

import pathlib

import pytest
import torch

from ros_animate.checkpoints import weights
from ros_animate.checkpoints.catalogue import CATALOGUE
from ros_animate.checkpoints.weights import WeightsNotFoundError
from ros_animate.cli import main
from ros_animate.networks import FAMILIES, build_networks, find_family


@pytest.fixture
def home(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A user's cache, a package without weights, no variable."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    package = tmp_path / 'package'
    package.mkdir()
    monkeypatch.setattr(weights, '_package_folder', lambda: iter([package]))
    return tmp_path


def put(path: pathlib.Path) -> pathlib.Path:
    """A file with the mapping network's names and shapes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network = build_networks('x2cnet')['mapping_network']
    torch.save({name: torch.tensor(0.0).expand(value.shape)
                for name, value in network.state_dict().items()}, path)
    return path


def test_the_order_of_the_search(home: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsNotFoundError, match='x2cnet'):
        weights.locate('x2cnet')
    packaged = put(home / 'package' / 'x2cnet' / 'a.pth')
    assert weights.locate('x2cnet') == packaged.parent
    cached = put(home / 'cache' / 'ros_animate' / 'weights' / 'x2cnet' / 'b.pth')
    assert weights.locate('x2cnet') == cached.parent
    by_variable = put(home / 'named' / 'x2cnet.pth')
    monkeypatch.setenv(weights.VARIABLE, str(by_variable.parent))
    assert weights.locate('x2cnet') == by_variable
    explicit = put(home / 'explicit.pth')
    assert weights.locate('x2cnet', explicit) == explicit
    for place in (packaged, cached, by_variable, explicit):
        config, loaded = weights.load('x2cnet', place, ['mapping_network'])
        assert config == find_family('x2cnet').Config()
        assert set(loaded) == {'mapping_network'}


def test_the_variable_may_name_one_checkpoint(home: pathlib.Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home / 'anything' / 'a.pth')
    for named in (path, path.parent):
        monkeypatch.setenv(weights.VARIABLE, str(named))
        assert weights.locate('x2cnet') == named
        with pytest.raises(WeightsNotFoundError):
            weights.locate('fomm')
    monkeypatch.setenv(weights.VARIABLE, str(home / 'nowhere'))
    with pytest.raises(WeightsNotFoundError, match=weights.VARIABLE):
        weights.locate('x2cnet')


def test_missing_weights_are_named(home: pathlib.Path) -> None:
    with pytest.raises(WeightsNotFoundError, match='nowhere'):
        weights.locate('fomm', home / 'nowhere')
    for family in FAMILIES:
        with pytest.raises(WeightsNotFoundError) as error:
            weights.locate(family)
        source = next(p.source for p in CATALOGUE if p.family == family)
        for text in (source, 'licence', str(home / 'cache'), weights.VARIABLE):
            assert text in str(error.value)


def test_the_list_is_complete(home: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(home / 'package' / 'x2cnet' / 'a.pth')
    assert main(['weights', 'list']) == 0
    output = capsys.readouterr().out
    for family in FAMILIES:
        assert f'\n{family}: ' in f'\n{output}'
        assert str(weights.user_folder() / family) in output
    for entry in CATALOGUE:
        assert all(text in output for text in (entry.source, entry.licence, entry.size))
    assert f'yes: {home}/package/x2cnet' in output
    assert output.count('present    no') == output.count('put into') - 1 == len(FAMILIES) - 1
