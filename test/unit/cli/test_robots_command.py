"""`ros_animate robots`: what it prints and what it makes."""
import json

import cv2
import numpy as np
import pytest

from ros_animate.cli import main
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')
SMALL = """\
name: x
controls:
  - {name: A, range: [0, 1], neutral: 0, group: mouth, max_velocity: 1, max_acceleration: 1}
rig: {controls: {A: {jawOpen: 1}}}
face: {controls: {A: {jaw_open: [0, 0, 1]}}}
"""


def test_list_names_descriptions_and_plug_ins(capsys):
    assert main(['robots', 'list']) == 0
    output = capsys.readouterr().out
    for name in ('ameca', 'mock', 'ameca_zmq', 'tritium', 'joint_trajectory'):
        assert name in output


def test_show_is_readable_and_complete(capsys):
    assert main(['robots', 'show', 'ameca']) == 0
    output = capsys.readouterr().out
    for text in (*SPEC.names, 'deg', 'lower limit of Lip Top Curl'):
        assert text in output


def test_show_json_is_for_programs(capsys):
    assert main(['robots', 'show', 'ameca', '--json']) == 0
    robot = json.loads(capsys.readouterr().out)
    assert [control['name'] for control in robot['controls']] == list(SPEC.names)
    assert {'min', 'max', 'neutral', 'max_velocity', 'max_acceleration', 'unit', 'group'} <= set(
        robot['controls'][0])
    assert len(robot['coupled']) == 5


def test_check_reports_every_mistake_and_the_exit_status(tmp_path, capsys):
    path = tmp_path / 'robot.yaml'
    path.write_text('name: x\ncontrols:\n  - {name: A, range: [1, 0], neutral: 0}\n  - {nam: B}\n')
    assert main(['robots', 'check', str(path)]) == 1
    errors = capsys.readouterr().err
    assert f'{path}:3: range' in errors
    assert f'{path}:4: ' in errors
    path.write_text(SMALL)
    assert main(['robots', 'check', str(path)]) == 0
    assert 'no mistakes' in capsys.readouterr().out


@pytest.mark.parametrize(('old', 'new', 'messages'), [
    ('rig: {controls: {A: {jawOpen: 1}}}\n', '', [':2: `rig` is missing', 'robots new']),
    ('rig: {controls: {A: {jawOpen: 1}}}\n', 'rig: {baseline: {jawOpen: 0}}\n', ['moves nothing']),
    ('face: {controls: {A: {jaw_open: [0, 0, 1]}}}\n', '', [':2: `face` is missing', 'mock']),
    ('face: {controls: {A: {jaw_open: [0, 0, 1]}}}\n', 'face: {}\n', ['`face` is missing']),
    ('group: mouth', 'group: mouht', [":3: unknown group 'mouht'; did you mean 'mouth'?"]),
    ('controls:\n', 'groups: {mouth: {jitter: 1}, lid: {}}\ncontrols:\n', []),
    ('name: x\n', 'name: x\ntransport: joint_trajectory\n', []),
    ('rig: {controls: {A: {jawOpen: 1}}}\n', 'rig: {}\n', []),
])
def test_check_finds_what_makes_a_file_useless(tmp_path, capsys, old, new, messages):
    path = tmp_path / 'robot.yaml'
    assert old in SMALL
    path.write_text(SMALL.replace(old, new))
    assert main(['robots', 'check', str(path)]) == bool(messages)
    errors = capsys.readouterr().err
    assert all(message in errors for message in messages)


@pytest.mark.parametrize('name', ['ameca', 'servo_head', 'mock', 'ameca_zmq'])
def test_check_takes_the_names_that_show_takes(name, capsys):
    assert main(['robots', 'check', name]) == 0
    assert 'no mistakes' in capsys.readouterr().out


def test_plot_makes_a_image(tmp_path):
    path, image = tmp_path / 'in.csv', tmp_path / 'plot.png'
    rows = [[k / 30, *(SPEC.neutral + 0.2 * (k > 5))] for k in range(15)]
    np.savetxt(path, rows, delimiter=',', header=','.join(('stamp_s', *SPEC.names)), comments='')
    assert main(['robots', 'plot', str(path), '--control', 'Brow Inner Left', '--control',
                 'Jaw Pitch', '--rate', '60', '--output', str(image)]) == 0
    assert cv2.imread(str(image)).std() > 10


@pytest.mark.parametrize(('arguments', 'message'), [
    (['show', 'amica'], 'mock'),
    (['jog', 'mock', 'Jaw Pitch', '7'], 'outside the range'),
    (['jog', 'mock', 'Tail', '7'], "no control 'Tail'"),
    (['check', 'absent.yaml'], 'absent.yaml'),
    (['check', 'amica'], 'did you mean'),
    (['plot', 'absent.csv'], 'absent.csv'),
])
def test_mistakes_are_clear_errors(arguments, message, capsys):
    assert main(['robots', *arguments]) in (1, 2)
    errors = capsys.readouterr().err
    assert message in errors
    assert 'Traceback' not in errors


def test_jog_moves_the_virtual_robot(capsys, monkeypatch):
    monkeypatch.setattr('ros_animate.hardware.jog.SPEED_SCALE', 1.0)
    assert main(['robots', 'jog', 'mock', 'Jaw Pitch', '0.8', '--hold', '0']) == 0
    assert 'Jaw Pitch was at 0.8' in capsys.readouterr().out
