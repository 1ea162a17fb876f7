"""Training on a prepared set that lies at an address: the same weights as from the disk."""
from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import pytest
import torch
from helpers.collection_helpers import ROOT
from helpers.file_server import BUCKET, FileServer
from helpers.prepared_set import make_prepared_set
from helpers.tiny_animation import arguments
from helpers.waiting import PATIENCE_S, wait_until

from ros_animate.cli import main
from ros_animate.errors import UserError
from ros_animate.optional_packages import PACKAGES
from ros_animate.preparation.shards import END
from ros_animate.training.animation.data import AnimationData, DataOptions

for package in ('fsspec', 'aiohttp', 's3fs'):
    pytest.importorskip(package, reason=f'the package {PACKAGES[package][0]} is not installed')
SHARD, HELD_OUT = 'train-000000.tar', 'validation-000000.tar'
STEPS = 24


@pytest.fixture
def folder(tmp_path):
    return make_prepared_set(tmp_path / 'set')


@pytest.fixture
def server(folder, monkeypatch):
    with FileServer(folder) as served:
        for name, value in {'AWS_ENDPOINT_URL_S3': served.url, 'AWS_ACCESS_KEY_ID': 'someone',
                            'AWS_SECRET_ACCESS_KEY': 'secret', 'NO_PROXY': '127.0.0.1'}.items():
            monkeypatch.setenv(name, value)
        yield served


def data(place, **options) -> AnimationData:
    return AnimationData([str(place)], 32, DataOptions(**options))


@pytest.mark.parametrize('kind', ['http', 's3'])
def test_batches_are_those_of_the_folder(folder, server, kind):
    there = data(server.url if kind == 'http' else f's3://{BUCKET}', stream_mb=0.1)
    here = data(folder)
    for step in range(3):
        for one, other in zip(here.batch(step, 6)[:3], there.batch(step, 6)[:3]):
            assert torch.equal(one, other)
    assert torch.equal(here.held_out(4).source, there.held_out(4).source)
    assert [clip.name for clip in there.clips()] == [clip.name for clip in here.clips()]


@pytest.mark.parametrize(('damage', 'message'), [
    (lambda path: path.write_bytes(path.read_bytes()[:2000]), 'the shard ends before byte'),
    (lambda path: path.write_bytes(bytes(100_000)), 'no tar member at byte'),
    (lambda path: path.write_bytes(3 * (path.parent / HELD_OUT).read_bytes()[:-len(END)]),
     "begins 'clip-3.json', so it is not the shard of this index"),
    (lambda path: path.unlink(), 'status 404; check the address')])
def test_a_damaged_shard_is_named(folder, server, damage, message):
    damage(folder / SHARD)
    with pytest.raises(UserError, match=message) as caught:
        data(server.url).batch(0, 6)
    assert f'{server.url}/{SHARD}' in str(caught.value)


def test_an_address_without_a_set_is_one_line(server, tmp_path, capsys):
    assert main(arguments('fomm', f'{server.url}/elsewhere', tmp_path / 'run', 2)) == 2
    line, = capsys.readouterr().err.splitlines()
    assert f'{server.url}/elsewhere/index.jsonl' in line and 'check the address' in line


def test_it_trains_to_the_weights_of_the_folder(folder, server, tmp_path):
    for name, place in (('disk', folder), ('http', server.url)):
        assert main(arguments('fomm', place, tmp_path / name, 2)) == 0
    assert weights(tmp_path / 'disk') == weights(tmp_path / 'http')


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(folder, server, tmp_path):
    """Kill -9 in the midst, while the server fails now and then."""
    assert main(arguments('x2face', folder, tmp_path / 'disk', STEPS, checkpoint_steps=5)) == 0
    command = [sys.executable, '-m', 'ros_animate', *arguments(
        'x2face', server.url, tmp_path / 'http', STEPS, checkpoint_steps=5, stream_mb=0.1)]
    log = tmp_path / 'http' / 'log.csv'
    for step in (STEPS // 2, STEPS):
        server.failing += [503, 'hang up']
        with subprocess.Popen([*command, '--resume'], cwd=ROOT, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, 'OMP_NUM_THREADS': '1'}) as process:
            if step < STEPS:
                wait_until(lambda until=step: steps(log) >= until, process)
                process.send_signal(signal.SIGKILL)
            _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == (-9 if step < STEPS else 0), err
    assert weights(tmp_path / 'disk') == weights(tmp_path / 'http')


def steps(log: pathlib.Path) -> int:
    """Number of the last step in a log."""
    rows = log.read_text().split('\n')[1:-1] if log.exists() else []
    return int(rows[-1].split(',')[0]) if rows else 0


def weights(run: pathlib.Path) -> bytes:
    return (run / 'weights' / 'weights.safetensors').read_bytes()
