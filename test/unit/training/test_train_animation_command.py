"""`ros_animate train animation`: what a run leaves, resuming, mistakes."""
from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from helpers.tiny_animation import SMALLEST, arguments, make_clips
from helpers.waiting import wait_until

from ros_animate.checkpoints import checkpoint
from ros_animate.cli import main
from ros_animate.plugins import load
from ros_animate.training.animation import pseudo_labels
from ros_animate.training.core import checkpoints
from ros_animate.training.core.log import CURVES, read_log
from ros_animate.types import Frame

pytestmark = pytest.mark.usefixtures('one_thread')

STEPS = 24
OFTEN = {'checkpoint_steps': 3}


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> pathlib.Path:
    return make_clips(tmp_path_factory.mktemp('animation') / 'clips')


@pytest.fixture(scope='module')
def uninterrupted(data, tmp_path_factory) -> pathlib.Path:
    """A run with a discriminator, so that checkpoints hold everything that they can."""
    run = tmp_path_factory.mktemp('animation') / 'run'
    assert main(arguments('fomm', data, run, STEPS, gan=1.0, feature_matching=[10.0, 10.0],
                          cache=run.parent / 'faces', **OFTEN)) == 0
    return run


def weights(run: pathlib.Path) -> bytes:
    return (run / 'weights' / 'weights.safetensors').read_bytes()


def test_what_a_run_leaves(uninterrupted) -> None:
    rows = read_log(uninterrupted)
    assert [int(row['step']) for row in rows] == list(range(1, STEPS + 1))
    assert sum(bool(row['validation_l1']) for row in rows) == 2
    terms = ('perceptual', 'gan', 'feature_matching', 'equivariance_value',
             'equivariance_jacobian')
    for row in rows:
        assert sum(float(row[t]) for t in terms) == pytest.approx(float(row['loss']), rel=1e-5)
        assert float(row['judge']) > 0
    assert (uninterrupted / CURVES).stat().st_size > 5000
    assert list(uninterrupted.glob('events.out.tfevents.*'))
    grids = sorted((uninterrupted / 'samples').iterdir())
    assert [g.name for g in grids] == [f'step_{s:07d}.png' for s in (STEPS // 2, STEPS)]
    assert cv2.imread(str(grids[0])).shape == (18 + 2 * 128, 6 * 128, 3)
    card = (uninterrupted / 'weights' / 'README.md').read_text()
    for text in ('fomm', 'train animation', '24 of 2 pairs', 'seed', 'samples.png', 'held-out'):
        assert text in card
    assert 'cache' not in card and str(uninterrupted.parent) not in card
    assert not list(uninterrupted.glob('**/.part.*'))


def test_the_weights_are_recognised_and_animate(uninterrupted) -> None:
    found = checkpoint.read(uninterrupted / 'weights')
    assert (found.family, found.config.num_keypoints) == ('fomm', 3)
    assert not found.problems(('kp_detector', 'generator'))
    image = np.zeros((48, 48, 3), np.uint8)
    options = {'weights': str(uninterrupted / 'weights'), 'crop': False, 'device': 'cpu'}
    extractor, animator = load('motion', 'fomm', options), load('animation', 'fomm', options)
    animator.set_source(image)
    assert animator.animate(extractor.extract(Frame(image, 0.0))).image.shape == (32, 32, 3)


@pytest.mark.slow
def test_killed_anywhere_it_ends_alike(data, uninterrupted, tmp_path, capsys) -> None:
    run = tmp_path / 'run'
    command = arguments('fomm', data, run, STEPS, gan=1.0, feature_matching=[10.0, 10.0], **OFTEN)
    process = subprocess.Popen([sys.executable, '-m', 'ros_animate', *command],
                               env={**os.environ, 'OMP_NUM_THREADS': '1'})
    kill_at = int(np.random.default_rng().integers(1, STEPS - 5))
    wait_until(lambda: len(read_log(run)) >= kill_at, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (run / f'.part.{checkpoints.NAME}').write_bytes(b'killed in the middle of a checkpoint')
    state = checkpoints.load(run)
    assert main([*command, '--resume']) == 0
    assert f'resumes at step {state["step"] if state else 0}' in capsys.readouterr().out
    assert weights(run) == weights(uninterrupted), f'killed after step {kill_at}'
    assert [r['step'] for r in read_log(run)] == [r['step'] for r in read_log(uninterrupted)]


@pytest.mark.parametrize(('model', 'settings'), [
    ('monkey_net', {'feature_matching': [10.0, 10.0, 1.0], 'deformed': 10.0}),
    ('face_vid2vid', {'feature_matching': [10.0, 10.0], 'head_pose': 0.0}),
    ('x2face', {'tower': 'bc_z', 'face_id': 0.1})])
def test_other_families(data, tmp_path, model, settings) -> None:
    run = tmp_path / 'run'
    assert main(arguments(model, data, run, 2, **settings)) == 0
    found = checkpoint.read(run / 'weights')
    assert found.family == model
    assert all(torch.isfinite(v).all() for s in found.networks.values() for v in s.values())


def test_x2face_learns_where_to_sample(data, tmp_path) -> None:
    """From the source as it is to something nearer to the driving frame."""
    run = tmp_path / 'run'
    settings = {'learning_rate': 0.3, 'average': 0.0, 'held_out': 4, 'batch_size': 4}
    assert main(arguments('x2face', data, run, 30, **settings)) == 0
    rows = read_log(run)
    assert all(float(row['photometric']) == pytest.approx(float(row['loss'])) for row in rows)
    errors = [float(row['validation_l1']) for row in rows if row['validation_l1']]
    assert errors[-1] < errors[0]


def test_the_tracker_of_pseudo_labels_is_closed(data, tmp_path, monkeypatch) -> None:
    events = []

    class Tracker:
        def extract(self, _: Frame) -> None:
            events.append('extract')

        def close(self) -> None:
            events.append('close')

    monkeypatch.setattr(pseudo_labels.plugins, 'load', lambda *_: Tracker())
    assert main(arguments('fomm', data, tmp_path / 'run', 1, guide=1.0)) == 0
    assert events[0] == 'extract' and events.index('close') == len(events) - 1


@pytest.mark.parametrize(('option', 'missing'), [
    ('gan=1', 'no discriminator'), ('guide=2', 'no keypoints'), ('face_id=1', 'tower=bc_z')])
def test_what_x2face_lacks_is_said(data, tmp_path, capsys, option, missing) -> None:
    command = arguments('x2face', data, tmp_path / 'run', 1)
    assert main([*command, '--set', option]) == 2
    error = capsys.readouterr().err
    assert option.split('=')[0] in error and missing in error and error.count('\n') == 1


def test_live_portrait_in_two_stages(tmp_path) -> None:
    """Faces with labels; the second stage leaves the first one's networks as they are."""
    first, second = tmp_path / 'first', tmp_path / 'second'
    faces = {'identities': 2, 'frames': 2, 'held_out': 1, 'workers': 1}
    assert main(arguments('live_portrait', 'synthetic', first, 1, gan=0.0, **faces)) == 0
    command = arguments('live_portrait', 'synthetic', second, 1, stage=2, **faces)
    assert main(command) == 2
    assert main([*command, '--init', str(first / 'weights')]) == 0
    before, after = (checkpoint.read(f / 'weights').networks for f in (first, second))
    assert set(after) - set(before) == {
        f'stitching_retargeting_module.{part}' for part in ('stitching', 'eye', 'lip')}
    for name, state in before.items():
        for key, value in state.items():
            assert torch.equal(value, after[name][key]), (name, key)
    rows = read_log(second)
    for term in ('stitching', 'eyes', 'eyes_condition', 'lips', 'lips_condition', 'lips_size'):
        assert float(rows[0][term]) >= 0


def test_from_weights_of_an_earlier_run(data, uninterrupted, tmp_path) -> None:
    run = tmp_path / 'run'
    assert main([*arguments('fomm', data, run, 1, learning_rate=0.0, average=0.0),
                 '--init', str(uninterrupted / 'weights')]) == 0
    before, after = (checkpoint.read(r / 'weights').networks['generator']
                     for r in (uninterrupted, run))
    assert torch.equal(before['final.weight'], after['final.weight'])


def test_a_run_goes_on_only_as_it_was_begun(data, tmp_path, capsys) -> None:
    run = tmp_path / 'run'
    assert main(arguments('fomm', data, run, 1)) == 0
    assert main(arguments('fomm', data, run, 2)) == 2
    assert '--resume' in capsys.readouterr().err
    assert main([*arguments('fomm', data, run, 2, seed=3), '--resume']) == 2
    assert 'begun with seed 0, not 3' in capsys.readouterr().err
    assert main([*arguments('fomm', data, run, 2), '--resume']) == 0
    assert checkpoints.load(run)['step'] == 2


def test_a_loss_that_is_not_finite_ends_the_run(data, tmp_path, capsys) -> None:
    run = tmp_path / 'run'
    assert main(arguments('monkey_net', data, run, 9, learning_rate=1e18, gan=0.0, perceptual=1.0,
                          checkpoint_steps=1)) == 2
    error = capsys.readouterr().err
    assert 'the loss is nan at step' in error
    assert f'at step {checkpoints.load(run)["step"]}' in error


@pytest.mark.parametrize(('more', 'texts'), [
    (['--set', 'learning_rat=1'], ['learning_rat', "did you mean 'learning_rate'"]),
    (['--set', 'image_size=3'], ['image_size', '32']),
    (['--set', 'tower=vgg'], ['tower', 'vgg19', 'structure']),
    (['--animator', 'fom'], ['fom', 'fomm', 'live_portrait']),
    (['--animator', 'x2cnet'], ['x2cnet']),
    (['--variant', 'huge'], ['huge', 'small', 'vox256']),
    (['--init', 'nowhere.pth'], ['nowhere.pth']),
    (['--data', 'nodata'], ['nodata'])])
def test_mistakes_are_named(data, tmp_path, capsys, more, texts) -> None:
    sizes = [f'--set={k}={v}' for k, v in SMALLEST['fomm'].items()]
    command = ['train', 'animation', '--animator', 'fomm', '--data', str(data), '--output',
               str(tmp_path / 'run'), '--steps', '1', *sizes, *more]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert all(text in error for text in texts), error
    assert 'Traceback' not in error


@pytest.mark.skipif(torch.cuda.is_available(), reason='CPUs only')
def test_a_volume_too_flat_for_bf16_is_refused(data, tmp_path, capsys) -> None:
    command = arguments('face_vid2vid', data, tmp_path / 'run', 1, volume_depth=4,
                        precision='bf16')
    assert main(command) == 2
    assert 'volume_depth=4' in capsys.readouterr().err
