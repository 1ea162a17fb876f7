"""The view of a running pipeline: configurations for RViz and Foxglove, and the launch file."""
import json
import pathlib
import re
import xml.etree.ElementTree as ET

import pytest
import yaml

from ros_animate.nodes.topics import TOPICS
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.urdf import Urdf

CONFIG = pathlib.Path(__file__).resolve().parents[2] / 'config'
KNOWN = {f'/{name.lstrip("/")}' for name in TOPICS} | {'/robot_description'}


def values(tree, key):
    """All values of a key in nested mappings and lists."""
    if isinstance(tree, dict):
        yield from (value for name, value in tree.items() if name == key)
    for child in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(child, (dict, list)):
            yield from values(child, key)


def test_rviz_shows_topics_that_exist():
    config = yaml.safe_load((CONFIG / 'view.rviz').read_text())
    displays = {display['Name']: display for display in config['Visualization Manager']['Displays']}
    assert {'Robot', 'Persons and robot', 'Camera', 'Animated portrait', 'Faces'} <= set(displays)
    topics = {topic['Value'] for key in ('Topic', 'Description Topic')
              for topic in values(config, key)}
    assert topics == {'/robot_description', '/image_raw', '/animated/image_raw',
                      '/robot/image_raw'} <= KNOWN
    shown = re.compile(displays['Persons and robot']['Filter (whitelist)'])
    assert all(map(shown.match, ('face_f00001', 'gaze_f00001', 'face', 'left_eye', 'base_link')))
    assert not shown.match('jaw_pitch_value')
    text = Urdf(load_spec('ameca'), '').text
    links = {link.get('name') for link in ET.fromstring(text).findall('link')}
    assert {'face', 'left_eye', 'right_eye', 'jaw', 'base_link'} <= links


def test_foxglove_shows_topics_that_exist():
    layout = json.loads((CONFIG / 'view.foxglove.json').read_text())
    panels = layout['configById']
    topics = {*values(panels, 'imageTopic'), *values(panels, 'topicToRender')}
    topics |= {topic for panel in values(panels, 'topics') for topic in panel}
    assert topics <= KNOWN and {'/image_raw', '/robot/image_raw', '/robot_description'} <= topics
    ends = [end for name in ('first', 'second') for end in values(layout['layout'], name)
            if isinstance(end, str)]
    assert sorted(ends) == sorted(panels)
    joints = load_spec('ameca').joints
    for path in panels['Plot!commands']['paths']:
        assert joints[int(re.search(r'\[(\d+)\]', path['value'])[1])] == path['label']


@pytest.fixture
def view():
    """The module of the launch file."""
    pytest.importorskip('launch.actions', reason='launch is not installed')
    pytest.importorskip('launch_ros.actions', reason='launch_ros is not installed')
    import importlib.util
    spec = importlib.util.spec_from_file_location(
        'view_launch', CONFIG.parent / 'launch' / 'view.launch.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_launch_file_starts_what_it_says(view, tmp_path):
    given = {name: default for name, (default, _) in view.ARGUMENTS.items()}
    nodes = view.make_nodes({**given, 'urdf_folder': str(tmp_path)})
    assert [node.node_executable for node in nodes] == [
        'robot_state_publisher', 'tf_node', 'static_transform_publisher', 'rviz2']
    assert (tmp_path / 'ameca.urdf').exists()
    nodes = view.make_nodes({**given, 'rviz': 'false', 'faces': 'false', 'camera_pose': '',
                             'urdf_folder': str(tmp_path)})
    assert [node.node_executable for node in nodes] == ['robot_state_publisher']


def test_a_wrong_pose_of_the_camera_is_named(view, tmp_path):
    from ros_animate.configuration import ConfigurationError
    given = {name: default for name, (default, _) in view.ARGUMENTS.items()}
    with pytest.raises(ConfigurationError, match="six numbers, x y z yaw pitch roll, got '1 2 x'"):
        view.make_nodes({**given, 'camera_pose': '1 2 x', 'urdf_folder': str(tmp_path)})
