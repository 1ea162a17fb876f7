"""`ros_animate train policy`: a killed run ends as an undisturbed one; mistakes are named."""
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
from ros_animate.training.policy import learners
from ros_animate.training.policy.data import Data
from ros_animate.training.policy.losses import Objective
from ros_animate.training.policy.trainer import Task, Trainer
from ros_animate.types import Frame

STEPS = 40
PATIENCE_S = 120.0
EXACT = ('--set', 'checkpoint_steps=3', '--set', 'looks=2', '--set', 'validation=0.2')


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> pathlib.Path:
    return make_folder(tmp_path_factory.mktemp('training') / 'data', landmarks=True)


@pytest.fixture(scope='module')
def undisturbed(data, tmp_path_factory) -> pathlib.Path:
    run = tmp_path_factory.mktemp('training') / 'run'
    assert main(arguments('bc_z', data, run, STEPS, *EXACT)) == 0
    return run


def weights(run: pathlib.Path) -> bytes:
    return (run / 'weights' / 'weights.safetensors').read_bytes()


def test_what_a_run_leaves(undisturbed):
    rows = read_log(undisturbed)
    assert [int(row['step']) for row in rows] == list(range(1, STEPS + 1))
    assert sum(bool(row['validation_mae']) for row in rows) == 2
    assert (undisturbed / CURVES).stat().st_size > 5000
    assert list(undisturbed.glob('events.out.tfevents.*'))
    card = (undisturbed / 'weights' / 'README.md').read_text()
    for text in ('bc_z', '24 pairs', '40 of 4 pairs', 'seed', 'error'):
        assert text in card
    assert not list(undisturbed.glob('.part.*'))


def test_the_card_says_how_the_data_was_made(tmp_path):
    path = make_folder(tmp_path / 'pairs', 12)
    (path / 'collection.json').write_text(
        '{"seed": 7, "size": 32, "through": "mesh_warp", "portrait": "", "exaggerated": 0.3}')
    assert main(arguments('bc_z', path, tmp_path / 'run', 2)) == 0
    card = (tmp_path / 'run' / 'weights' / 'README.md').read_text()
    assert ('    ros_animate collect --robot mock --through mesh_warp --exaggerated 0.3 '
            '--count 12 --seed 7 --size 32 --output pairs\n'
            '    ros_animate train policy --policy bc_z') in card
    assert '--steps 2 --batch-size 4 --set image_size=32' in card


def test_the_weights_drive_the_policy(undisturbed):
    policy = load('policy', 'bc_z', {'weights': str(undisturbed / 'weights')}, SPEC)
    chunk = policy.act(Frame(np.zeros((48, 64, 3), np.uint8), 1.5))
    assert chunk.values.shape == (1, 30)
    assert ((SPEC.low <= chunk.values) & (chunk.values <= SPEC.high)).all()


def test_killed_anywhere_it_ends_alike(data, undisturbed, tmp_path, capsys):
    run = tmp_path / 'run'
    process = subprocess.Popen([sys.executable, '-m', 'ros_animate',
                                *arguments('bc_z', data, run, STEPS, *EXACT)])
    kill_at = int(np.random.default_rng().integers(1, STEPS - 5))
    end_s = time.monotonic() + PATIENCE_S
    while len(read_log(run)) < kill_at and process.poll() is None:
        assert time.monotonic() < end_s
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (run / f'.part.{checkpoints.NAME}').write_bytes(b'killed in the middle of a checkpoint')
    state = checkpoints.load(run)
    assert main(arguments('bc_z', data, run, STEPS, *EXACT, '--resume')) == 0
    assert f'resumes at step {state["step"] if state else 0}' in capsys.readouterr().out
    assert weights(run) == weights(undisturbed), f'killed after step {kill_at}'
    assert [r['step'] for r in read_log(run)] == [r['step'] for r in read_log(undisturbed)]


@pytest.mark.parametrize('locate', [0.0, 0.5])
def test_what_only_training_needs_is_resumed_too(data, tmp_path, monkeypatch, locate):
    wishes = (*EXACT, '--set', f'locate={locate}')
    runs = [tmp_path / name for name in ('whole', 'parted')]
    assert main(arguments('x2cnet', data, runs[0], 8, *wishes)) == 0
    learn = Trainer.learn

    def interrupted(trainer, *given):
        if trainer.step == 5:
            raise KeyboardInterrupt
        return learn(trainer, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, 'learn', interrupted)
        main(arguments('x2cnet', data, runs[1], 8, *wishes))
    assert checkpoints.load(runs[1])['step'] == 3
    assert main(arguments('x2cnet', data, runs[1], 8, *wishes, '--resume')) == 0
    assert weights(runs[1]) == weights(runs[0])
    # Nothing of it is in the weights.
    assert not any(name.startswith(('locator', 'entry', 'guide')) for name in load_file(
        runs[0] / 'weights' / 'weights.safetensors'))


@pytest.mark.parametrize('policy', ['bc_z', 'x2cnet'])
def test_two_processes_train_one_network(policy, data, tmp_path):
    run = tmp_path / 'run'
    torchrun = [sys.executable, '-m', 'torch.distributed.run', '--standalone',
                '--nproc-per-node', '2', '-m', 'ros_animate']
    wishes = arguments(policy, data, run, 6, *EXACT, '--set', 'locate=0.5')
    subprocess.run([*torchrun, *wishes], check=True, timeout=3 * PATIENCE_S,
                   env={**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''})
    assert [int(row['step']) for row in read_log(run)] == list(range(1, 7))
    assert checkpoints.load(run)['step'] == 6
    assert all(value.isfinite().all() for value in load_file(
        run / 'weights' / 'weights.safetensors').values())


@pytest.mark.parametrize('policy', ['bc_z', 'x2cnet'])
def test_landmarks_are_learned_from_before_the_first_picture(policy, tmp_path):
    chosen, folders = learners.learner(policy), [read_folder(
        make_folder(tmp_path / 'pairs', landmarks=True), SPEC)]
    errors = []
    for first in (0, 100):
        options, wishes = learners.parse_wishes(chosen, (
            *TINY[policy], 'hidden=64', 'geometry_batch=64', f'geometry_first={first}',
            'learning_rate=3e-3', 'warm_up=0.2'))
        model = learners.model_config(chosen, wishes, SPEC, folders)
        data = Data(folders, None, SPEC, model, options, chosen.sees_pictures)
        network = learners.fresh_network(chosen, model, options.seed)
        objective = Objective(network, model, SPEC, options, landmarks=True)
        task = Task(tmp_path / str(first), 1, 4, options, SPEC, model, quiet=True)
        state = Trainer(task, network, data, make_fabric('float32')).state()
        if objective.guide is not None:
            objective.guide.load_state_dict(state['guide'])
        told = data.geometry(999)
        told.counts[..., [name != 'Jaw Pitch' for name in SPEC.names]] = 0  # all else is chance
        errors.append(float(objective.from_geometry(told).detach()))
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


def test_from_weights_of_an_earlier_run(data, undisturbed, tmp_path):
    run = tmp_path / 'run'
    assert main(arguments('bc_z', data, run, 1, '--init', str(undisturbed / 'weights'),
                          '--set', 'learning_rate=0', '--set', 'average=0')) == 0
    before, after = checkpoints.load(undisturbed)['average'], checkpoints.load(run)['network']
    torch.testing.assert_close(after['heads.0.4.weight'], before['heads.0.4.weight'], atol=1e-3,
                               rtol=1e-2)


def test_a_loss_that_is_no_number_ends_the_run(data, tmp_path, capsys):
    run = tmp_path / 'run'
    assert main(arguments('bc_z', data, run, 9, '--set', 'learning_rate=1e18', '--set', 'clip=0',
                          '--set', 'checkpoint_steps=1', '--set', 'warm_up=0', '--set',
                          'geometry_first=0')) == 2
    said = capsys.readouterr().err
    assert 'the loss is nan at step' in said
    assert f'at step {checkpoints.load(run)["step"]}' in said


@pytest.mark.parametrize(('more', 'texts'), [
    (['--set', 'learning_rat=1'], ['learning_rat', "did you mean 'learning_rate'"]),
    (['--set', 'learning_rate'], ['expected key=value']),
    (['--set', 'learning_rate=fast'], ['learning_rate', 'fast']),
    (['--set', 'image_size=3'], ['image_size']),
    (['--set', 'coarse_size=16'], ['coarse_size']),
    (['--weights-of-folders', '1', '2'], ['2 weights for 1']),
    (['--init', 'nowhere.pth'], ['nowhere.pth']),
    (['--policy', 'blendshape_map'], ['blendshape_map', 'bc_z']),
    (['--data', 'nodata'], ['nodata'])])
def test_mistakes_are_named(data, tmp_path, capsys, more, texts):
    assert main(arguments('bc_z', data, tmp_path / 'run', 1, *more)) == 2
    said = capsys.readouterr().err
    assert all(text in said for text in texts), said


def test_no_picture_can_be_read(tmp_path, capsys):
    path = make_folder(tmp_path / 'data', 3)
    for picture in path.glob('*.png'):
        picture.write_bytes(b'')
    assert main(arguments('bc_z', path, tmp_path / 'run', 1)) == 2
    assert 'none of the 3 pictures' in capsys.readouterr().err


def test_a_damaged_checkpoint_is_named(data, tmp_path, capsys):
    run = tmp_path / 'run'
    assert main(arguments('bc_z', data, run, 1)) == 0
    (run / checkpoints.NAME).write_bytes(b'PK\x03\x04 and nothing more')
    assert main(arguments('bc_z', data, run, 2, '--resume')) == 2
    assert checkpoints.NAME in capsys.readouterr().err
