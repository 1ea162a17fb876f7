"""`ros_animate train policy`: a killed run ends as an uninterrupted one; mistakes are named."""
from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from helpers.pair_folders import SPEC, TINY, arguments, make_folder
from safetensors.torch import load_file

from ros_animate.cli import main
from ros_animate.plugins import load
from ros_animate.training.core import checkpoints
from ros_animate.training.core.log import CURVES, read_log
from ros_animate.training.core.loop import make_fabric
from ros_animate.training.core.pair_folder import read_folder
from ros_animate.training.core.plan import StepPlan
from ros_animate.training.policy import trainable
from ros_animate.training.policy.data import PolicyData
from ros_animate.training.policy.losses import PolicyObjective
from ros_animate.training.policy.trainer import PolicyTrainer, TrainingRun
from ros_animate.types import Frame

STEPS = 40
PATIENCE_S = 120.0
OFTEN = ('--set', 'checkpoint_steps=3', '--set', 'looks=2', '--set', 'validation=0.2')


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> pathlib.Path:
    return make_folder(tmp_path_factory.mktemp('training') / 'data', landmarks=True)


@pytest.fixture(scope='module')
def uninterrupted(data, tmp_path_factory) -> pathlib.Path:
    run = tmp_path_factory.mktemp('training') / 'run'
    assert main(arguments('bc_z', data, run, STEPS, *OFTEN)) == 0
    return run


def weights(run: pathlib.Path) -> bytes:
    return (run / 'weights' / 'weights.safetensors').read_bytes()


def test_what_a_run_leaves(uninterrupted):
    rows = read_log(uninterrupted)
    assert [int(row['step']) for row in rows] == list(range(1, STEPS + 1))
    assert sum(bool(row['validation_mae']) for row in rows) == 2
    assert (uninterrupted / CURVES).stat().st_size > 5000
    assert list(uninterrupted.glob('events.out.tfevents.*'))
    card = (uninterrupted / 'weights' / 'README.md').read_text()
    for text in ('bc_z', '24 pairs', '40 of 4 pairs', 'seed', 'error'):
        assert text in card
    assert not list(uninterrupted.glob('.part.*'))


def test_the_card_says_how_the_data_was_made(tmp_path):
    path = make_folder(tmp_path / 'pairs', 12)
    (path / 'collection.json').write_text(
        '{"seed": 7, "size": 32, "through": "mesh_warp", "portrait": "", "exaggerated": 0.3}')
    assert main(arguments('bc_z', path, tmp_path / 'run', 2)) == 0
    card = (tmp_path / 'run' / 'weights' / 'README.md').read_text()
    assert ('    ros_animate collect --robot mock --animator mesh_warp --exaggerated 0.3 '
            '--count 12 --seed 7 --size 32 --output pairs\n'
            '    ros_animate train policy --policy bc_z') in card
    assert '--steps 2 --batch-size 4 --set image_size=32' in card


def test_the_weights_drive_the_policy(uninterrupted):
    policy = load('policy', 'bc_z', {'weights': str(uninterrupted / 'weights')}, SPEC)
    chunk = policy.act(Frame(np.zeros((48, 64, 3), np.uint8), 1.5))
    assert chunk.values.shape == (1, 30)
    assert ((SPEC.low <= chunk.values) & (chunk.values <= SPEC.high)).all()


@pytest.mark.slow
def test_killed_anywhere_it_ends_alike(data, uninterrupted, tmp_path, capsys):
    run = tmp_path / 'run'
    process = subprocess.Popen([sys.executable, '-m', 'ros_animate',
                                *arguments('bc_z', data, run, STEPS, *OFTEN)])
    kill_at = int(np.random.default_rng().integers(1, STEPS - 5))
    end_s = time.monotonic() + PATIENCE_S
    while len(read_log(run)) < kill_at and process.poll() is None:
        assert time.monotonic() < end_s
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (run / f'.part.{checkpoints.NAME}').write_bytes(b'killed in the middle of a checkpoint')
    state = checkpoints.load(run)
    assert main(arguments('bc_z', data, run, STEPS, *OFTEN, '--resume')) == 0
    assert f'resumes at step {state["step"] if state else 0}' in capsys.readouterr().out
    assert weights(run) == weights(uninterrupted), f'killed after step {kill_at}'
    assert [r['step'] for r in read_log(run)] == [r['step'] for r in read_log(uninterrupted)]


@pytest.mark.parametrize('locate', [0.0, 0.5])
def test_what_only_training_needs_is_resumed_too(data, tmp_path, monkeypatch, locate):
    """The layers for landmarks are in the checkpoint, and not in the weights."""
    def command(run, *more):
        return arguments('x2cnet', data, run, 4, '--set', 'checkpoint_steps=2', '--set', 'looks=1',
                         '--set', 'geometry_batch=8', '--set', f'locate={locate}', *more)

    runs = [tmp_path / name for name in ('whole', 'resumed')]
    assert main(command(runs[0])) == 0
    training_step = PolicyTrainer.training_step

    def interrupted(trainer, *args):
        if trainer.step == 3:
            raise KeyboardInterrupt
        return training_step(trainer, *args)

    with monkeypatch.context() as patch:
        patch.setattr(PolicyTrainer, 'training_step', interrupted)
        main(command(runs[1]))
    assert checkpoints.load(runs[1])['step'] == 2
    assert set(checkpoints.load(runs[1])['guide']) == {
        'locator.maps.weight', 'locator.maps.bias', 'entry.weight', 'entry.bias'}
    assert main(command(runs[1], '--resume')) == 0
    assert weights(runs[1]) == weights(runs[0])
    assert not any(name.startswith(('locator', 'entry', 'guide')) for name in load_file(
        runs[0] / 'weights' / 'weights.safetensors'))


@pytest.mark.slow
@pytest.mark.parametrize('policy', ['bc_z', 'x2cnet'])
def test_two_processes_train_one_network(policy, data, tmp_path):
    run = tmp_path / 'run'
    torchrun = [sys.executable, '-m', 'torch.distributed.run', '--standalone',
                '--nproc-per-node', '2', '-m', 'ros_animate']
    command = arguments(policy, data, run, 2, *OFTEN, '--set', 'locate=0.5')
    subprocess.run([*torchrun, *command], check=True, timeout=3 * PATIENCE_S,
                   env={**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''})
    assert [int(row['step']) for row in read_log(run)] == [1, 2]
    assert checkpoints.load(run)['step'] == 2
    assert all(value.isfinite().all() for value in load_file(
        run / 'weights' / 'weights.safetensors').values())


@pytest.mark.parametrize('policy', ['bc_z', 'x2cnet'])
def test_landmarks_are_learned_from_before_the_first_image(policy, tmp_path):
    plugin = trainable.find_trainable(policy)
    folders = [read_folder(make_folder(tmp_path / 'pairs', landmarks=True), SPEC)]
    errors = []
    for first in (0, 100):
        options, network_options = trainable.parse_options(plugin, (
            *TINY[policy], 'optimizer=muon', 'hidden=64', 'geometry_batch=64',
            f'geometry_first={first}', 'learning_rate=3e-3', 'warm_up=0.2'))
        config = trainable.new_config(plugin, network_options, SPEC, folders)
        data = PolicyData(folders, None, SPEC, config, options, plugin.takes_images)
        network = trainable.new_network(plugin, config, options.seed)
        objective = PolicyObjective(network, config, SPEC, options, landmarks=True)
        run = TrainingRun(tmp_path / str(first), StepPlan(1), 4, options, SPEC, config, quiet=True)
        state = PolicyTrainer(run, network, data, make_fabric('float32')).state()
        objective.landmark_terms.load_state_dict(state.get('guide', {}))
        batch = data.landmark_batch(999)
        batch.mask[..., [name != 'Jaw Pitch' for name in SPEC.names]] = 0  # all else is chance
        errors.append(float(objective.landmark_loss(batch).detach()))
    assert errors[1] < 0.5 * errors[0]


def test_there_must_be_landmarks_to_locate(tmp_path, capsys):
    data = make_folder(tmp_path / 'pairs', 12)
    assert main(arguments('x2cnet', data, tmp_path / 'run', 2, '--set', 'locate=0.5'))
    error = capsys.readouterr().err
    assert all(text in error for text in ('locate=0.5', 'landmarks', 'leave it at 0'))


def test_points_must_be_as_many_as_landmarks(data, tmp_path, capsys):
    status = main(arguments('bc_z', data, tmp_path / 'run', 2, '--set', 'points=20'))
    error = capsys.readouterr().err
    assert status and all(text in error for text in ('points=20', 'data', '128'))


def test_more_steps_for_a_finished_run(data, tmp_path, capsys):
    run = tmp_path / 'run'
    assert main(arguments('x2cnet', data, run, 2)) == 0
    assert main(arguments('x2cnet', data, run, 3, '--resume')) == 0
    assert 'resumes at step 2' in capsys.readouterr().out
    assert checkpoints.load(run)['step'] == 3
    assert main(arguments('x2cnet', data, run, 4)) == 2
    assert '--resume' in capsys.readouterr().err
    assert main(arguments('x2cnet', data, run, 4, '--resume', '--set', 'seed=3')) == 2
    assert 'begun with seed 0, not 3' in capsys.readouterr().err


def test_from_weights_of_an_earlier_run(data, uninterrupted, tmp_path):
    run = tmp_path / 'run'
    assert main(arguments('bc_z', data, run, 1, '--init', str(uninterrupted / 'weights'),
                          '--set', 'learning_rate=0', '--set', 'average=0')) == 0
    before, after = checkpoints.load(uninterrupted)['average'], checkpoints.load(run)['network']
    torch.testing.assert_close(after['heads.0.4.weight'], before['heads.0.4.weight'], atol=1e-3,
                               rtol=1e-2)


def test_a_loss_that_is_not_finite_ends_the_run(data, tmp_path, capsys):
    run = tmp_path / 'run'
    assert main(arguments('bc_z', data, run, 9, '--set', 'learning_rate=1e18', '--set', 'clip=0',
                          '--set', 'checkpoint_steps=1', '--set', 'warm_up=0', '--set',
                          'geometry_first=0')) == 2
    error = capsys.readouterr().err
    assert 'the loss is nan at step' in error
    assert f'at step {checkpoints.load(run)["step"]}' in error


@pytest.mark.parametrize(('more', 'texts'), [
    (['--set', 'learning_rat=1'], ['learning_rat', "did you mean 'learning_rate'"]),
    (['--set', 'learning_rate'], ['expected --set key=value']),
    (['--set', 'learning_rate=fast'], ['learning_rate', 'fast']),
    (['--set', 'image_size=3'], ['image_size']),
    (['--set', 'coarse_size=16'], ['coarse_size']),
    (['--weights-of-folders', '1', '2'], ['2 weights for 1']),
    (['--init', 'nowhere.pth'], ['nowhere.pth']),
    (['--policy', 'blendshape_map'], ['blendshape_map', 'bc_z']),
    (['--data', 'nodata'], ['nodata'])])
def test_mistakes_are_named(data, tmp_path, capsys, more, texts):
    assert main(arguments('bc_z', data, tmp_path / 'run', 1, *more)) == 2
    error = capsys.readouterr().err
    assert all(text in error for text in texts), error


def test_no_image_can_be_read(tmp_path, capsys):
    path = make_folder(tmp_path / 'data', 3)
    for image in path.glob('*.png'):
        image.write_bytes(b'')
    assert main(arguments('bc_z', path, tmp_path / 'run', 1)) == 2
    assert 'none of the 3 images' in capsys.readouterr().err


def test_a_damaged_checkpoint_is_named(data, tmp_path, capsys):
    run = tmp_path / 'run'
    assert main(arguments('bc_z', data, run, 1)) == 0
    (run / checkpoints.NAME).write_bytes(b'PK\x03\x04 and nothing more')
    assert main(arguments('bc_z', data, run, 2, '--resume')) == 2
    assert checkpoints.NAME in capsys.readouterr().err


def test_as_many_steps_as_fit_into_a_time(data, tmp_path):
    run, minutes = tmp_path / 'run', 0.1
    start_s = time.monotonic()
    assert main([*arguments('bc_z', data, run, STEPS, *OFTEN), '--minutes', str(minutes)]) == 0
    rows = read_log(run)
    assert rows[-1]['validation_mae']
    assert float(rows[-1]['learning_rate']) < max(float(row['learning_rate']) for row in rows)
    card = (run / 'weights' / 'README.md').read_text()
    assert f'--minutes {minutes:g}' in card and f'| {rows[-1]["step"]} of 4 pairs |' in card
    assert time.monotonic() - start_s > 0.5 * 60 * minutes
