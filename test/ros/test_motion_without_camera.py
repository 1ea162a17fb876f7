"""A phone's packets and a take through real nodes: the same controls as offline, no camera."""
import json
import socket

import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import numpy as np
from helpers.arkit_faces import moving_face, take_text
from helpers.phone import Phone
from ros_animate.msg import ActionChunk, Motion
from sensor_msgs.msg import Image

from ros_animate.face.streams.values import FaceValues
from ros_animate.motion.drawn_face import face_motion
from ros_animate.nodes.messages import Joints
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
STALE = 3
FACES = [moving_face(i / 60) for i in range(600)]


class MovingPhone(Phone):
    """Sends the faces, or those of a phone that sees none."""

    sees = True

    def face(self, number):
        return FACES[number % len(FACES)] if self.sees else FaceValues(has_face=False)


@pytest.fixture
def port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(('127.0.0.1', 0))
        return udp.getsockname()[1]


@pytest.fixture
def nodes(processes, observer, port):
    """A motion node that listens to a phone, and a policy node; the lists of their messages."""
    motions, actions = observer.listen(Motion, 'motion'), observer.listen(ActionChunk, 'actions')
    process = processes.start('composed_node', {
        'motion': {'plugin': 'live_link_face', 'host': '127.0.0.1', 'port': port},
        'policy': {'plugin': 'blendshape_map', 'robot': 'mock', 'adapt_s': 0.0}},
        arguments=['camera', 'animation', 'smoothing', 'hardware'])
    observer.wait_for(lambda: observer.node.count_publishers('motion')
                      and observer.node.count_publishers('actions'))
    return motions, actions, process


def test_packets_give_the_same_controls_as_the_take_offline(nodes, observer, port):
    motions, actions, process = nodes
    policy = load('policy', 'blendshape_map', {'adapt_s': 0.0}, SPEC)
    offline = np.array([policy.act(face_motion(face, 'arkit', i / 60)).values[0]
                        for i, face in enumerate(FACES)])
    with MovingPhone(port) as phone:
        observer.wait_for(lambda: len(actions) >= 60 and len(motions) >= 60)
        live = np.array([Joints.of(SPEC).chunk_from_message(m).values[0] for m in actions[:60]])
        # The packets carry four bytes a number, and the messages too.
        nearest = [np.abs(offline - values).max(axis=1).min() for values in live]
        assert max(nearest) < 1e-3
        assert motions[0].model == 'arkit' and len(motions[0].landmarks) == 478 * 3
        images = observer.listen(Image, 'image_raw')
        observer.wait_for(lambda: images)
        assert (images[0].height, images[0].width) == (480, 480)
        phone.sees = False
        observer.wait_for(lambda: motions[-1].confidence == 0)
    assert process.is_running()


def test_silence_is_said_with_what_to_do(processes, observer, port):
    process = processes.start('motion_node', {'motion': {
        'plugin': 'live_link_face', 'host': '127.0.0.1', 'port': port}})
    observer.wait_for(lambda: f'UDP port {port}: in Live Link Face' in process.output())


def test_a_port_that_is_taken_ends_the_node_with_one_line(processes):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(('127.0.0.1', 0))
        process = processes.start('motion_node', {'motion': {
            'plugin': 'live_link_face', 'host': '127.0.0.1', 'port': udp.getsockname()[1]}})
        assert process.wait() == 2
    assert f'cannot listen at UDP 127.0.0.1:{udp_port(process)}' in process.output()


def udp_port(process):
    """The port that the error names."""
    return process.output().split('127.0.0.1:')[1].split(':')[0]


@pytest.mark.slow
def test_a_take_is_retargeted_live_with_all_files(environment, tmp_path):
    from helpers.ros_helpers import Process
    (tmp_path / 'take.csv').write_text(take_text(FACES[:90], 30.0))
    process = Process(['-m', 'ros_animate', 'retarget', '--source', str(tmp_path / 'take.csv'),
                       '--output', str(tmp_path / 'out')], environment, tmp_path / 'log')
    assert process.wait() == 0, process.output()
    report = json.loads((tmp_path / 'out' / 'report.json').read_text())
    assert report['frames'] == 90 and report['face_missing'] == 0
    for name in ('driving', 'animated', 'robot', 'side_by_side'):
        assert (tmp_path / 'out' / f'{name}.mp4').stat().st_size > 10_000
