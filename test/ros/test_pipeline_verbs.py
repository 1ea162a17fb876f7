"""stop, reset, status, topics and calibrate-neutral with running nodes."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

from helpers.ros_helpers import TIMEOUT_S

from ros_animate import cli
from ros_animate.errors import UserError
from ros_animate.nodes.pipeline_client import PipelineClient


@pytest.fixture
def hardware(processes, tmp_path):
    """A hardware node in the namespace /left, with an emergency stop of its own."""
    return processes.start('hardware_node', {'hardware': {
        'robot': 'mock', 'estop_file': str(tmp_path / 'stop')}}, namespace='/left')


def run(*arguments):
    return cli.main([*arguments, '--namespace', 'left', '--timeout', str(TIMEOUT_S)])


def test_stop_status_reset_topics(hardware, capsys, environment):
    assert run('stop') == 0
    assert 'stopped' in capsys.readouterr().out
    assert run('status', '--timeout', '5') == 1
    out = capsys.readouterr().out
    assert '/left/hardware' in out and 'ERROR' in out and 'emergency stop' in out
    assert run('reset') == 0
    assert 'moves again' in capsys.readouterr().out
    assert run('topics') == 0
    out = capsys.readouterr().out
    assert '/left/joint_trajectory  (trajectory_msgs/msg/JointTrajectory)' in out
    assert 'to   /left/hardware' in out and 'image topics: /left/robot/image_raw' in out


def test_what_is_not_there_is_named(hardware, observer, capsys, environment):
    observer.wait_for(lambda: observer.node.count_publishers('/left/commands'), 'the node')
    assert cli.main(['calibrate-neutral', '--namespace', 'left', '--timeout', '5']) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and '/left/policy/calibrate_neutral' in error
    assert '/left/hardware' in error and 'ROS_DOMAIN_ID' in error
    for call in (PipelineClient.statuses, PipelineClient.topics):
        with PipelineClient('right', 2.0) as client, pytest.raises(UserError, match='/right'):
            call(client)


def test_a_face_that_nobody_sees_is_not_neutral(processes, environment):
    processes.start('policy_node', {'policy': {'robot': 'mock'}})
    with PipelineClient('', TIMEOUT_S) as client, \
            pytest.raises(UserError, match='/policy/calibrate_neutral: no face'):
        client.trigger(['policy/calibrate_neutral'])


def test_a_wrong_namespace_is_one_line(capsys):
    assert cli.main(['stop', '--namespace', 'a b']) == 2
    assert capsys.readouterr().err.startswith("ros_animate: error: no namespace has the name 'a b'")
