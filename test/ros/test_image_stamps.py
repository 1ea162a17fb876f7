"""Stamps that cannot be right: the pipeline works or says why, and stops when the images stop."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import time

import numpy as np
from ros_animate.msg import ActionChunk, Command
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from ros_animate.nodes.messages import Joints, nanoseconds_message, seconds
from ros_animate.nodes.stamp_monitor import SECOND, StampDefect
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk as Chunk
from ros_animate.types import Command as Target

WARN, ERROR = 1, 2
RED = (255, 120, 120)
SPEC = load_spec('mock')
JOINTS = Joints.of(SPEC)
JAW = SPEC.index('Jaw Pitch')
QUICK = {'stale_s': 0.3, 'neutral_after_s': 0.6, 'neutral_s': 0.2, 'takeover_s': 0.1}
OPEN = SPEC.neutral.copy()
OPEN[JAW] = SPEC.low[JAW] + 0.3 * (SPEC.neutral[JAW] - SPEC.low[JAW])


class Stamps:
    """Stamps of a camera with a defect."""

    def __init__(self, node):
        self._now = lambda: node.get_clock().now().nanoseconds
        self._start_ns = self._now()
        self._count = 0

    def stamp(self, defect):
        self._count += 1
        now_ns = self._now()
        return nanoseconds_message({
            'zero': 0, 'constant': self._start_ns, 'past': now_ns - 2 * SECOND,
            'future': now_ns + 2 * SECOND, 'backward': self._start_ns - self._count * SECOND // 30,
            'boot': now_ns - self._start_ns + 4000 * SECOND}[defect])


def jaw(message):
    return 1.0 - JOINTS.command_from_message(message).position[JAW]


def is_neutral(message):
    return np.allclose(JOINTS.command_from_message(message).position, SPEC.neutral, atol=1e-6)


@pytest.fixture
def pipeline(processes, observer, make_camera):
    """Function: starts all nodes but camera and animation; gives (camera, commands, status)."""
    def start(**parameters):
        stages = {'motion': {'plugin': 'brightness'}, 'policy': {'adapt_s': 0.0},
                  'smoothing': {}, 'hardware': QUICK}
        observer.process = processes.start(
            'composed_node', {s: {**values, **parameters} for s, values in stages.items()},
            arguments=['camera', 'animation'])
        camera = make_camera()
        observer.wait_for_subscribers('image_raw')
        return camera, observer.listen(Command, 'commands'), observer.diagnostics()
    return start


@pytest.mark.parametrize('defects', [['zero', 'future', 'boot', 'backward'], ['constant'],
                                     ['past']], ids='+'.join)
def test_the_robot_follows_and_stops_with_the_images(pipeline, observer, defects):
    camera, commands, status = pipeline()
    for defect in defects:
        stamps, text = Stamps(observer.node), StampDefect(defect).remedy
        timer = observer.node.create_timer(1 / 30, lambda stamps=stamps, defect=defect:
                                           camera.publish(RED, stamps.stamp(defect)))
        observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, f'an open jaw ({defect})')
        observer.wait_for(lambda text=text: text in status('motion')[1], f'a verdict ({defect})')
        assert status('motion')[0] == WARN and text in status('motion')[2]['stamps']
        observer.node.destroy_timer(timer)
        observer.wait_for(lambda: is_neutral(commands[-1]), f'neutral ({defect})')
        observer.wait_for(lambda: status('hardware')[2].get('state') == 'neutral')
        assert observer.process.output().count(text) == 1
    assert observer.process.is_running()


def test_a_simulated_clock_that_nobody_publishes_is_said(pipeline, observer):
    camera, commands, status = pipeline(use_sim_time=True)
    camera.color = RED
    camera.run()
    start_s = time.monotonic()
    for node in ('motion', 'hardware'):
        observer.wait_for(lambda node=node: status(node)[0] == ERROR and (
            'nobody publishes /clock' in status(node)[1]))
    observer.wait_for(lambda: 'use_sim_time is set' in observer.process.output())
    assert time.monotonic() - start_s < 10  # 2 s on a machine that is not busy
    assert all(is_neutral(message) for message in commands)


def test_actions_without_stamps_are_followed_until_they_end(pipeline, observer):
    _, commands, status = pipeline()
    trajectories = observer.listen(JointTrajectory, 'joint_trajectory')
    publisher = observer.node.create_publisher(ActionChunk, 'actions', 10)
    message = JOINTS.chunk_to_message(Chunk(SPEC.names, OPEN[None], 1 / 30, 0.0), Header())
    timer = observer.node.create_timer(1 / 30, lambda: publisher.publish(message))
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    observer.node.destroy_timer(timer)
    observer.wait_for(lambda: is_neutral(commands[-1]), 'neutral')
    observer.wait_for(lambda: status('hardware')[2].get('state') == 'neutral')
    assert max(seconds(p.time_from_start) for m in trajectories for p in m.points) < 60


def test_a_trajectory_without_a_stamp_that_is_repeated_grows_old(processes, observer):
    commands, status = observer.listen(Command, 'commands'), observer.diagnostics()
    processes.start('hardware_node', {'hardware': QUICK})
    observer.wait_for_subscribers('joint_trajectory')
    publisher = observer.node.create_publisher(JointTrajectory, 'joint_trajectory', 10)
    zero = np.zeros_like(OPEN)
    message = JOINTS.trajectory_to_message([(0.1, Target(SPEC.names, OPEN, zero, zero, 0.0))],
                                           Header())
    observer.node.create_timer(1 / 30, lambda: publisher.publish(message))
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    observer.wait_for(lambda: is_neutral(commands[-1]), 'neutral')
    observer.wait_for(lambda: status('hardware')[2].get('state') == 'neutral')
