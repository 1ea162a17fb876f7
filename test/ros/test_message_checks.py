"""Any message, then a good one: the good one alone decides, and nothing takes long."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import array
import copy
import time
from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Duration
from hypothesis import example, given, settings
from hypothesis import strategies as st
from std_msgs.msg import Header

from ros_animate import limits
from ros_animate.animation.mesh_warp.landmark_transfer import LandmarkTransfer
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.face_mesh import canonical_mesh
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.trajectory import TrajectoryFollower
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.messages import (
    Joints,
    motion_from_message,
    motion_to_message,
    nanoseconds,
    nanoseconds_message,
    seconds,
)
from ros_animate.nodes.stamp_monitor import SECOND, StampMonitor
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk, Command, Motion, UnusableMotion

SPEC = load_spec('ameca')
JOINTS = Joints.of(SPEC)
NOW_NS = 1_700_000_000 * SECOND
PERIOD_NS = SECOND // 30
MESH = canonical_mesh().vertices
FACE = np.vstack([MESH, np.repeat(MESH[[159]], 10, axis=0)]) * (12, -12, -12) + (320, 240, 0)
GOOD_MOTION = motion_to_message(Motion(
    'mediapipe', 0.0, landmarks=FACE, image_size=(640, 480), rotation=np.eye(3),
    translation=np.array([0.0, 0.0, -0.5]), scale=1.0,
    expression={name: 0.3 if name == 'jawOpen' else 0.05 for name in BLENDSHAPES}), Header())
TARGET = SPEC.neutral + 0.2 * (SPEC.high - SPEC.neutral)
GOOD_CHUNK = JOINTS.chunk_to_message(
    ActionChunk(SPEC.names, np.stack([TARGET, TARGET]), 1 / 30, 0.0), Header())
ZERO = np.zeros_like(TARGET)
GOOD_TRAJECTORY = JOINTS.trajectory_to_message(
    [(0.05, Command(SPEC.names, TARGET, ZERO, ZERO, 0.0)),
     (0.10, Command(SPEC.names, TARGET, ZERO, ZERO, 0.0))], Header())

FLOATS = st.one_of(st.floats(width=32), st.sampled_from(
    [float('nan'), float('inf'), -float('inf'), 1e30, -1e30, 1e-40, 0.0, 2.0, 1e6]))
STAMPS = st.one_of(st.just(0), st.integers(-2 ** 31, 2 ** 31 - 1).map(lambda s: s * SECOND),
                   st.integers(-10 * SECOND, 10 * SECOND).map(lambda d: NOW_NS + d))


def floats(code):
    """Arrays of floats, mostly of a wrong length."""
    return st.lists(FLOATS, max_size=12).map(lambda values: array.array(code, values))


@dataclass(frozen=True)
class OneWrong:
    """Change of an array: one number at a share of its length."""

    share: float
    number: float

    def of(self, values):
        changed = copy.deepcopy(values)
        changed[int(self.share * len(values))] = self.number
        return changed


ONE_WRONG = st.builds(OneWrong, st.floats(0, 1, exclude_max=True), FLOATS)


NAMES = st.lists(st.text(max_size=5), max_size=60)
MOTION_CHANGES = {
    'confidence': FLOATS, 'model': st.text(max_size=5), 'keypoints': floats('f'),
    'jacobians': floats('f'), 'covariances': floats('f'), 'deformations': floats('f'),
    'latent': floats('f'),
    'keypoint_dimensions': st.integers(0, 255), 'rotation': st.lists(FLOATS, max_size=9),
    'translation': st.lists(FLOATS, max_size=3), 'scale': st.lists(FLOATS, max_size=1),
    'image_width': st.integers(0, 2 ** 32 - 1), 'image_height': st.integers(0, 2 ** 32 - 1),
    'landmarks': st.one_of(floats('f'), ONE_WRONG),
    'expression_names': NAMES,
    'expression_values': st.one_of(floats('f'), ONE_WRONG)}
CHUNK_CHANGES = {
    'joint_names': NAMES, 'dt_s': st.one_of(st.floats(), st.sampled_from(
        [1e6, float('inf'), float('nan'), 1e-300, -1.0, 10.0])),
    'positions': st.one_of(floats('d'), ONE_WRONG)}


@st.composite
def changes_of(draw, changes):
    """([(field, value)], stamp_ns): some fields and their values."""
    names = draw(st.lists(st.sampled_from(sorted(changes)), min_size=1, max_size=3,
                          unique=True))
    return [(name, draw(changes[name])) for name in names], draw(STAMPS)


ARRAYS = st.one_of(floats('d'), ONE_WRONG)
POINT_CHANGES = {'positions': ARRAYS, 'velocities': ARRAYS, 'accelerations': ARRAYS,
                 'time_from_start': st.integers(-2 ** 31, 2 ** 31 - 1).map(
                     lambda sec: Duration(sec=sec))}


def spoil(message, changes):
    """Applies changes to a message."""
    for name, value in changes:
        setattr(message, name,
                value.of(getattr(message, name)) if isinstance(value, OneWrong) else value)
    return message


class Sender:
    """Stamps messages as a stage's node does on their arrival, one period after the other."""

    def __init__(self):
        self.now_ns = NOW_NS
        self._monitor = StampMonitor('messages', 60.0)

    def arrive(self, message, stamp_ns=None):
        self.now_ns += PERIOD_NS
        given_ns = self.now_ns - SECOND // 100 if stamp_ns is None else stamp_ns
        given_ns = max(min(given_ns, (2 ** 31 - 1) * SECOND), -2 ** 31 * SECOND)
        used_ns = self._monitor.judge(given_ns, self.now_ns, self.now_ns / SECOND)
        message.header = Header(stamp=nanoseconds_message(used_ns), frame_id='camera')
        assert nanoseconds(message.header.stamp) == used_ns
        return message

    @property
    def now_s(self):
        return self.now_ns / SECOND


def good(message):
    return copy.deepcopy(message)


@given(st.lists(changes_of(MOTION_CHANGES), min_size=1, max_size=4))
def test_after_any_motions_the_policy_follows_a_good_one(messages):
    policy, fresh = (load('policy', 'blendshape_map', {}, SPEC) for _ in range(2))
    sender = Sender()
    for changes, stamp_ns in messages:
        try:
            motion = motion_from_message(
                sender.arrive(spoil(good(GOOD_MOTION), changes), stamp_ns))
        except MessageError:
            continue
        if motion is not None:
            assert np.isfinite(policy.act(motion).values).all()
    motion = motion_from_message(sender.arrive(good(GOOD_MOTION)))
    expected = fresh.act(motion).values
    # The neutral may have followed motions that were allowed, as slowly as it does.
    share = np.abs(policy.act(motion).values - expected) / (SPEC.high - SPEC.low)
    assert share.max() < 0.01


@given(st.lists(changes_of(MOTION_CHANGES), min_size=1, max_size=4))
def test_after_any_motions_the_neutral_of_mesh_warp_is_a_face(messages):
    transfer, sender = LandmarkTransfer(FACE), Sender()
    for changes, stamp_ns in messages:
        try:
            motion = motion_from_message(
                sender.arrive(spoil(good(GOOD_MOTION), changes), stamp_ns))
            if motion is not None:
                transfer(motion)
        except (MessageError, UnusableMotion):
            continue
    motion = motion_from_message(sender.arrive(good(GOOD_MOTION)))
    expected = LandmarkTransfer(FACE)(motion).landmarks()
    # Pixels: a centimetre of the face is 12.
    assert np.abs(transfer(motion).landmarks() - expected).max() < 12 * 4


@pytest.mark.parametrize('name', ['bezier', 'hold', 'one_euro', 'ruckig'])
@settings(max_examples=40)
@example([([], 0), ([], 2 ** 31 * SECOND), ([('dt_s', 1e-300)], NOW_NS)])
@given(st.lists(changes_of(CHUNK_CHANGES), min_size=1, max_size=4))
def test_after_any_chunks_the_smoother_follows_a_good_one(name, messages):
    if name == 'ruckig':
        pytest.importorskip('ruckig')
    smoother, sender = load('smoothing', name, {}, SPEC), Sender()
    start_s = time.monotonic()
    for changes, stamp_ns in messages:
        try:
            chunk = JOINTS.chunk_from_message(
                sender.arrive(spoil(good(GOOD_CHUNK), changes), stamp_ns))
        except MessageError:
            continue
        smoother.push(chunk, sender.now_s)
        smoother.preview([sender.now_s + 0.05])
    for _ in range(60):
        chunk = JOINTS.chunk_from_message(sender.arrive(good(GOOD_CHUNK)))
        smoother.push(chunk, sender.now_s)
        command = smoother.sample(sender.now_s)
        assert np.isfinite(command.position).all()
    np.testing.assert_allclose(command.position, TARGET, atol=0.02 * (SPEC.high - SPEC.low).max())
    assert time.monotonic() - start_s < 10.0


@settings(max_examples=50)
@given(st.lists(changes_of(POINT_CHANGES), min_size=1, max_size=4))
def test_after_any_trajectories_the_robot_follows_a_good_one(messages):
    safety, follower, sender = Safety(SafetyConfig(), SPEC), TrajectoryFollower(), Sender()

    def tick():
        sent = safety.step(follower.at(sender.now_s), sender.now_s, 'camera')
        assert (sent.position >= SPEC.low - 1e-9).all()
        assert (sent.position <= SPEC.high + 1e-9).all()
        return sent
    for changes, stamp_ns in messages:
        stamp_ns = max(min(stamp_ns, (2 ** 31 - 1) * SECOND), -2 ** 31 * SECOND)
        message = good(GOOD_TRAJECTORY)
        spoil(message.points[len(changes) % 2], changes)
        message.header.stamp = nanoseconds_message(stamp_ns)
        sender.now_ns += PERIOD_NS
        try:
            follower.take(JOINTS.trajectory_from_message(message, sender.now_s))
        except (MessageError, ValueError):
            continue
        tick()
    for _ in range(90):
        message = sender.arrive(good(GOOD_TRAJECTORY))
        follower.take(JOINTS.trajectory_from_message(message, sender.now_s))
        sent = tick()
    np.testing.assert_allclose(sent.position, TARGET, atol=1e-3 * (SPEC.high - SPEC.low).max())


@pytest.mark.parametrize('change, complaint', [
    ({'confidence': float('nan')}, 'confidence: nan'), ({'confidence': 1.5}, 'confidence: 1.5'),
    ({'scale': [float('inf')]}, 'scale: inf'), ({'scale': [0.0]}, 'scale: 0'),
    ({'rotation': [2.0] * 9}, 'rotation'), ({'rotation': [0.5] * 9}, 'rotation'),
    ({'translation': [1e9, 0.0, 0.0]}, 'translation: 1e.09'),
    ({'keypoints': [0.0] * 8, 'keypoint_dimensions': 4}, '4 dimensions'),
    ({'keypoints': [0.0] * 4, 'keypoint_dimensions': 2, 'jacobians': [0.0] * 12}, r'\[2, 3\]'),
    ({'image_width': 2 ** 31}, 'image size'), ({'image_width': 0}, 'without the size'),
    ({'latent': [2e4]}, 'latent'), ({'latent': [0.0] * 20_000}, 'latent code'),
    ({'model': 'm' * 1000}, 'model'), ({'landmarks': [1e4] * 3 * 478}, 'x of the landmarks'),
    ({'expression_names': ['n'] * 2000, 'expression_values': [0.0] * 2000}, '2000 expression')])
def test_values_of_motions_are_refused_by_name(change, complaint):
    message = good(GOOD_MOTION)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError, match=complaint) as error:
        motion_from_message(message)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize('change, complaint', [
    ({'dt_s': 1e6}, 'dt_s 1000000'), ({'dt_s': float('inf')}, 'dt_s inf'),
    ({'positions': array.array('d', [float('nan')] * 30)}, 'positions: nan'),
    ({'positions': array.array('d', [1e30] * 30)}, r'positions: 1e\+30'),
    ({'positions': array.array('d', [0.0] * 30 * 2000)}, '2000 waypoints'),
    ({'joint_names': ['n'] * 5000}, '5000 joint names')])
def test_values_of_chunks_are_refused_by_name(change, complaint):
    message = good(GOOD_CHUNK)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError, match=complaint) as error:
        JOINTS.chunk_from_message(message)
    assert len(str(error.value)) < 500


def test_points_of_trajectories_are_refused_by_name():
    for field, complaint in (('velocities', 'velocities: nan'), ('positions', 'positions: nan')):
        message = good(GOOD_TRAJECTORY)
        getattr(message.points[1], field)[3] = float('nan')
        with pytest.raises(MessageError, match=complaint):
            JOINTS.trajectory_from_message(message, 1.0)
    message = good(GOOD_TRAJECTORY)
    message.points = [message.points[0]] * (limits.TRAJECTORY_POINTS + 1)
    with pytest.raises(MessageError, match='points of a trajectory'):
        JOINTS.trajectory_from_message(message, 1.0)
    message = good(GOOD_TRAJECTORY)
    message.points[1].time_from_start = Duration(sec=1_800_000_000)
    with pytest.raises(MessageError, match='time_from_start'):
        JOINTS.trajectory_from_message(message, 1.0)
    assert seconds(GOOD_TRAJECTORY.points[1].time_from_start) == 0.1
