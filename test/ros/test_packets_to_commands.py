"""A phone's packets through all nodes: the commands that leave are those of the take offline."""
import dataclasses
import itertools
import socket
import threading

import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import numpy as np
from helpers.arkit_faces import moving_face, take_text
from helpers.phone import PERIOD_S, Phone
from ros_animate.msg import Command, Motion
from trajectory_msgs.msg import JointTrajectory

from ros_animate import cli
from ros_animate.face.streams.take import read_take
from ros_animate.motion.drawn_face import face_motion
from ros_animate.nodes.messages import Joints, seconds
from ros_animate.outputs.controls_table import read_controls
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
JOINTS = Joints.of(SPEC)
TICK_S = PERIOD_S  # of the packets and of the commands
FRAMES = 150
HOLD = 10  # frames in which the face holds still at first
# Commands of the frames before do not count: when a control leaves its place depends on where in
# the dead band it has come to rest, and so on what was played before.
BEGIN = 35
HISTORY_S = 0.25  # in which the smoother nearly forgets when a frame came
ENOUGH = 60
MARKER, MARKS = 'cheekPuff', 8192  # drives no control: the number of a frame
OPTIONS = {'adapt_s': 0.0}  # else the held face would change the neutral one while it lasts


def face(index):
    """A face whose right half is half a second behind its left one."""
    left, right = (moving_face(max(index - HOLD, 0) * TICK_S + shift) for shift in (1.5, 1.0))
    other = {n: v for n, v in right.expression.items() if n.endswith('Right')}
    return dataclasses.replace(left, expression={**left.expression, **other})


FACES = [face(index) for index in range(FRAMES)]


class TakePhone(Phone):
    """Holds the first face, and plays the take when it is told to.

    Every packet of the take has a number of its own, which comes back in the motion.
    """

    def __init__(self, port):
        super().__init__(port)
        self._play, self._plays = threading.Event(), itertools.count()
        self._rest = []

    def play(self):
        """Plays the take once, then holds the first face again; returns the first number."""
        self._first = FRAMES * next(self._plays) + 1
        assert self._first + FRAMES < MARKS, 'too many plays'
        self._play.set()
        return self._first

    def face(self, number):
        if self._play.is_set():
            self._play.clear()
            self._rest = list(range(FRAMES))
        index = self._rest.pop(0) if self._rest else None
        mark = 0 if index is None else self._first + index
        shown = FACES[index or 0]
        return dataclasses.replace(shown, expression={**shown.expression, MARKER: mark / MARKS})


@pytest.fixture(scope='module')
def take(tmp_path_factory):
    """The take as a file of the app."""
    path = tmp_path_factory.mktemp('take') / 'take.csv'
    path.write_text(take_text(FACES))
    return path


@pytest.fixture(scope='module')
def offline(take):
    """(FRAMES, N) commands of `ros_animate retarget --offline`; row k leaves at (k + 1) ticks."""
    table = take.with_name('controls.csv')
    assert cli.main(['retarget', '--source', str(take), '--offline', '--output', str(table),
                     '--quiet', '--param', 'policy.adapt_s=0']) == 0
    names, _, positions = read_controls(table)
    assert tuple(names) == SPEC.names and len(positions) == FRAMES
    return positions


@pytest.fixture
def nodes(processes, observer):
    """All nodes but camera and animation; the port, lists of motions, trajectories, commands."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(('127.0.0.1', 0))
        port = udp.getsockname()[1]
    motions, commands = observer.listen(Motion, 'motion'), observer.listen(Command, 'commands')
    trajectories = observer.listen(JointTrajectory, 'joint_trajectory')
    processes.start('composed_node', {
        'motion': {'plugin': 'live_link_face', 'host': '127.0.0.1', 'port': port},
        'policy': {'plugin': 'blendshape_map', 'robot': 'mock', **OPTIONS},
        'smoothing': {'plugin': 'bezier', 'robot': 'mock'},
        'hardware': {'plugin': 'mock', 'robot': 'mock'}},
        arguments=['camera', 'animation'])
    observer.wait_for(lambda: observer.node.count_publishers('motion')
                      and observer.node.count_publishers('commands'))
    return port, motions, trajectories, commands


def mark_of(message):
    """Number of the frame that a motion shows, 0 while the first face is held."""
    values = dict(zip(message.expression_names, message.expression_values))
    return round(values.get(MARKER, 0.0) * MARKS)


def arrivals(motions, first):
    """Frames of the take by the stamps of their motions, in nanoseconds."""
    found = {}
    for message in motions:
        index = mark_of(message) - first
        if 0 <= index < FRAMES:
            found[stamp_ns(message)] = index
    return found


def stamp_ns(message):
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def matched(commands, frames):
    """(earliest_s, latest_s, positions) of the commands that answer a frame, on the take's clock.

    A command that leaves some time after its frame came is one of the take between that frame and
    that time later, give or take a tick, and what the last frames were early, late or missing.
    """
    stamps_s = np.array(list(frames)) / 1e9
    indices = np.array(list(frames.values()))
    for message in commands:
        index = frames.get(stamp_ns(message))
        if index is None or index < BEGIN:
            continue
        at_s = stamp_ns(message) / 1e9
        recent = (stamps_s > at_s - HISTORY_S) & (stamps_s <= at_s)
        delays_s = stamps_s[recent] - indices[recent] * TICK_S
        missing = np.ptp(indices[recent]) + 1 - recent.sum()
        slack_s = TICK_S + np.ptp(delays_s) + missing * TICK_S
        age_s = seconds(message.sent) - at_s
        yield (index * TICK_S - slack_s, index * TICK_S + age_s + slack_s,
               JOINTS.command_from_message(message).position)


def distances(matches, reference):
    """Largest distances of the commands from the reference within their times, as parts of ranges.

    Commands whose times span more than six ticks tell little and are left out.
    """
    result = []
    for earliest_s, latest_s, position in matches:
        first, last = np.floor(earliest_s / TICK_S) - 1, np.ceil(latest_s / TICK_S) - 1
        if latest_s - earliest_s <= 6 * TICK_S and last < len(reference):
            rows = reference[max(int(first), 0):int(last) + 1]
            outside = np.maximum(rows.min(axis=0) - position, position - rows.max(axis=0))
            result.append(float((outside / (SPEC.high - SPEC.low)).max()))
    return np.array(result)


def targets(faces, tracker='arkit'):
    """(T, N) targets of the policy for faces of a tracker."""
    policy = load('policy', 'blendshape_map', OPTIONS, SPEC)
    return np.array([policy.act(face_motion(f, tracker, i * TICK_S)).values[0]
                     for i, f in enumerate(faces)])


def swapped(shown):
    """The face with left and right exchanged."""
    def other(name):
        for a, b in (('Left', 'Right'), ('Right', 'Left')):
            if name.endswith(a):
                return name.removesuffix(a) + b
        return name
    return dataclasses.replace(shown, expression={
        other(name): value for name, value in shown.expression.items()})


def played(phone, observer, topics, start):
    """Plays the take once, from where the robot stands as at its start; its matched commands."""
    motions, trajectories, commands = topics
    count, span = len(commands), SPEC.high - SPEC.low
    observer.wait_for(lambda: len(commands) > count + HOLD and np.allclose(
        JOINTS.command_from_message(commands[-1]).position, start, atol=2e-3 * span),
        'the first face')
    begin, first = len(motions), phone.play()
    # Any packet may be lost or overtaken, the last one too: the held face that follows tells.
    observer.wait_for(lambda: mark_of(motions[-1]) == 0
                      and arrivals(motions[begin:], first), 'the end of the take')
    frames = arrivals(motions[begin:], first)
    observer.wait_for(lambda: stamp_ns(commands[-1]) >= max(frames), 'its last command')
    # A node that is late takes the newest message alone: these frames have come to the smoother.
    taken = set(map(stamp_ns, trajectories))
    return list(matched(commands[count:], {stamp: index for stamp, index in frames.items()
                                           if stamp in taken}))


@pytest.mark.slow
def test_packets_give_the_commands_of_the_take_within_a_tick(nodes, observer, take, offline):
    port, *topics = nodes
    matches = []
    with TakePhone(port) as phone:
        while len(distances(matches, offline)) < ENOUGH:
            matches += played(phone, observer, topics, offline[0])
    assert distances(matches, offline).max() < 0.005
    # The comparison would find a wrong side, another tracker's baseline, and a tenth of a second.
    faces = read_take(str(take)).faces
    for wrong in (targets(map(swapped, faces)), targets(faces, 'mediapipe'),
                  np.roll(offline, 6, axis=0)):
        assert np.median(distances(matches, wrong)) > 0.02
