"""Fleet files: the robots that they describe, and one line for each mistake."""
from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
import yaml

from ros_animate.cli import main
from ros_animate.errors import ExitStatus, UserError
from ros_animate.plugins import STAGES
from ros_animate.robot.descriptions import description_file
from ros_animate.runtime.fleet_file import read_fleet
from ros_animate.runtime.fleet_plan import make_fleet_plan

LEFT, RIGHT = {'namespace': 'left', 'source': 'demo'}, {'namespace': 'right', 'source': 'demo'}


@pytest.fixture
def fleet(tmp_path):
    """Function: robots and common keys to the robots that are read."""
    def read(*robots, **common):
        path = tmp_path / 'fleet.yaml'
        path.write_text(yaml.safe_dump({'robots': list(robots), **common}))
        return read_fleet(path)
    return read


def test_an_entry_is_a_configuration_above_the_common_one(fleet):
    left, right = fleet(
        {**LEFT, 'policy': 'blendshape_map', 'camera': {'loop': True}},
        {'namespace': '/hall/right', 'source': 'topic:/cam/image_raw', 'mirror': True,
         'policy': {'gain': 0.5}},
        policy={'plugin': 'blendshape_map', 'gain': 1.5}, robot='ameca', hardware='mock')
    assert (left.namespace, right.namespace) == ('/left', '/hall/right')
    assert left.settings.stages['policy'] == {'plugin': 'blendshape_map', 'gain': 1.5}
    assert right.settings.stages['policy'] == {'plugin': 'blendshape_map', 'gain': 0.5}
    assert left.settings.stages['camera'] == {'plugin': 'demo', 'loop': True}
    assert right.settings.options('camera') == {'topic': '/cam/image_raw'}
    assert (left.settings.robot, left.settings.mirror, right.settings.mirror) == (
        'ameca', False, True)


def test_path_selects_the_policy(fleet):
    image, features = fleet({**LEFT, 'path': 'image'}, {**RIGHT, 'path': 'features'})
    assert (image.settings.plugin('policy'), features.settings.plugin('policy')) == (
        'bc_z', 'calibrated')


def test_motion_and_animation_are_shared_and_the_rest_is_each_robots_own(fleet):
    robots = fleet(LEFT, {'namespace': 'right', 'source': 'topic:/cam/image_raw/compressed'})
    plan = make_fleet_plan(robots, more={'hardware': {'shutdown_pose': 'neutral'}})
    assert plan.shared == {'motion': ['/left', '/right'], 'animation': ['/left', '/right']}
    assert plan.own == {'/left': ['camera', 'policy', 'smoothing', 'hardware'],
                        '/right': ['policy', 'smoothing', 'hardware']}
    assert plan.without('/right') == ['camera', 'motion', 'animation']
    assert plan.remappings == (('/right/image_raw', '/cam/image_raw'),)
    assert plan.is_animation_background
    nodes = {name: values['ros__parameters']
             for name, values in yaml.safe_load(plan.parameters).items()}
    assert set(nodes) == {f'/left/{s}' for s in STAGES} | {f'/right/{s}' for s in STAGES[1:]}
    assert nodes['/right/motion']['image_transport'] == 'compressed'
    assert nodes['/left/hardware']['shutdown_pose'] == 'neutral'


def test_faces_for_other_packages_would_mix(fleet):
    """Their topics have global names."""
    def hri(*robots):
        nodes = yaml.safe_load(make_fleet_plan(fleet(*robots)).parameters)
        return nodes['/left/motion']['ros__parameters'].get('hri')
    assert hri(LEFT) is None and hri(LEFT, RIGHT) == 'never'
    assert hri({**LEFT, 'motion': {'hri': 'always'}}, RIGHT) == 'always'


def test_watched_sources_wait_for_their_watcher(fleet, tmp_path):
    take = tmp_path / 'take.csv'
    take.write_text('Timecode,BlendshapeCount,jawOpen\n00:00:00:00.000,1,0.5\n')
    plan = make_fleet_plan(fleet(LEFT, {'namespace': 'taken', 'source': str(take)},
                                 {**RIGHT, 'path': 'image'}), watched=True)
    nodes = yaml.safe_load(plan.parameters)
    assert plan.shared['watch'] == ['/left', '/taken', '/right']
    assert not plan.is_animation_background
    assert nodes['/left/camera']['ros__parameters']['wait_for'] == ['watch']
    assert nodes['/left/camera']['ros__parameters']['exit_at_end'] is True
    taken = nodes['/taken/motion']['ros__parameters']
    assert taken['wait_for'] == ['watch'] and 'exit_at_end' not in taken
    assert nodes['/left/watch']['ros__parameters']['wait_for'] == list(STAGES[1:])
    assert '/taken/camera' not in nodes


MISTAKES = [
    ([], {}, 'fleet.yaml: robots: expected a list of 1 to 64 robots, got []; for example robots:'),
    ([LEFT], {'robts': 1}, "fleet.yaml: unknown key 'robts'; did you mean 'robots'?"),
    ([LEFT], {'policy': 3}, 'fleet.yaml: policy: expected keys and values, got 3'),
    ([LEFT], {'mirror': 'no'}, "fleet.yaml: mirror: expected bool, got 'no'"),
    ([LEFT, 'right'], {}, "fleet.yaml: robot 2: expected keys and values, got 'right'"),
    ([{'source': 'demo'}], {}, 'fleet.yaml: robot 1: namespace is missing'),
    ([{**LEFT, 'namespace': '1st'}], {}, "fleet.yaml: robot 1: no namespace has the name '1st'"),
    ([{**LEFT, 'namespace': 7}], {}, 'fleet.yaml: robot 1: namespace: expected a text, got 7'),
    ([LEFT, {**RIGHT, 'animator': 'fomm'}], {},
     "fleet.yaml: robot 2: unknown key 'animator'; did you mean 'animation'?"),
    ([LEFT, {'namespace': 'right'}], {}, 'fleet.yaml: robot 2 (/right): source is missing: demo,'),
    ([LEFT, {**RIGHT, 'source': 'absent.mp4'}], {},
     "fleet.yaml: robot 2 (/right): there is no source 'absent.mp4'"),
    ([LEFT, {**RIGHT, 'robot': 'absent.yaml'}], {}, 'fleet.yaml: robot 2 (/right): '),
    ([{**LEFT, 'policy': 'calibratd'}], {},
     "fleet.yaml: robot 1 (/left): unknown policy plug-in 'calibratd'; did you mean 'calibrated'?"),
    ([{**LEFT, 'policy': {'plugin': 'calibrated', 'gain': 'much'}}], {},
     "fleet.yaml: robot 1 (/left): policy (calibrated).gain: expected float, got 'much'"),
    ([{**LEFT, 'camera': {'plugin': 'video'}}], {},
     'fleet.yaml: robot 1 (/left): source demo and camera.plugin contradict each other'),
    ([{**LEFT, 'portrait': 'absent.png'}], {},
     "fleet.yaml: robot 1 (/left): there is no portrait 'absent.png'"),
    ([{**LEFT, 'mirror': 'yes'}], {},
     "fleet.yaml: robot 1 (/left): mirror: expected bool, got 'yes'"),
    ([{**LEFT, 'path': 'both'}], {}, "fleet.yaml: robot 1 (/left): path: 'both' is unknown"),
    ([LEFT, {**RIGHT, 'namespace': '/left/'}], {},
     'fleet.yaml: robot 2 (/left): the namespace /left is that of /left already'),
    ([{**LEFT, 'source': 'device'}, {**RIGHT, 'source': '/dev/video0'}], {},
     'fleet.yaml: robot 2 (/right): the camera /dev/video0 is that of /left already'),
    ([{**LEFT, 'source': 'vmc:39540'}, {**RIGHT, 'source': 'vmc:39540'}], {},
     'fleet.yaml: robot 2 (/right): the source vmc with these options is that of /left already'),
    ([{**LEFT, 'robot': 'ameca_zmq'}, {**RIGHT, 'robot': 'ameca_zmq'}], {},
     'fleet.yaml: robot 2 (/right): the robot at tcp://127.0.0.1:'),
]


@pytest.mark.parametrize(('robots', 'common', 'complaint'), MISTAKES)
def test_a_mistake_is_one_line_with_file_entry_and_remedy(fleet, robots, common, complaint):
    with pytest.raises(UserError) as error:
        fleet(*robots, **common)
    assert str(error.value).startswith(complaint)
    assert '\n' not in str(error.value)


def test_a_damaged_portrait_is_found_before_anything_starts(fleet, tmp_path):
    (tmp_path / 'me.png').write_bytes(b'no image')
    with pytest.raises(UserError, match=r'robot 1 \(/left\): .*me.png'):
        fleet({**LEFT, 'portrait': str(tmp_path / 'me.png')})
    cv2.imwrite(str(tmp_path / 'me.png'), np.zeros((8, 8, 3), np.uint8))
    assert fleet({**LEFT, 'portrait': str(tmp_path / 'me.png')})


def test_robots_at_addresses_of_their_own_go_together(fleet, tmp_path):
    shutil.copy(description_file('ameca_zmq')[0], tmp_path / 'other.yaml')
    assert fleet({**LEFT, 'robot': 'ameca_zmq'}, {
        **RIGHT, 'robot': str(tmp_path / 'other.yaml'),
        'hardware': {'address': 'tcp://127.0.0.1:6667'}})


def test_the_command_says_a_mistake_in_one_line(tmp_path, capsys):
    assert main(['fleet', str(tmp_path / 'absent.yaml')]) == ExitStatus.USER_ERROR
    assert capsys.readouterr().err.count('\n') == 1
