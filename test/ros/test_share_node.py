"""The node for other programs: motion becomes VMC packets and a take, images a stream."""
import socket
import urllib.request

import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

from helpers.arkit_faces import moving_face
from helpers.ros_helpers import CAMERA, image_message
from ros_animate.msg import Command, Motion
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ros_animate.face.streams import vmc
from ros_animate.face.streams.take import read_take
from ros_animate.motion.drawn_face import face_motion
from ros_animate.nodes.messages import Joints, motion_to_message
from ros_animate.nodes.qos import RELIABLE
from ros_animate.robot.descriptions import load_spec

SPEC, FACE = load_spec('mock'), moving_face(1.1)


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(('127.0.0.1', 0))
        udp.settimeout(0.05)
        yield udp


def face_received(receiver):
    """The face in the next packet, None if none comes soon."""
    try:
        return vmc.Decoder().decode(receiver.recv(65_536))
    except TimeoutError:
        return None


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


def test_motion_becomes_vmc_and_a_take_and_images_a_stream(processes, observer, receiver,
                                                           tmp_path):
    port, take = free_port(), tmp_path / 'take.csv'
    process = processes.start('share_node', {'share': {
        'vmc': f'127.0.0.1:{receiver.getsockname()[1]}', 'take': str(take),
        'stream': str(port), 'show': 'robot'}})
    motions = observer.node.create_publisher(Motion, 'motion', RELIABLE)
    images = observer.node.create_publisher(Image, 'robot/image_raw', CAMERA)
    observer.wait_for_subscribers('motion')

    def answer():
        header = Header(stamp=observer.node.get_clock().now().to_msg(), frame_id='face')
        motions.publish(motion_to_message(face_motion(FACE, 'arkit', 0.0), header))
        images.publish(image_message((200, 200, 200)))
        return face_received(receiver)
    face = observer.wait_for(answer)
    assert face.expression['browInnerUp'] == pytest.approx(FACE.expression['browInnerUp'], abs=1e-4)
    assert face.head_deg == pytest.approx(FACE.head_deg, abs=0.01)

    def image():
        answer()
        try:
            url = f'http://127.0.0.1:{port}/stream.mjpg'
            with urllib.request.urlopen(url, timeout=1) as viewer:
                return b'--frame' in viewer.readline()
        except OSError:
            return False
    observer.wait_for(image)
    assert process.stop() == 0
    assert read_take(take).faces[0].expression['jawOpen'] == pytest.approx(
        FACE.expression['jawOpen'], abs=1e-4)


def test_the_robots_commands_become_vmc(processes, observer, receiver):
    processes.start('share_node', {'share': {
        'vmc': f'127.0.0.1:{receiver.getsockname()[1]}', 'vmc_of': 'robot'}})
    commands = observer.node.create_publisher(Command, 'commands', RELIABLE)
    observer.wait_for_subscribers('commands')
    position = SPEC.neutral.copy()
    position[SPEC.index('Jaw Pitch')] = 0.4
    joints = Joints.of(SPEC)
    positions = (position * joints.to_si).tolist()

    def answer():
        now = observer.node.get_clock().now().to_msg()
        commands.publish(Command(
            header=Header(stamp=now), sent=now, joint_names=joints.names, positions=positions,
            velocities=[0.0] * len(positions), accelerations=[0.0] * len(positions)))
        return face_received(receiver)
    face = observer.wait_for(answer)
    assert max(face.expression, key=face.expression.get) == 'jawOpen'
