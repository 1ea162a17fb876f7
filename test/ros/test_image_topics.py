"""Image topics as image_transport has them, and quality of service that parameters override."""
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import cv2
import numpy as np
import yaml
from helpers.ros_helpers import Processes, stamp_of
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from ros_animate.configuration import ConfigurationError
from ros_animate.nodes import image_publisher
from ros_animate.nodes.conversions import image_from_message
from ros_animate.nodes.endpoints import make_publisher, make_subscription
from ros_animate.nodes.qos import NEWEST

SIZE = (64, 48)
CALIBRATION = {
    'image_width': SIZE[0], 'image_height': SIZE[1], 'camera_name': 'eye',
    'distortion_model': 'plumb_bob', 'distortion_coefficients': {'data': [0.1, 0, 0, 0, 0]},
    'camera_matrix': {'data': [60, 0, 32, 0, 60, 24, 0, 0, 1]},
    'rectification_matrix': {'data': [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    'projection_matrix': {'data': [60, 0, 32, 0, 0, 60, 24, 0, 0, 0, 1, 0]}}
# Offers that differ from those without parameters in every policy.
OVERRIDDEN = {'qos_overrides./eye/image_raw.publisher.reliability': 'reliable',
              'qos_overrides./eye/image_raw.publisher.durability': 'transient_local',
              'qos_overrides./eye/image_raw.publisher.depth': 7,
              'qos_overrides./eye/estop.subscription.depth': 3}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('images')


@pytest.fixture(scope='module')
def camera(environment, folder):
    """A camera node that repeats a video in the namespace eye, for all tests of this file."""
    path = folder / 'clip.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 30.0, SIZE)
    noise = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    for _ in range(20):
        writer.write(noise)
    writer.release()
    calibration = folder / 'eye.yaml'
    calibration.write_text(yaml.safe_dump(CALIBRATION))
    processes = Processes(environment, folder)
    yield processes.start('camera_node', {'camera': {
        'plugin': 'video', 'path': str(path), 'loop': True, 'jpeg_quality': 90,
        'camera_info_url': f'file://{calibration}', **OVERRIDDEN}}, namespace='/eye')
    processes.stop()


@pytest.fixture(scope='module')
def robot(environment, folder):
    """The virtual robot in the namespace eye."""
    processes = Processes(environment, folder)
    yield processes.start('hardware_node', {'hardware': {'plugin': 'mock'}}, namespace='/eye')
    processes.stop()


def pairs(images, compressed):
    """(raw, compressed) messages with the same stamp."""
    by_stamp = {stamp_of(message): message for message in list(images)}
    return [(by_stamp[stamp_of(message)], message) for message in list(compressed)
            if stamp_of(message) in by_stamp]


def test_the_compressed_topic_has_the_same_images(camera, observer):
    images = observer.listen(Image, '/eye/image_raw')
    compressed = observer.listen(CompressedImage, '/eye/image_raw/compressed')
    observer.wait_for(lambda: pairs(images, compressed), 'an image on both topics')
    raw, jpeg = pairs(images, compressed)[0]
    assert jpeg.format == 'rgb8; jpeg compressed bgr8' and jpeg.header == raw.header
    assert jpeg.header.frame_id == 'camera_optical_frame'
    difference = image_from_message(raw).astype(int) - image_from_message(jpeg)
    assert difference.any() and np.abs(difference).mean() < 25


def test_the_compressed_topic_alone_is_enough(camera, observer):
    compressed = observer.listen(CompressedImage, '/eye/image_raw/compressed')
    observer.wait_for(lambda: len(compressed) > 3, 'compressed images')


def test_camera_info_belongs_to_the_image_and_holds_the_calibration(camera, observer):
    images = observer.listen(Image, '/eye/image_raw')
    infos = observer.listen(CameraInfo, '/eye/camera_info')
    observer.wait_for(lambda: {stamp_of(m) for m in list(images)}
                      & {stamp_of(m) for m in list(infos)}, 'an image with its camera_info')
    info = infos[-1]
    assert info.header.frame_id == images[-1].header.frame_id
    assert list(info.k) == CALIBRATION['camera_matrix']['data']
    assert list(info.p) == CALIBRATION['projection_matrix']['data']
    assert (info.distortion_model, list(info.d)) == ('plumb_bob', [0.1, 0, 0, 0, 0])


def set_quality(observer, value):
    """Sets the parameter that image_transport has for it; returns the result."""
    parameter = Parameter('image_raw.compressed.jpeg_quality', value=value).to_parameter_msg()
    return observer.call(SetParameters, '/eye/camera/set_parameters',
                         SetParameters.Request(parameters=[parameter])).results[0]


def test_the_quality_may_be_set_while_it_runs(camera, observer):
    compressed = observer.listen(CompressedImage, '/eye/image_raw/compressed')
    values = observer.call(GetParameters, '/eye/camera/get_parameters', GetParameters.Request(
        names=['image_raw.compressed.jpeg_quality'])).values
    assert values[0].integer_value == 90
    observer.wait_for(lambda: compressed, 'an image')
    before = len(compressed[-1].data)
    assert set_quality(observer, 20).successful
    observer.wait_for(lambda: len(compressed[-1].data) < 0.6 * before, 'smaller images')
    refused = set_quality(observer, 101)
    assert not refused.successful and 'jpeg_quality' in refused.reason


def test_the_robots_image_is_compressed_too(robot, observer):
    compressed = observer.listen(CompressedImage, '/eye/robot/image_raw/compressed')
    observer.wait_for(lambda: compressed, 'an image of the robot')
    assert compressed[0].header.frame_id == 'robot_view_optical_frame'
    assert image_from_message(compressed[0]).std() > 10
    assert observer.node.count_subscribers('/eye/robot/image_raw') == 0


def offer(observer, topic, node):
    """QoS that a node offers on a topic."""
    def found():
        infos = observer.node.get_publishers_info_by_topic(topic)
        return [info.qos_profile for info in infos if info.node_name == node]
    return observer.wait_for(found, f'the publisher of {topic}')[0]


def test_parameters_override_the_quality_of_service(camera, observer):
    images, infos = (offer(observer, f'/eye/{name}', 'camera')
                     for name in ('image_raw/compressed', 'camera_info'))
    overridden = offer(observer, '/eye/image_raw', 'camera')
    assert (overridden.reliability, overridden.durability) == (
        ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
    assert images.reliability == ReliabilityPolicy.BEST_EFFORT, 'only the one that is named changes'
    assert infos.durability == DurabilityPolicy.VOLATILE
    names = ['history', 'depth', 'reliability', 'durability']
    values = observer.call(GetParameters, '/eye/camera/get_parameters', GetParameters.Request(
        names=[f'qos_overrides./eye/image_raw.publisher.{name}' for name in names])).values
    assert (values[0].string_value, values[1].integer_value) == ('keep_last', 7)
    assert hasattr(HistoryPolicy, values[0].string_value.upper())


def test_an_override_for_a_topic_that_is_not_there_is_told(camera, observer):
    observer.wait_for(lambda: 'qos_overrides./eye/estop.subscription.depth is for a topic that the '
                              'node has not' in camera.output(), 'the warning')


@pytest.mark.parametrize('name, value, complaint', [
    ('reliability', 'relaible', "did you mean 'reliable'"), ('reliability', 3, 'choices: '),
    ('history', 'unknown', 'choices: '), ('depth', 0, 'expected an integer of 1 to 1000, got 0'),
    ('depth', 'x', "got 'x'"), ('deadline', 5, 'choices: depth, durability')])
@pytest.mark.parametrize('kind', ['publisher', 'subscription'])
def test_impossible_overrides_are_refused_by_name(observer, kind, name, value, complaint):
    full_name = f'qos_overrides./motion.{kind}.{name}'
    node = Node('overridden', context=observer.node.context, parameter_overrides=[
        Parameter(full_name, value=value)], automatically_declare_parameters_from_overrides=True)
    with pytest.raises(ConfigurationError, match=f'{full_name}: .*{complaint}'):
        if kind == 'publisher':
            make_publisher(node, Image, 'motion', NEWEST)
        else:
            make_subscription(node, Image, 'motion', print, NEWEST)
    node.destroy_node()


def test_an_impossible_override_ends_a_node_with_one_line(processes):
    policy = processes.start('policy_node', {'policy': {
        'qos_overrides./motion.subscription.reliability': 'relaible'}})
    assert policy.wait() == 2
    line, = policy.output().splitlines()
    assert line.startswith('ros_animate: error: qos_overrides./motion.subscription.reliability: ')


def test_a_profile_is_not_changed_by_overrides(observer):
    node = Node('overridden', context=observer.node.context, parameter_overrides=[
        Parameter('qos_overrides./motion.publisher.depth', value=9)],
        automatically_declare_parameters_from_overrides=True)
    make_publisher(node, Image, 'motion', NEWEST)
    assert NEWEST.depth == 1
    node.destroy_node()


def test_without_subscribers_nothing_is_converted_or_encoded(observer, monkeypatch):
    calls = []
    monkeypatch.setattr(image_publisher, 'encode_jpeg', lambda *_: calls.append('jpeg') or b'')
    monkeypatch.setattr(image_publisher, 'image_to_message',
                        lambda *_: calls.append('raw') or Image())

    class Node:
        """The parts of a stage's node that the publisher needs."""

        def __init__(self):
            self.node = observer.node
            self.parameters = SimpleNamespace(options=image_publisher.JpegOptions())

        def publisher_of(self, topic):
            kind = CompressedImage if topic.endswith('compressed') else Image
            return self.node.create_publisher(kind, f'/alone/{topic}', 1)

        def __getattr__(self, name):
            return getattr(self.node, name)
    publisher = image_publisher.ImagePublisher(Node(), 'robot/image_raw')
    image = np.zeros((8, 8, 3), np.uint8)
    publisher.publish(image, Header())
    assert not publisher.has_subscribers and not calls
    observer.listen(CompressedImage, '/alone/robot/image_raw/compressed')
    observer.wait_for(lambda: publisher.has_subscribers, 'the subscriber')
    publisher.publish(image, Header())
    assert calls == ['jpeg']
