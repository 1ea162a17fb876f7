"""Images and controls of a bag for the page of finished runs."""
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

from builtin_interfaces.msg import Time
from helpers.ros_helpers import image_message
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from ros_animate.dashboard import bag_frames
from ros_animate.dashboard.bag_frames import FrameCache, read_frames, view_of
from ros_animate.dashboard.runs import RunLibrary
from ros_animate.images import decode_image
from ros_animate.nodes.bags import BagWriter
from ros_animate.nodes.messages import Joints
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command

SPEC = load_spec('ameca')
SECOND = 10 ** 9


@pytest.fixture
def bag(tmp_path):
    """A bag of one second: 21 images of growing brightness and as many commands."""
    path = tmp_path / 'bags' / 'one'
    writer = BagWriter(path)
    zeros = np.zeros(len(SPEC.names))
    for step in range(21):
        time_ns = 100 * SECOND + step * SECOND // 20
        writer.write('/left/image_raw', 'sensor_msgs/msg/Image',
                     serialize_message(image_message((10 * step, 0, 0))), time_ns,
                     best_effort=True)
        position = SPEC.neutral + 0.001 * step
        message = Joints.of(SPEC).command_to_message(
            Command(SPEC.names, position, zeros, zeros, 0.0), Header(), Time())
        writer.write('/left/commands', 'ros_animate/msg/Command', serialize_message(message),
                     time_ns)
    writer.close()
    return path


def test_images_and_controls_are_read(bag):
    frames = read_frames(bag)
    assert list(frames.times) == ['camera'] and 10 <= len(frames.times['camera']) <= 11
    assert frames.spec.name == 'ameca' and not frames.is_cut
    assert len(frames.rows) == 21
    np.testing.assert_allclose(frames.rows[-1][1], SPEC.neutral + 0.02)
    image = decode_image(frames.images['camera'][-1])
    assert image[..., 0].mean() == pytest.approx(10 * 20, abs=12)


def test_of_a_long_bag_the_beginning_is_shown(bag, monkeypatch):
    monkeypatch.setattr(bag_frames, 'MOST_IMAGES', 4)
    frames = read_frames(bag)
    assert frames.is_cut and frames.count == 4


def test_an_image_is_found_by_name_view_and_number(bag, tmp_path):
    library = RunLibrary(tmp_path)
    details = library.details('bags/one')
    assert details['messages'] == 42 and len(details['controls']['times']) == 21
    assert library.bag_image('bags/one', 'camera', 0)[:2] == b'\xff\xd8'
    for name, view, number in (('bags/one', 'camera', 99), ('bags/one', 'camera', -1),
                               ('bags/one', 'nose', 0), ('../one', 'camera', 0)):
        assert library.bag_image(name, view, number) is None


def test_a_damaged_bag_has_no_images(tmp_path):
    (tmp_path / 'metadata.yaml').write_text('x')
    assert FrameCache().image(tmp_path, 'camera', 0) is None


@pytest.mark.parametrize('topic, view', [
    ('/image_raw', 'camera'), ('/left/image_raw/compressed', 'camera'),
    ('/left/animated/image_raw', 'animated'), ('/robot/image_raw', 'robot'),
    ('/motion', None), ('/my_image_raw', None)])
def test_views_are_known_in_any_namespace(topic, view):
    assert view_of(topic) == view
