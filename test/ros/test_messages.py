"""Core types to messages and back: nothing is lost, nothing is taken on trust."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import array
import copy

import numpy as np
from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from ros_animate.msg import Motion as MotionMessage
from std_msgs.msg import Header

from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.messages import (
    Joints,
    duration_message,
    motion_from_message,
    motion_to_message,
    nothing_found,
    seconds,
    stamp_message,
)
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import MOTION_ARRAYS, ActionChunk, Command, Motion, RobotState

SPEC = load_spec('ameca')
JOINTS = Joints.of(SPEC)
HEADER = Header(stamp=Time(sec=1_700_000_000, nanosec=123_456_789), frame_id='camera')
RNG = np.random.default_rng(3)
POSE = SPEC.low + RNG.uniform(size=len(SPEC.names)) * (SPEC.high - SPEC.low)


def through_the_wire(message):
    return deserialize_message(serialize_message(message), type(message))


@given(st.integers(0, 2 ** 31 - 1), st.integers(0, 10 ** 9 - 1))
def test_times_in_seconds(sec, nanosec):
    time_s = seconds(Time(sec=sec, nanosec=nanosec))
    assert seconds(stamp_message(time_s)) == pytest.approx(time_s, abs=1e-6)
    assert abs(time_s - sec - nanosec * 1e-9) < 1e-6


@given(st.floats(-1e6, 1e6))
def test_durations_may_be_negative(duration_s):
    message = duration_message(duration_s)
    assert 0 <= message.nanosec < 10 ** 9
    assert seconds(message) == pytest.approx(duration_s, abs=1e-8)


FULL = Motion(
    model='test', face_id='f00012', stamp_s=seconds(HEADER.stamp),
    keypoints=RNG.uniform(-1, 1, (21, 3)),
    jacobians=RNG.normal(size=(21, 2, 2)), covariances=RNG.normal(size=(21, 2, 2)),
    deformations=RNG.normal(size=(21, 3)), latent=RNG.uniform(0, 9, 128),
    landmarks=RNG.uniform(0, 500, (478, 3)), image_size=(640, 480), rotation=np.eye(3)[::-1],
    translation=np.array([0.1, -0.2, -0.6]), scale=1.25,
    expression={'jawOpen': 0.5, 'mouthSmileLeft': 0.25}, confidence=0.75)
BARE = Motion(model='test', stamp_s=seconds(HEADER.stamp))


@pytest.mark.parametrize('motion', [FULL, BARE], ids=['full', 'bare'])
def test_a_motion_comes_back(motion):
    again = motion_from_message(through_the_wire(motion_to_message(motion, HEADER)))
    for name in MOTION_ARRAYS:
        expected = getattr(motion, name)
        if expected is None:
            assert getattr(again, name) is None
        else:
            np.testing.assert_allclose(getattr(again, name), expected, rtol=1e-6)
    assert (again.model, again.stamp_s, again.image_size, again.scale, again.confidence) == (
        motion.model, motion.stamp_s, motion.image_size, motion.scale, motion.confidence)
    assert again.face_id == motion.face_id
    assert again.expression == motion.expression


def test_a_motion_from_a_message_is_the_same_each_time():
    once = motion_to_message(FULL, HEADER)
    twice = motion_to_message(motion_from_message(through_the_wire(once)), HEADER)
    # Not their bytes: padding between fields is not initialised.
    assert through_the_wire(once) == twice


def test_no_face_is_a_message_too():
    message = through_the_wire(nothing_found('test', HEADER))
    assert message.header == HEADER
    assert motion_from_message(message) is None


@pytest.mark.parametrize('change, complaint', [
    ({'landmarks': array.array('f', [1, 2, 3])}, 'landmarks'),
    ({'rotation': array.array('d', [1] * 8)}, 'rotation'),
    ({'jacobians': array.array('f', [1] * 5)}, 'jacobians'),
    ({'keypoint_dimensions': 0}, 'keypoints'),
    ({'expression_names': ['a']}, '1 expression names, but 2')])
def test_motions_that_contradict_themselves(change, complaint):
    message = motion_to_message(FULL, HEADER)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError, match=complaint):
        motion_from_message(message)


def test_joints_have_si_units():
    assert JOINTS.names == list(SPEC.joints)
    chunk = ActionChunk(SPEC.names, POSE[None], 0.03, seconds(HEADER.stamp))
    message = JOINTS.chunk_to_message(chunk, HEADER)
    by_joint = dict(zip(message.joint_names, message.positions))
    yaw, jaw = SPEC.index('Head Yaw'), SPEC.index('Jaw Pitch')
    assert by_joint[SPEC.joints[yaw]] == pytest.approx(np.deg2rad(POSE[yaw]))
    assert by_joint[SPEC.joints[jaw]] == POSE[jaw]


def test_a_chunk_comes_back_also_in_another_order():
    values = np.stack([POSE, SPEC.neutral, SPEC.high])
    chunk = ActionChunk(SPEC.names, values, 0.03, seconds(HEADER.stamp))
    message = through_the_wire(JOINTS.chunk_to_message(chunk, HEADER))
    order = RNG.permutation(len(SPEC.names))
    shuffled = copy.deepcopy(message)
    shuffled.joint_names = [message.joint_names[k] for k in order]
    shuffled.positions = array.array('d', np.array(message.positions).reshape(3, -1)[:, order].flat)
    for received in (message, shuffled):
        again = JOINTS.chunk_from_message(received)
        np.testing.assert_allclose(again.values, values, atol=1e-12)
        assert (again.names, again.dt_s, again.stamp_s) == (chunk.names, 0.03, chunk.stamp_s)


@pytest.mark.parametrize('change, complaint', [
    ({'joint_names': ['elbow']}, "unknown.*'elbow'"),
    ({'positions': array.array('d', [1.0] * 31)}, '31 values'),
    ({'positions': array.array('d')}, '0 positions'),
    ({'dt_s': 0.0}, 'dt_s 0.0'), ({'dt_s': float('nan')}, 'dt_s nan')])
def test_chunks_that_contradict_themselves(change, complaint):
    chunk = ActionChunk(SPEC.names, POSE[None], 0.03, 1.0)
    message = JOINTS.chunk_to_message(chunk, HEADER)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError, match=complaint):
        JOINTS.chunk_from_message(message)


def make_command(stamp_s=None):
    return Command(SPEC.names, POSE, POSE * 0.1, POSE * 0.01,
                   seconds(HEADER.stamp) if stamp_s is None else stamp_s)


def test_a_trajectory_says_when_each_point_is_due():
    start_s = seconds(HEADER.stamp)
    points = [(start_s + delay_s, make_command()) for delay_s in (0.03, 0.05, 0.07)]
    message = through_the_wire(JOINTS.trajectory_to_message(points, HEADER))
    assert message.header.stamp == HEADER.stamp
    assert [p.time_from_start.nanosec for p in message.points] == pytest.approx(
        [30e6, 50e6, 70e6], abs=1e3)
    again = JOINTS.trajectory_from_message(message, now_s=0.0)
    for (expected_s, expected), (time_s, command) in zip(points, again):
        assert time_s == pytest.approx(expected_s, abs=1e-6)
        for name in ('position', 'velocity', 'acceleration'):
            np.testing.assert_allclose(getattr(command, name), getattr(expected, name), atol=1e-12)
        assert command.stamp_s == start_s


def test_a_trajectory_without_stamp_starts_now():
    message = JOINTS.trajectory_to_message([(0.5, make_command())], Header())
    (time_s, command), = JOINTS.trajectory_from_message(message, now_s=70.0)
    assert (time_s, command.stamp_s) == (70.5, 70.0)


def test_a_trajectory_of_positions_alone_is_at_rest_at_its_points():
    message = JOINTS.trajectory_to_message([(0.5, make_command())], Header())
    message.points[0].velocities = message.points[0].accelerations = array.array('d')
    (_, command), = JOINTS.trajectory_from_message(message, now_s=1.0)
    assert not command.velocity.any() and not command.acceleration.any()


def test_a_point_with_too_few_joints_is_refused():
    message = JOINTS.trajectory_to_message([(0.5, make_command())], Header())
    message.points[0].positions = array.array('d', [1.0])
    with pytest.raises(MessageError, match='1 positions for 30 joints'):
        JOINTS.trajectory_from_message(message, now_s=1.0)


def test_a_command_comes_back():
    message = through_the_wire(JOINTS.command_to_message(make_command(), HEADER, Time(sec=5)))
    assert (message.header, message.sent.sec) == (HEADER, 5)
    np.testing.assert_allclose(JOINTS.command_from_message(message).position, POSE, atol=1e-12)


def test_a_state_is_named_by_joints():
    state = RobotState(SPEC.names, POSE, POSE * 0.1, 1.0)
    message = JOINTS.state_to_message(state, HEADER)
    assert list(message.name) == list(SPEC.joints)
    np.testing.assert_allclose(np.array(message.velocity) / SPEC.si, POSE * 0.1)


def test_another_robots_command_is_a_defect():
    with pytest.raises(ValueError, match='not those of this robot'):
        JOINTS.command_to_message(Command(('a',), *[np.zeros(1)] * 3, 1.0), HEADER, Time())


def test_constants_of_the_message():
    assert MotionMessage.LANDMARK_COUNT == 478
