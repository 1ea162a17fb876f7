"""`ros_animate collect --images`: the robot's images come from a topic."""
import functools
import json
import threading

import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from ros_animate.cli import main
from ros_animate.collection.recording import Timing
from ros_animate.nodes.conversions import image_to_message
from ros_animate.nodes.qos import NEWEST

IMAGE = np.full((40, 60, 3), (200, 100, 50), np.uint8)


def message(kind):
    if kind is Image:
        return image_to_message(IMAGE, Header())
    data = cv2.imencode('.png', IMAGE[..., ::-1])[1].tobytes()
    return CompressedImage(format='png', data=data)


@pytest.fixture
def camera(observer):
    """Publishes the same image; function: kind and topic."""
    timers = []

    def publish(kind, topic):
        publisher = observer.node.create_publisher(kind, topic, NEWEST)
        timers.append(observer.node.create_timer(
            1 / 30, lambda: publisher.publish(message(kind))))
    yield publish
    for timer in timers:
        observer.node.destroy_timer(timer)


def collect(folder, topic, *arguments):
    return main(['collect', '--robot', 'mock', '--images', topic, '--count', '2', '--size', '64',
                 '--settle', '0.05', '--speed', '1', '--output', str(folder), '--quiet',
                 *arguments])


@pytest.mark.parametrize('kind, topic', [(Image, '/robot_camera/image_raw'),
                                         (CompressedImage, '/robot_camera/image_raw/compressed')])
def test_a_robot_and_its_camera(camera, tmp_path, kind, topic):
    camera(kind, topic)
    assert collect(tmp_path, topic) == 0
    lines = [json.loads(line) for line in (tmp_path / 'metadata.jsonl').read_text().splitlines()]
    assert [len(line['ctrl_value']) for line in lines] == [30, 30]
    for line in lines:
        image = cv2.imread(str(tmp_path / line['file_name']))
        assert image.shape == (64, 64, 3)
        assert np.allclose(image.reshape(-1, 3).mean(0)[::-1], (200, 100, 50), atol=3)


def test_a_silent_topic_is_named(tmp_path, capsys, observer, monkeypatch):
    monkeypatch.setattr('ros_animate.collection.recording.Timing',
                        functools.partial(Timing, image_timeout_s=0.2))
    threads = threading.active_count()
    assert collect(tmp_path, '/nowhere') == 2
    assert '--images' in capsys.readouterr().err
    assert threading.active_count() <= threads
