"""The motion node over DDS: every kind of image, broken ones, and always the newest."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import cv2
import numpy as np
from helpers.encoded_images import message_of
from helpers.ros_helpers import CAMERA, image_message, stamp_of
from ros_animate.msg import Motion
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from ros_animate.nodes.conversions import ENCODINGS

BRIGHT, DARK = (200, 200, 200), (5, 5, 5)
STALE, WARN, OK = 3, 1, 0


@pytest.fixture
def motions(processes, observer):
    """Function: starts the node, gives the list of its messages."""
    def start(topic='image_raw', **parameters):
        received = observer.listen(Motion, 'motion')
        observer.process = processes.start(
            'motion_node', {'motion': {'plugin': 'brightness', **parameters}})
        observer.wait_for_subscribers(topic)
        # The node has found the observer before its first message.
        observer.wait_for(lambda: observer.node.count_publishers('motion'))
        return received
    return start


def send_until_answered(observer, publisher, message, received):
    """Publishes an image, again and again until the node has found us; returns the answer."""
    stamp = observer.node.get_clock().now().to_msg()
    message.header = Header(stamp=stamp, frame_id='camera')

    def answer():
        publisher.publish(message)
        return next((m for m in received if m.header.stamp == stamp), None)
    return observer.wait_for(answer, f'an answer to {getattr(message, "encoding", "an image")}')


def test_every_encoding_and_size_keeps_its_header(motions, observer):
    received = motions()
    publisher = observer.node.create_publisher(Image, 'image_raw', CAMERA)
    for encoding in ENCODINGS:
        rgb = np.full((64, 64, 3), 200, np.uint8)
        answer = send_until_answered(observer, publisher, message_of(encoding, rgb), received)
        assert answer.confidence > 0 and answer.header.frame_id == 'camera'
    for size in ((64, 64), (480, 640), (1080, 1920), (2160, 3840)):
        message = image_message(BRIGHT, size=size)
        answer = send_until_answered(observer, publisher, message, received)
        assert (answer.image_height, answer.image_width) == size


def test_broken_pictures_are_counted_and_survived(motions, observer):
    received = motions(silence_s=60.0)
    status = observer.diagnostics()
    publisher = observer.node.create_publisher(Image, 'image_raw', CAMERA)
    send_until_answered(observer, publisher, image_message(BRIGHT), received)
    broken = [image_message(BRIGHT) for _ in range(4)]
    broken[0].width = 0
    broken[1].data = broken[1].data[:100]
    broken[2].step = 7
    broken[3].encoding = 'what?'

    def is_reported():
        for message in broken:
            publisher.publish(message)
        return status('motion')[2].get('rejected')
    observer.wait_for(is_reported)
    level, message, _ = status('motion')
    assert level == WARN and 'rejected' in message
    send_until_answered(observer, publisher, image_message(BRIGHT), received)
    assert observer.process.is_running()
    assert observer.process.output().count('input rejected') <= 3


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_compressed_images(motions, observer, suffix):
    received = motions('image_raw/compressed', image_transport='compressed')
    publisher = observer.node.create_publisher(CompressedImage, 'image_raw/compressed', CAMERA)
    data = cv2.imencode(suffix, np.full((48, 64, 3), 200, np.uint8))[1].tobytes()
    message = CompressedImage(format=suffix[1:], data=data)
    answer = send_until_answered(observer, publisher, message, received)
    assert answer.image_width == 64


def test_the_newest_image_wins(motions, observer):
    received = motions(delay_s=0.3)
    publisher = observer.node.create_publisher(Image, 'image_raw', CAMERA)
    send_until_answered(observer, publisher, image_message(BRIGHT), received)
    sent = []
    # Thirty images come while the node works on the first of them.
    for _ in range(30):
        stamp = observer.node.get_clock().now().to_msg()
        publisher.publish(image_message(BRIGHT, stamp))
        sent.append((stamp.sec, stamp.nanosec))
    observer.wait_for(lambda: stamp_of(received[-1]) == sent[-1], 'the answer to the last image')
    answered = [stamp_of(m) for m in received if stamp_of(m) in sent]
    assert len(answered) <= 5


def test_health_tells_no_input_from_no_face(motions, observer):
    status = observer.diagnostics()
    received = motions(silence_s=0.5)
    observer.wait_for(lambda: status('motion')[1].startswith('no input yet'))
    assert status('motion')[0] == STALE
    publisher = observer.node.create_publisher(Image, 'image_raw', CAMERA)

    def send(color):
        publisher.publish(image_message(color, observer.node.get_clock().now().to_msg()))

    def is_reported(color, level, text):
        send(color)
        return status('motion')[0] == level and text in status('motion')[1]
    observer.wait_for(lambda: is_reported(DARK, WARN, 'no face'))
    observer.wait_for(lambda: is_reported(BRIGHT, OK, 'running'))
    observer.wait_for(lambda: status('motion')[0] == STALE, 'silence')
    assert 'no input for' in status('motion')[1]
    assert any(m.confidence == 0 for m in received) and any(m.confidence > 0 for m in received)
    assert int(status('motion')[2]['face_missing']) > 0
