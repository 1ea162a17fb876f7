"""Bad messages to running nodes: refused, counted and explained; the robot follows again."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import array
import copy

import numpy as np
from ros_animate.msg import ActionChunk, Command, Motion
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from ros_animate.nodes.messages import Joints
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk as Chunk
from ros_animate.types import Command as Target

WARN = 1
RED, GREY = (255, 120, 120), (60, 60, 60)
SPEC = load_spec('mock')
JOINTS = Joints.of(SPEC)
JAW = SPEC.index('Jaw Pitch')
ZERO = np.zeros_like(SPEC.neutral)
NAN, INF = float('nan'), float('inf')


def jaw(message):
    return 1.0 - JOINTS.command_from_message(message).position[JAW]


def bad_motions():
    for values in ([NAN, 0.1], [1e30, -1e30], [INF, 0.0]):
        yield Motion(model='brightness', confidence=1.0, expression_values=values,
                     expression_names=['jawOpen', 'eyeBlinkLeft'])
    yield Motion(model='brightness', confidence=NAN)
    yield Motion(model='brightness', confidence=1.0, rotation=[NAN] * 9)


def bad_chunks():
    chunk = JOINTS.chunk_to_message(Chunk(SPEC.names, SPEC.neutral[None], 1 / 30, 0.0), Header())
    for dt_s in (1e6, INF, NAN, -1.0, 1e-300):
        message = copy.deepcopy(chunk)
        message.dt_s = dt_s
        yield message
    message = copy.deepcopy(chunk)
    message.positions = array.array('d', [NAN] * len(SPEC.names))
    yield message


def bad_trajectories():
    good = JOINTS.trajectory_to_message(
        [(0.1, Target(SPEC.names, SPEC.neutral, ZERO, ZERO, 0.0))], Header())
    for field in ('positions', 'velocities', 'accelerations'):
        message = copy.deepcopy(good)
        getattr(message.points[0], field)[0] = NAN
        yield message
    message = copy.deepcopy(good)
    message.points[0].time_from_start.sec = 1_800_000_000
    yield message


@pytest.fixture
def pipeline(processes, observer, make_camera):
    """(process, camera, commands, status) of a running pipeline without animation."""
    stages = {'motion': {'plugin': 'brightness'}, 'policy': {}, 'smoothing': {}, 'hardware': {}}
    process = processes.start('composed_node', stages, arguments=['camera', 'animation'])
    camera = make_camera()
    camera.color = RED
    observer.wait_for_subscribers('image_raw')
    camera.run()
    commands, status = observer.listen(Command, 'commands'), observer.diagnostics()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    return process, camera, commands, status


def test_bad_messages_are_refused_and_the_robot_follows(pipeline, observer):
    process, camera, commands, status = pipeline
    for stage, topic, kind, bad in (('policy', 'motion', Motion, bad_motions),
                                    ('smoothing', 'actions', ActionChunk, bad_chunks),
                                    ('hardware', 'joint_trajectory', JointTrajectory,
                                     bad_trajectories)):
        publisher = observer.node.create_publisher(kind, topic, 10)

        def is_reported(publisher=publisher, bad=bad, stage=stage):
            for message in bad():
                message.header = Header(stamp=observer.node.get_clock().now().to_msg(),
                                        frame_id='camera')
                publisher.publish(message)
            return int(status(stage)[2].get('rejected', 0)) >= 4
        observer.wait_for(is_reported, f'refusals of {stage}')
        observer.wait_for(lambda stage=stage: status(stage)[0] == WARN)
        assert 'input rejected' in status(stage)[1] and status(stage)[2]['last_rejected']
    camera.color = GREY
    observer.wait_for(lambda: jaw(commands[-1]) < 0.2, 'a jaw that closes')
    camera.color = RED
    observer.wait_for(lambda: jaw(commands[-1]) > 0.2, 'a jaw that opens')
    assert process.is_running() and 'Traceback' not in process.output()


def test_calibration_by_a_motion_without_landmarks_is_refused(processes, observer):
    process = processes.start('animation_node', {'animation': {'plugin': 'mesh_warp'}})
    publisher = observer.node.create_publisher(Motion, 'motion', 10)
    observer.wait_for_subscribers('motion')
    message = Motion(model='mediapipe', confidence=1.0, expression_names=['jawOpen'],
                     expression_values=[0.5])

    def publish():
        message.header.stamp = observer.node.get_clock().now().to_msg()
        publisher.publish(message)
    observer.node.create_timer(0.05, publish)

    def answer():
        response = observer.call(Trigger, 'animation/calibrate_neutral', Trigger.Request())
        assert not response.success
        return 'landmarks' in response.message
    observer.wait_for(answer)
    assert process.is_running()
