"""What is written for Rerun; a stand-in takes the place of its module."""
from __future__ import annotations

import types

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from ros_animate.dashboard.rerun_log import RerunLog
from ros_animate.nodes.messages import Joints, motion_to_message
from ros_animate.nodes.remote.previews import Preview
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command, Motion

SPEC = load_spec('ameca')
HEADER = Header(stamp=Time(sec=100, nanosec=500_000_000), frame_id='camera')


class Rerun:
    """Keeps what is logged; every archetype is a mapping of its arguments."""

    def __init__(self):
        self.logged, self.times = [], []

    def log(self, path, entity, static=False):
        self.logged.append((path, entity, static))

    def set_time(self, timeline, timestamp):
        self.times.append((timeline, timestamp))

    def __getattr__(self, name):
        return lambda *args, **kwargs: types.SimpleNamespace(kind=name, args=args, **kwargs)

    def of(self, path):
        return [entity for logged, entity, static in self.logged if logged == path and not static]


@pytest.fixture
def rerun():
    return Rerun()


@pytest.fixture
def newest():
    """Newest messages by topic, each taken once."""
    messages = {}
    return types.SimpleNamespace(messages=messages, take=lambda topic: messages.pop(topic, None))


@pytest.fixture
def log(rerun, newest):
    return RerunLog(rerun, types.SimpleNamespace(newest=newest))


def keep(newest, topic, message):
    newest.messages[topic] = message


def test_a_motion_sets_the_time_and_gives_landmarks_and_blendshapes(rerun, newest, log):
    landmarks = np.full((478, 3), 100.0)
    motion = Motion(model='mediapipe', stamp_s=100.5, landmarks=landmarks, image_size=(960, 720),
                    rotation=np.eye(3), expression={'jawOpen': 0.25})
    log.image('camera', Preview(b'early', (960, 720)))
    keep(newest, 'motion', motion_to_message(motion, HEADER))
    log.step()
    log.image('camera', Preview(b'jpeg', (960, 720)))
    assert rerun.times == [('stamp', 100.5)]
    assert rerun.of('face/blendshapes')[0].args[0] == [0.25]
    np.testing.assert_allclose(rerun.of('camera/image/landmarks')[0].args[0], 50.0)
    assert [image.contents for image in rerun.of('camera/image')] == [b'jpeg']
    assert np.array_equal(rerun.of('head')[0].mat3x3, np.eye(3))


def test_commands_come_by_group_with_the_latency(rerun, newest, log):
    log.describe(SPEC)
    position = SPEC.neutral
    command = Command(SPEC.names, position, 0 * position, 0 * position, 100.5)
    sent = Time(sec=100, nanosec=540_000_000)
    message = Joints.of(SPEC).command_to_message(command, HEADER, sent)
    keep(newest, 'commands', message)
    log.step()
    keep(newest, 'commands', message)
    log.step()
    np.testing.assert_allclose(rerun.of('controls/head/command')[0].args[0],
                               position[SPEC.indices(SPEC.groups['head'])])
    assert [entity.args[0] for entity in rerun.of('latency_ms')] == [[pytest.approx(40.0)]]


def test_messages_of_another_robot_are_left_out(rerun, newest, log):
    other = load_spec('servo_head')
    log.describe(SPEC)
    position = other.neutral
    command = Command(other.names, position, 0 * position, 0 * position, 100.5)
    keep(newest, 'commands', Joints.of(other).command_to_message(command, HEADER, HEADER.stamp))
    log.step()
    assert not rerun.of('controls/head/command')
