"""`ros_animate train recipe`: shipped recipes in tiny sizes, overriding, mistakes in files."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import types

import pytest
import torch
import yaml
from helpers.pair_folders import TINY, make_folder
from helpers.tiny_animation import SMALLEST, TRAINING, make_clips

from ros_animate.checkpoints import checkpoint
from ros_animate.cli import main
from ros_animate.configuration import parse_assignment, read_yaml
from ros_animate.training import recipes
from ros_animate.training.core.recipe import (
    AnimationRecipe,
    Collection,
    PolicyRecipe,
    Recipe,
    overridden,
    recipe_names,
    recipe_path,
)
from ros_animate.training.core.settings import SETTINGS
from ros_animate.training.recipes import PAIRS, read_recipe

pytestmark = pytest.mark.usefixtures('one_thread')

ROOT = pathlib.Path(__file__).resolve().parents[3]
FACES = {'identities': 2, 'frames': 2, 'held_out': 1, 'workers': 1}
ON_A_TRAINING_MACHINE = """
import json, sys
from helpers.training_machine import hide_other_packages
hidden = hide_other_packages()
from ros_animate.cli import main
status = [main(command) for command in json.loads(sys.argv[1])]
print(json.dumps([status, sorted(hidden), sorted({n.partition('.')[0] for n in sys.modules})]))
"""
ANIMATION = {'train': 'animation', 'model': 'fomm', 'data': ['synthetic'], 'minutes': 8,
             'options': {'learning_rate': '8e-4', 'image_size': 32}}
POLICY = {'train': 'policy', 'model': 'bc_z', 'minutes': 8,
          'collect': {'plain': {'count': 8, 'size': 64}}, 'options': {'image_size': 32}}


def tiny(name: str, folder: pathlib.Path) -> pathlib.Path:
    """A copy of a shipped recipe with the smallest networks and data; all else is its own."""
    content = read_yaml(recipe_path(name))
    model, options = content['model'], content['options']
    if content['train'] == 'animation':
        content['options'] = {**options, **SMALLEST[model], **TRAINING, **FACES}
    else:
        small = dict(parse_assignment(text) for text in TINY[model])
        content['options'] = {**options, **small, 'geometry_batch': 8, 'looks': 1}
        content['batch_size'] = 4
        content['collect'] = {key: {**pairs, 'count': 12, 'size': 64}
                              for key, pairs in content['collect'].items()}
    return written(folder / f'{name}.yaml', content)


def written(path: pathlib.Path, content: object) -> pathlib.Path:
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize('name', recipe_names())
def test_shipped_recipes_are_right_and_complete(name) -> None:
    recipe = read_recipe(name)
    assert name.startswith(recipe.model)
    assert recipe.minutes == 8 and 'H100' in recipe.machine
    assert recipe.expected == 'not measured' or 'measured on' in recipe.expected
    assert recipe.options['image_size'] == int(name.rpartition('_')[2])


def tiny_command(name: str, folder: pathlib.Path) -> list[str]:
    return ['train', 'recipe', str(tiny(name, folder)), '--steps', '2', '--quiet', '--output',
            str(folder / name)]


@pytest.mark.parametrize('name', recipe_names())
def test_every_recipe_trains(tmp_path, name) -> None:
    assert main(tiny_command(name, tmp_path)) == 0
    run = tmp_path / name
    found = checkpoint.read(run / 'weights')
    assert name.startswith(found.family) and found.config.image_size == 32
    assert all(torch.isfinite(v).all() for s in found.networks.values() for v in s.values())
    training = read_yaml(run / SETTINGS)['training']
    for key, value in read_recipe(name).options.items():
        if key in training and key not in (*TRAINING, *FACES, 'geometry_batch'):
            assert training[key] == (float(value) if isinstance(value, str) else value), key
    if read_recipe(name).train == 'policy':
        lines = (run / PAIRS / 'exaggerated' / 'metadata.jsonl').read_text()
        assert lines.count('\n') == 12
        card = (run / 'weights' / 'README.md').read_text()
        assert 'collect --robot mock --exaggerated 0.35 --count 12 --seed 121 --size 64' in card


@pytest.mark.slow
def test_few_packages_are_enough(tmp_path) -> None:
    """As on a machine for training: no face tracker, no video library, no ROS."""
    commands = [tiny_command(name, tmp_path) for name in recipe_names()]
    done = subprocess.run(
        [sys.executable, '-c', ON_A_TRAINING_MACHINE, json.dumps(commands)], text=True,
        capture_output=True, cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{ROOT / "test"}', 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 0, done.stderr
    statuses, hidden, imported = json.loads(done.stdout.splitlines()[-1])
    assert len(statuses) >= 4 and not any(statuses), done.stderr
    assert {'av', 'mediapipe', 'zmq'} <= set(hidden) and not set(hidden) & set(imported)


def test_options_of_the_command_line_win(tmp_path, capsys) -> None:
    data = make_clips(tmp_path / 'clips')
    run = tmp_path / 'run'
    command = ['train', 'recipe', str(tiny('fomm_256', tmp_path)), '--output', str(run), '--quiet',
               '--data', str(data), '--steps', '1', '--set', 'learning_rate=1e-5', '--set=clip=3',
               '--set=guide=0']
    assert main(command) == 0
    begun = read_yaml(run / SETTINGS)
    assert begun['data'] == [str(data)]
    training = begun['training']
    assert (training['learning_rate'], training['clip'], training['emphasis']) == (1e-5, 3.0, 4.0)
    assert main(command) == 2
    assert '--resume' in capsys.readouterr().err
    assert main([*command, '--resume', '--steps', '2']) == 0


def test_keys_are_overridden() -> None:
    recipe = PolicyRecipe(model='bc_z', collect={'plain': Collection()}, weights_of_folders=(1.0,),
                          options={'seed': 1, 'clip': 2.0})
    changed = overridden(recipe, {'batch_size': 2, 'minutes': 1.5}, ['seed=3'])
    assert (changed.batch_size, changed.minutes, changed.options) == (2, 1.5, {'clip': 2.0})
    assert changed.collect == recipe.collect
    changed = overridden(recipe, {'data': ('a', 'b')}, [])
    assert (changed.data, changed.collect, changed.weights_of_folders) == (('a', 'b'), {}, ())
    assert overridden(recipe, {'data': ('a',), 'weights_of_folders': (2.0,)},
                      []).weights_of_folders == (2.0,)


def test_options_become_texts_of_the_command_line() -> None:
    values = {'a': 1e-5, 'b': [0.65, 1e-5], 'c': '8e-4', 'd': True, 'e': 'x: #y, [z]', 'f': '',
              'g': ['p,q', 'r'], 'h': 'true'}
    read = dict(map(parse_assignment, Recipe(options=values).settings))
    assert read == {**values, 'c': 8e-4}
    assert all(' ' not in text for key, text in zip('abcd', Recipe(options=values).settings))


@pytest.mark.parametrize(('change', 'texts'), [
    ({'modle': 'fomm'}, ['modle', "did you mean 'model'"]),
    ({'train': 'animator'}, ['train', 'animator', 'policy']),
    ({'model': 'fom'}, ['.model', "'fom'", "did you mean 'fomm'"]),
    ({'model': ''}, ['model is missing']),
    ({'variant': 'huge'}, ['.variant', 'huge', 'small']),
    ({'data': 'synthetic'}, ['.data', 'expected tuple']),
    ({'data': []}, ['data is missing']),
    ({'minutes': 'eight'}, ['.minutes', 'eight', 'expected float']),
    ({'minutes': 0}, ['minutes must be > 0']),
    ({'minutes': float('inf')}, ['.minutes', 'outside']),
    ({'robot': 'mock'}, ['robot', 'choices']),
    ({'options': {'learning_rat': 1}}, ['.options', "did you mean 'learning_rate'"]),
    ({'options': {'learning_rate': 'fast'}}, ['.options.learning_rate', "'fast'"]),
    ({'options': {'image_size': {'x': 1}}}, ['image_size', 'expected int']),
    ({'options': [1]}, ['.options', 'expected dict'])])
def test_mistakes_in_a_recipe_of_an_animator(tmp_path, capsys, change, texts) -> None:
    assert_named({**ANIMATION, **change}, texts, tmp_path, capsys)


@pytest.mark.parametrize(('change', 'texts'), [
    ({'model': 'mesh_warp'}, ['.model', 'mesh_warp', 'bc_z']),
    ({'model': 'calibrated'}, ['.model', 'not learned', 'x2cnet']),
    ({'robot': 'amecca'}, ['.robot', 'amecca']),
    ({'collect': ['plain']}, ['.collect', 'expected names of folders']),
    ({'collect': {'../up': {}}}, ['.collect', '../up']),
    ({'collect': {'plain': {'size': 8}}}, ['.collect.plain.size', '64']),
    ({'collect': {'plain': {'number': 8}}}, ['.collect.plain', 'number', 'count']),
    ({'collect': {}}, ['data is missing']),
    ({'weights_of_folders': [1.0, 2.0]}, ['.weights_of_folders', '2 weights for 1 folders']),
    ({'variant': 'small'}, ['variant']),
    ({'options': {'hiden': 8}}, ['.options', "did you mean 'hidden'"])])
def test_mistakes_in_a_recipe_of_a_policy(tmp_path, capsys, change, texts) -> None:
    assert_named({**POLICY, **change}, texts, tmp_path, capsys)


def assert_named(content: dict, texts: list[str], folder: pathlib.Path, capsys) -> None:
    path = written(folder / 'mine.yaml', content)
    assert main(['train', 'recipe', str(path), '--output', str(folder / 'run')]) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and str(path) in error
    assert all(text in error for text in texts), error
    assert not (folder / 'run').exists()


def test_mistakes_in_the_command_are_named(tmp_path, capsys) -> None:
    path = written(tmp_path / 'mine.yaml', ANIMATION)
    for words, texts in [([str(path), '--robot', 'mock'], ['--robot', 'animator']),
                         (['fomm_265'], ["'fomm_265'", "did you mean 'fomm_256'", '.yaml']),
                         ([str(tmp_path / 'nothing.yaml')], ['nothing.yaml', 'No such file']),
                         ([str(path), '--set', 'cliip=1'], ['--set', 'cliip', 'clip'])]:
        assert main(['train', 'recipe', *words, '--output', str(tmp_path / 'run')]) == 2
        error = capsys.readouterr().err
        assert error.count('\n') == 1 and all(text in error for text in texts), error


def test_collecting_is_part_of_the_minutes(tmp_path, capsys, monkeypatch) -> None:
    command = ['train', 'recipe', str(tiny('bc_z_224', tmp_path)), '--quiet', '--output',
               str(tmp_path / 'run')]
    requests: list = []
    monkeypatch.setattr(recipes, '_collect', lambda *_: ['a', 'b'])
    monkeypatch.setattr(recipes.policy_run, 'train', requests.append)
    for end_s, status in ((9 * 60.0, 2), (3 * 60.0, 0)):
        clock = iter([0.0, end_s])
        monkeypatch.setattr(recipes, 'time', types.SimpleNamespace(monotonic=clock.__next__))
        assert main(command) == status
    error = capsys.readouterr().err
    assert 'collecting took 9.0 min of 8' in error and '--minutes' in error
    request, = requests
    assert request.minutes == pytest.approx(5.0) and request.data == ('a', 'b')


def test_folders_in_the_place_of_collected_pairs(tmp_path) -> None:
    pairs = make_folder(tmp_path / 'pairs', landmarks=True)
    path, run = tiny('bc_z_224', tmp_path), tmp_path / 'run'
    assert main(['train', 'recipe', str(path), '--output', str(run), '--quiet', '--data',
                 str(pairs), '--minutes', '0.02']) == 0
    assert not (run / PAIRS).exists()
    assert read_yaml(run / SETTINGS)['data'] == [str(pairs)]


def test_a_real_robot_is_not_moved(tmp_path, capsys) -> None:
    path = written(tmp_path / 'mine.yaml', {**POLICY, 'robot': 'ameca_zmq'})
    assert main(['train', 'recipe', str(path), '--output', str(tmp_path / 'run')]) == 2
    error = capsys.readouterr().err
    assert 'ameca_zmq is a real robot' in error and '--data' in error


def test_kinds_of_recipes_have_their_keys() -> None:
    assert isinstance(read_recipe('fomm_256'), AnimationRecipe)
    assert isinstance(read_recipe('bc_z_224'), PolicyRecipe)
