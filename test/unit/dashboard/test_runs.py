"""The page of finished runs: what it lists, and that a name from a browser is no path."""
from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')

from ros_animate.dashboard.runs import RunLibrary
from ros_animate.outputs.controls_table import ControlsTable
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')


@pytest.fixture
def folder(tmp_path):
    run = tmp_path / 'output' / 'demo'
    run.mkdir(parents=True)
    (run / 'robot.mp4').write_bytes(b'video')
    (run / 'report.json').write_text('{"frames": 3}')
    table = ControlsTable(run / 'controls.csv', SPEC.names)
    for stamp_s in (5.0, 5.1, 5.2):
        table.write(stamp_s, SPEC.neutral)
    table.close()
    bag = tmp_path / 'output' / 'bags' / 'broken'
    bag.mkdir(parents=True)
    (bag / 'metadata.yaml').write_text('x')
    (tmp_path / 'output' / 'other').mkdir()
    (tmp_path / 'secret').mkdir()
    (tmp_path / 'secret' / 'robot.mp4').write_bytes(b'secret')
    return tmp_path / 'output'


def test_runs_and_bags_are_listed(folder):
    assert {(e['name'], e['kind']) for e in RunLibrary(folder).names()} == {
        ('demo', 'run'), ('bags/broken', 'bag')}
    assert RunLibrary(folder / 'nowhere').names() == []


def test_a_run_is_told_with_its_controls(folder):
    run = json.loads(json.dumps(RunLibrary(folder).details('demo')))
    assert run['videos'] == ['robot.mp4'] and run['report'] == {'frames': 3}
    assert run['controls']['times'] == [0.0, 0.1, 0.2] and run['controls']['name'] == 'ameca'
    assert np.shape(run['controls']['positions']) == (3, len(SPEC.names))


def test_controls_of_an_unknown_robot_have_the_range_of_their_values(folder):
    (folder / 'demo' / 'controls.csv').write_text('stamp_s,a\n0,1\n1,3\n')
    control, = RunLibrary(folder).details('demo')['controls']['controls']
    assert (control['low'], control['high']) == (1.0, 3.0)


def test_damage_is_told(folder):
    (folder / 'demo' / 'controls.csv').write_text('nonsense')
    assert 'controls.csv' in RunLibrary(folder).details('demo')['trouble']
    assert RunLibrary(folder).details('bags/broken')['trouble']


@pytest.mark.parametrize('name', ['../secret', 'other', '', '.', '/etc', 'demo/../../secret',
                                  'bags/../../secret', 'demo\x00'])
def test_a_name_is_no_path(folder, name):
    library = RunLibrary(folder)
    assert library.details(name) is None and library.video(name, 'robot.mp4') is None


@pytest.mark.parametrize('file', ['../../secret/robot.mp4', 'report.json', '/etc/passwd', ''])
def test_only_videos_are_served(folder, file):
    assert RunLibrary(folder).video('demo', file) is None
    assert RunLibrary(folder).video('demo', 'robot.mp4') is not None
