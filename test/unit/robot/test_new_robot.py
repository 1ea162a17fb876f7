"""`robots new`: its files pass the check, move what their joints are called, and run."""
from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.cli import main
from ros_animate.policy.policies.blendshape_map import BlendshapeMap
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.joint_kinds import recognised, words_of
from ros_animate.robot.new_robot import robot_file
from ros_animate.robot.reader import check_spec, read_spec
from ros_animate.types import Motion


def made(path, name, *joints):
    path.write_text(robot_file(name, joints), encoding='utf-8')
    spec, mistakes = check_spec(path, sections=True)
    assert not mistakes
    return spec


@pytest.mark.parametrize(('joint', 'feature', 'muscle'), [
    ('Pan', 'headYaw', 'head_yaw'), ('Head Yaw', 'headYaw', 'head_yaw'),
    ('Tilt', 'headPitch', 'head_pitch'), ('neck_pitch', 'headPitch', 'neck_pitch'),
    ('HeadRoll', 'headRoll', 'head_roll'), ('Jaw', 'jawOpen', 'jaw_open'),
    ('mouth', 'jawOpen', 'jaw_open'), ('Jaw Yaw', 'jawLeft', 'jaw_sideways'),
    ('Brow', 'browInnerUp', 'brow_inner_left'), ('eyebrow_l', 'browDownLeft', 'brow_inner_left'),
    ('Right Eyelid', 'eyeBlinkRight', 'eyelid_upper_right'),
    ('Lid Lower L', 'eyeSquintLeft', 'eyelid_lower_left'),
    ('Eye Pan', 'eyeLookInLeft', 'gaze_azimuth'), ('EyeTilt', 'eyeLookUpLeft', 'gaze_elevation'),
    ('Smile Left', 'mouthSmileLeft', 'lip_corner_raise_left'),
    ('Upper Lip', 'mouthUpperUpLeft', 'lip_top_raise_middle'),
    ('Lower Lip', 'mouthLowerDownRight', 'lip_bottom_depress_middle'),
    ('Nose', 'noseSneerLeft', 'nose_wrinkle'), ('Cheek R', 'mouthSmileRight', 'cheek_raise_right'),
])
def test_a_joint_is_what_its_name_says(joint, feature, muscle):
    found, = recognised([joint])
    assert feature in found.rig and muscle in found.face
    other = {'left': 'Right', 'right': 'Left'}.get(found.sides[0], '') if len(
        found.sides) == 1 else None
    assert other is None or not any(name.endswith(other) for name in found.rig)


def test_an_unknown_joint_stays_at_neutral_and_is_named(tmp_path, capsys):
    path = tmp_path / 'x.yaml'
    assert main(['robots', 'new', 'x', '--joints', 'Pan,Tail', '--output', str(path)]) == 0
    assert 'Tail' in capsys.readouterr().err
    assert main(['robots', 'check', str(path)]) == 0
    assert 'all but Tail' in capsys.readouterr().out


def test_head_and_neck_share_a_movement():
    head, neck = recognised(['Head Pitch', 'Neck Pitch'])
    alone, = recognised(['Head Pitch'])
    assert head.rig['headPitch'] + neck.rig['headPitch'] == pytest.approx(
        alone.rig['headPitch'], abs=0.02)


def test_the_robot_moves_as_the_person_does(tmp_path):
    spec = made(tmp_path / 'r.yaml', 'r', 'Pan', 'Tilt', 'Jaw', 'Brow')
    policy = BlendshapeMap(BlendshapeMap.Config(), spec)
    angle = np.radians(20)  # to the person's left, and so to the right of the image
    turned = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0],
                       [-np.sin(angle), 0, np.cos(angle)]])
    values = policy.act(Motion('mediapipe', 0.0, rotation=turned, expression={
        'jawOpen': 0.5, 'browInnerUp': 0.5})).values[0]
    assert values[spec.index('Pan')] == pytest.approx(23, abs=0.5)
    assert values[spec.index('Jaw')] > 10 and values[spec.index('Brow')] > 5
    muscles = FaceMap(spec).muscles(values)
    assert muscles['head_yaw'] == pytest.approx(23, abs=0.5) and muscles['jaw_open'] > 0.3


def test_a_new_file_runs_offline(tmp_path):
    path, out = tmp_path / 'my_head.yaml', tmp_path / 'out'
    assert main(['robots', 'new', 'my_head', '--joints', 'Pan,Tilt,Jaw,Brow', '--output',
                 str(path)]) == 0
    assert main(['retarget', '--source', 'demo', '--limit', '5', '--offline', '--quiet', '--robot',
                 str(path), '--output', str(out)]) == 0
    assert (out / 'controls.csv').read_text().startswith('stamp_s,Pan,Tilt,Jaw,Brow\n')


def test_a_copy_keeps_all_but_the_name(tmp_path):
    path = tmp_path / 'mine.yaml'
    assert main(['robots', 'new', 'mine', '--like', 'servo_head', '--output', str(path)]) == 0
    assert read_spec(path).name == 'mine' and 'hobby servos' in path.read_text()
    assert main(['robots', 'check', str(path)]) == 0


@pytest.mark.parametrize(('arguments', 'message'), [
    (['x', '--joints', 'Pan,pan'], "'Pan' and 'pan'"),
    (['x', '--joints', 'Pan,,Jaw'], "got ''"),
    (['x', '--joints', 'Pan,' + 'x' * 200], 'characters'),
    (['../x', '--joints', 'Pan'], "'../x'"),
    (['x', '--like', 'nobody'], 'unknown robot'),
])
def test_mistakes_leave_no_file(tmp_path, capsys, arguments, message):
    path = tmp_path / 'x.yaml'
    assert main(['robots', 'new', *arguments, '--output', str(path)]) == 2
    errors = capsys.readouterr().err
    assert message in errors and errors.count('\n') == 1
    assert not path.exists()


def test_an_existing_file_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / 'x.yaml'
    path.write_text('mine')
    assert main(['robots', 'new', 'x', '--joints', 'Pan', '--output', str(path)]) == 2
    assert path.read_text() == 'mine' and 'exists' in capsys.readouterr().err


@given(st.lists(st.text(st.characters(blacklist_characters=',', codec='utf-8'), min_size=1,
                        max_size=12).filter(lambda n: words_of(n) and n.isprintable()),
                min_size=1, max_size=6, unique_by=words_of))
def test_any_names_give_a_file_that_passes(tmp_path_factory, names):
    names = [name.strip() for name in names]
    path = tmp_path_factory.mktemp('any') / 'x.yaml'
    assert made(path, 'x', *names).names == tuple(names)


@pytest.mark.parametrize(('joints', 'sides'), [('Lid L', ('left',)), ('Lid', ('left', 'right'))])
def test_sides(joints, sides):
    assert recognised([joints])[0].sides == sides
    assert json.dumps(recognised([joints])[0].rig).count('eyeBlink') == len(sides)
