"""Files of named poses, and what the page is told of the robot."""
from __future__ import annotations

import json
import math

import pytest

from ros_animate.dashboard.poses import MOST, PoseError, PoseFile
from ros_animate.dashboard.robot import coupled_limits, described, read_spec
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')


@pytest.fixture
def file(tmp_path):
    return PoseFile(SPEC, tmp_path / 'poses')


def test_a_pose_is_kept(file):
    assert file.read() == {}
    file.save(' wide   eyes ', {'Eyelid Upper Left': 2.0, 'Tail': 3.0})
    file.save('left', {'Head Yaw': 1e9})
    assert file.read() == {'wide eyes': {'Eyelid Upper Left': 2.0},
                           'left': {'Head Yaw': SPEC.high[SPEC.index('Head Yaw')]}}
    file.delete('left')
    assert list(file.read()) == ['wide eyes']


@pytest.mark.parametrize('name', ['', '   ', 'x' * 41, 'a\x00b'])
def test_impossible_names_are_refused(file, name):
    with pytest.raises(PoseError, match='no name for a pose'):
        file.save(name, {'Head Yaw': 1.0})


@pytest.mark.parametrize('pose', [{}, {'Tail': 1.0}, {'Head Yaw': math.nan}])
def test_a_pose_without_controls_is_refused(file, pose):
    with pytest.raises(PoseError, match='no control'):
        file.save('x', pose)


@pytest.mark.parametrize('text', ['[]', 'poses: 3', 'poses: {a: 3}', 'poses: {a: {Tail: 1}}', '{'])
def test_a_damaged_file_is_named(file, text):
    file.path.parent.mkdir()
    file.path.write_text(text)
    with pytest.raises(PoseError, match=r'ameca\.yaml'):
        file.read()


def test_a_name_is_no_path(file):
    file.save('../../evil', {'Head Yaw': 1.0})
    assert [path.name for path in file.path.parent.parent.rglob('*.yaml')] == ['ameca.yaml']


def test_there_are_not_endlessly_many(file):
    file._write({str(number): {'Head Yaw': 1.0} for number in range(MOST)})
    with pytest.raises(PoseError, match=f'at most {MOST}'):
        file.save('one more', {'Head Yaw': 1.0})


def test_the_robot_is_described_in_plain_data():
    robot = json.loads(json.dumps(described(SPEC)))
    assert [c['name'] for c in robot['controls']] == list(SPEC.names)
    assert {c['name'] for c in robot['controls'] if c['coupled']} == {
        limit.limited for limit in SPEC.coupled}


def test_coupled_limits_follow_the_pose():
    index = SPEC.index('Lip Bottom Depress Middle')
    pose = SPEC.neutral.copy()
    pose[SPEC.index('Jaw Pitch')] = 1.0
    assert coupled_limits(SPEC, pose)[index][0] == pytest.approx(0.40)
    pose[SPEC.index('Jaw Pitch')] = 0.5
    assert coupled_limits(SPEC, pose)[index][0] == pytest.approx(0.0)


def test_a_robot_that_is_not_on_this_machine_is_named():
    spec, trouble = read_spec('/nowhere/robot.yaml')
    assert spec is None and '/nowhere/robot.yaml' in trouble
