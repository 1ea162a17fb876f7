"""One name for one thing: --animator and --robot in every verb, switches, keywords, the version."""
from __future__ import annotations

import argparse
import pathlib
import shutil

import numpy as np
import pytest

from ros_animate import cli
from ros_animate.camera.base import SourceError
from ros_animate.camera.resolve import resolve
from ros_animate.commands.animator_switches import switch_options
from ros_animate.errors import UserError
from ros_animate.images import write_image
from ros_animate.plugins import STAGES, available

VERBS = {  # a complete command line without the animator, and the option's former name
    'animate --source a.jpg --driving b.mp4 --output c.mp4': '--model',
    'evaluate animation --data synthetic': '--model',
    'train animation --data synthetic --output r': '--model',
    'collect --count 1 --output d': '--through',
    'retarget': ''}


def parsed(line: str) -> argparse.Namespace:
    return cli.make_parser(cli.verbs()).parse_args(line.split())


@pytest.mark.parametrize('line', VERBS)
def test_the_animator_is_the_same_option_in_every_verb(line):
    assert parsed(f'{line} --animator fomm').animator == 'fomm'
    if VERBS[line]:
        assert parsed(f'{line} {VERBS[line]} fomm').animator == 'fomm'


def test_the_robot_is_the_same_by_default_in_every_verb():
    assert {parsed(line).robot for line in (
        'collect --count 1 --output d', 'evaluate policy --policy x --data d', 'smooth a.csv b.csv',
        'train policy --policy x --data d --output r', 'robots plot a.csv')} == {'mock'}
    assert parsed('retarget').robot is None  # that of config/retarget.yaml, which is mock


def switches(animator, *given):
    return switch_options(parsed(' '.join((
        'animate --source a --driving b --output c.mp4 --animator', animator, *given))))


@pytest.mark.parametrize(('animator', 'given', 'options'), [
    ('mesh_warp', ['--relative'], {'relative': 1.0}),
    ('mesh_warp', ['--absolute'], {'relative': 0.0}),
    ('fomm', ['--absolute', '--no-crop', '--paste-back'],
     {'relative': False, 'crop': False, 'paste_back': True}),
    ('live_portrait', ['--region', 'lip', '--multiplier', '1.5'],
     {'region': 'lip', 'multiplier': 1.5}), ('mesh_warp', [], {})])
def test_a_switch_is_an_option_of_the_animator(animator, given, options):
    assert switches(animator, *given) == options
    assert all(type(value) is type(options[key]) for key, value in
               switches(animator, *given).items())


@pytest.mark.parametrize(('animator', 'given', 'takers'), [
    ('mesh_warp', ['--no-crop'], 'fomm'), ('mesh_warp', ['--crop'], 'fomm'),
    ('mesh_warp', ['--paste-back'], 'live_portrait'),
    ('fomm', ['--region', 'lip'], 'live_portrait'),
    ('fomm', ['--multiplier', '2'], 'live_portrait'), ('mesh_warp', ['--weights', 'w'], 'fomm')])
def test_a_switch_that_an_animator_does_not_take_is_refused_with_those_that_do(
        animator, given, takers):
    with pytest.raises(UserError, match=rf'^{given[0]} is for .*{takers}.*, not for {animator}'):
        switches(animator, *given)


@pytest.mark.parametrize('animator', ['mesh_warp', 'fomm'])
def test_a_template_says_what_it_drives_before_anything_is_read(animator, tmp_path, capsys):
    assert cli.main(['animate', '--animator', animator, '--source', 'nowhere.jpg', '--driving',
                     'laugh.pkl', '--output', str(tmp_path / 'a.mp4')]) == 2
    assert 'laugh.pkl is a motion template: it drives live_portrait' in capsys.readouterr().err
    with pytest.raises(SourceError, match='motion template'):
        resolve('laugh.pkl')


@pytest.mark.parametrize('name', ['demo', 'device', 'video', 'images'])
def test_a_keyword_is_the_plug_in_though_a_folder_has_its_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path(name).mkdir()
    write_image(pathlib.Path(name) / 'a.png', np.zeros((8, 8, 3), np.uint8))
    assert resolve(name) == (name, {})
    assert resolve(f'./{name}')[0] == 'images'
    shutil.rmtree(name)
    pathlib.Path(name).write_bytes(b'x')
    assert resolve(name) == (name, {})


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(['--version'])
    root = pathlib.Path(__file__).resolve().parents[3]
    number = capsys.readouterr().out.removeprefix('ros_animate ').strip()
    assert ended.value.code == 0 and f'<version>{number}</version>' in (
        root / 'package.xml').read_text()


def test_every_plug_in_is_listed_with_a_line(capsys):
    assert cli.main(['plugins', 'list']) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith('  ')]
    assert listed == [name for stage in STAGES for name in available(stage)]
    assert all(len(line.split()) > 2 for line in lines if line.startswith('  '))
