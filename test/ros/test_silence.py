"""What is said when nothing comes in, or nobody takes what goes out."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import yaml
from helpers.ros_helpers import Process
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool

from ros_animate.nodes.qos import NEWEST

ERROR, STALE = 2, 3


@pytest.mark.parametrize('message_type, name, reasons', [
    (None, '/cam', ['nobody publishes /cam', 'image topics here: /other']),
    (Bool, '/cam', ['/cam holds std_msgs/msg/Bool, not sensor_msgs/msg/Image', '/other']),
    (CompressedImage, '/cam/compressed',
     ['nobody publishes /cam', '--source topic:/cam/compressed', 'image_transport: compressed']),
    (Image, '/cam', ['/watch offers /cam, but no message has come'])])
def test_a_silent_camera_is_explained(processes, observer, message_type, name, reasons):
    publishers = [observer.node.create_publisher(Image, '/other', NEWEST)]
    if message_type is not None:
        publishers.append(observer.node.create_publisher(message_type, name, NEWEST))
    status = observer.diagnostics()
    motion = processes.start('motion_node', {'motion': {'plugin': 'brightness'}},
                             remap=['image_raw:=/cam'])
    observer.wait_for(lambda: all(part in status('motion')[1] for part in reasons),
                      'the reason in the diagnostics')
    assert status('motion')[0] == STALE
    observer.wait_for(lambda: all(part in motion.output() for part in reasons), 'a line')
    # Another reason may come first, while the nodes find each other; none is repeated.
    lines = [line.partition(']: ')[2] for line in motion.output().splitlines() if 'WARN' in line]
    assert len(lines) == len(set(lines))
    for publisher in publishers:
        observer.node.destroy_publisher(publisher)


@pytest.mark.parametrize('options, reason', [
    ({'plugin': 'ameca_zmq', 'robot': 'ameca', 'address': 'tcp://127.0.0.1:*'},
     'nobody is connected to tcp://127.0.0.1'),
    ({'plugin': 'joint_trajectory', 'robot': 'mock', 'controller': '/nobody'},
     'no controller listens at /nobody/joint_trajectory')])
def test_a_robot_that_nobody_is(processes, observer, options, reason):
    status = observer.diagnostics()
    hardware = processes.start('hardware_node', {'hardware': options})
    observer.wait_for(lambda: reason in status('hardware')[1], 'the reason in the diagnostics')
    assert status('hardware')[0] == ERROR
    observer.wait_for(lambda: reason in hardware.output(), 'a line')
    assert hardware.output().count(reason) == 1


def test_a_run_without_images_ends_in_time_with_a_status(environment, tmp_path):
    config = tmp_path / 'quick.yaml'
    config.write_text(yaml.safe_dump({'motion': {'plugin': 'brightness'},
                                      'animation': {'plugin': 'tint'}}))
    run = Process(['-m', 'ros_animate', 'retarget', '--config', str(config), '--source',
                   'topic:/nobody', '--duration', '4'], environment, tmp_path / 'run.log')
    assert run.wait() == 1
    assert 'nobody publishes /nobody' in run.output()
    assert run.output().splitlines()[-1].startswith('ros_animate: error: nothing was processed')


@pytest.mark.parametrize('topic, complaint', [
    ('/diagnostics', '/diagnostics holds diagnostic_msgs/msg/DiagnosticArray'),
    ('/9x', "no topic has the name '/9x'"), ('/rosout', '/rosout holds rcl_interfaces/msg/Log')])
def test_a_topic_that_cannot_be_a_source_is_one_line(environment, tmp_path, topic, complaint):
    run = Process(['-m', 'ros_animate', 'retarget', '--source', f'topic:{topic}'], environment,
                  tmp_path / 'run.log')
    assert run.wait() == 2
    assert run.output().count('\n') == 1 and complaint in run.output()
