"""The nodes together over DDS: stamps, silence, services, namespaces, crashes."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import os
import signal

import numpy as np
from helpers.ros_helpers import stamp_of
from ros_animate.msg import ActionChunk, Command, Motion
from sensor_msgs.msg import Image, JointState
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from ros_animate.nodes.messages import Joints, seconds
from ros_animate.robot.descriptions import load_spec
from ros_animate.runtime.supervisor import Program, Supervisor

OK, WARN, ERROR, STALE = 0, 1, 2, 3
RED, GREY, DARK = (255, 120, 120), (60, 60, 60), (0, 0, 0)
SPEC = load_spec('mock')
JOINTS = Joints.of(SPEC)
JAW = SPEC.index('Jaw Pitch')
# Short, so that a test need not wait for what takes seconds on a robot.
QUICK = {'stale_s': 0.3, 'neutral_after_s': 0.6, 'neutral_s': 0.2, 'takeover_s': 0.1}
STAGES = {
    'motion': {'plugin': 'brightness'}, 'animation': {'plugin': 'tint'},
    'policy': {'plugin': 'blendshape_map', 'adapt_s': 0.0}, 'smoothing': {}, 'hardware': QUICK}


def jaw(message):
    """Opening of the jaw in a command, 0 closed to 1 open."""
    return 1.0 - JOINTS.command_from_message(message).position[JAW]


def changed(values, changes):
    """Another plug-in has options of its own."""
    return {**({} if 'plugin' in changes else values), **changes}


def is_neutral(message):
    position = JOINTS.command_from_message(message).position
    return np.allclose(position, SPEC.neutral, atol=1e-6)


@pytest.fixture
def pipeline(processes, observer, make_camera):
    """Function: starts all but the camera in one process; gives (camera, commands)."""
    def start(namespace='', remap=(), camera_topic='image_raw', **changes):
        prefix = f'{namespace}/' if namespace else ''
        commands = observer.listen(Command, f'{prefix}commands')
        stages = {s: changed(values, changes.get(s, {})) for s, values in STAGES.items()}
        observer.process = processes.start('composed_node', stages, namespace=namespace,
                                           remap=remap, arguments=['camera'])
        camera = make_camera(camera_topic)
        observer.wait_for_subscribers(camera_topic)
        return camera, commands
    return start


def test_the_stamp_of_the_camera_reaches_the_command(pipeline, observer):
    received = {topic: observer.listen(kind, topic) for topic, kind in (
        ('motion', Motion), ('actions', ActionChunk), ('joint_trajectory', JointTrajectory),
        ('animated/image_raw', Image))}
    camera, commands = pipeline()
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: len({stamp_of(m) for m in commands}) > 20 and all(received.values()))
    camera.stop()
    sent = set(camera.sent)
    for topic, messages in received.items():
        assert {stamp_of(m) for m in messages} <= sent, topic
    answered = {stamp_of(m) for m in commands}
    # Before the first command there is no stamp.
    assert answered - sent <= {(0, 0)}
    assert all(seconds(m.sent) >= seconds(m.header.stamp) for m in commands)
    assert jaw(commands[-1]) > 0.2


def test_a_trajectory_is_one_that_joint_trajectory_controller_takes(pipeline, observer):
    trajectories = observer.listen(JointTrajectory, 'joint_trajectory')
    camera, _ = pipeline()
    camera.run()
    observer.wait_for(lambda: len(trajectories) > 10)
    for message in trajectories:
        assert message.joint_names == JOINTS.names
        delays = [seconds(p.time_from_start) for p in message.points]
        assert delays[0] >= 0 and all(b > a for a, b in zip(delays, delays[1:]))
        for point in message.points:
            sizes = {len(point.positions), len(point.velocities), len(point.accelerations)}
            assert sizes == {len(JOINTS.names)}
            position = np.array(point.positions) / SPEC.si
            assert (position >= SPEC.low - 1e-9).all() and (position <= SPEC.high + 1e-9).all()
        # The first point lies at the time of publishing: the end is in the future, as it must be.
        assert delays[-2] - delays[0] == pytest.approx((len(delays) - 2) / 60, abs=1e-3)
        assert not any(message.points[-1].velocities)


def test_the_face_is_lost_and_found(pipeline, observer):
    status = observer.diagnostics()
    camera, commands = pipeline()
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    camera.color = DARK
    observer.wait_for(lambda: status('hardware')[2].get('state') in ('hold', 'neutral'))
    observer.wait_for(lambda: is_neutral(commands[-1]), 'neutral')
    observer.wait_for(lambda: status('hardware')[0] == WARN and 'neutral' in status('hardware')[1])
    observer.wait_for(lambda: status('motion')[0] in (OK, WARN))
    camera.color = RED
    observer.wait_for(lambda: jaw(commands[-1]) > 0.2, 'an open jaw again')
    observer.wait_for(lambda: status('hardware')[0] == OK)


def test_the_robot_holds_and_then_goes_neutral_without_a_camera(pipeline, observer):
    camera, commands = pipeline(hardware={'stale_s': 0.5, 'neutral_after_s': 3.0})
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    camera.stop()
    observer.wait_for(lambda: is_neutral(commands[-1]), 'neutral')
    values = np.array([jaw(m) for m in commands])
    times = np.array([seconds(m.sent) for m in commands])
    # It rests where it was for a good while, and only then goes.
    still = np.flatnonzero((np.abs(np.diff(values)) < 1e-9) & (values[1:] > 0.2))
    assert times[still[-1]] - times[still[0]] > 1.0
    assert observer.process.stop() == 0


def test_the_robots_limits_hold_on_the_wire(pipeline, observer):
    camera, commands = pipeline()
    colors = [RED, GREY, DARK, (255, 255, 255), (255, 0, 0)]
    observer.node.create_timer(0.03, lambda: camera.publish(colors[len(camera.sent) % 5]))
    observer.wait_for(lambda: len(commands) > 200)
    positions = np.array([JOINTS.command_from_message(m).position for m in commands])
    velocity = np.array([JOINTS.command_from_message(m).velocity for m in commands])
    assert (positions >= SPEC.low - 1e-9).all() and (positions <= SPEC.high + 1e-9).all()
    assert (np.abs(velocity) <= SPEC.max_velocity * (1 + 1e-6)).all()


def test_joint_states_and_rate(pipeline, observer):
    states = observer.listen(JointState, 'joint_states')
    status = observer.diagnostics()
    pipeline()
    observer.wait_for(lambda: len(states) > 60)
    assert list(states[-1].name) == JOINTS.names
    assert len(states[-1].position) == len(states[-1].velocity) == len(JOINTS.names)
    observer.wait_for(lambda: float(status('hardware')[2].get('published_hz', 0)) > 30)
    assert float(status('hardware')[2]['published_hz']) < 70


def test_the_robots_image_is_drawn_for_who_listens(pipeline, observer):
    pipeline(hardware={'size': 128})
    images = observer.listen(Image, 'robot/image_raw')
    observer.wait_for(lambda: len(images) > 2)
    assert (images[0].width, images[0].height, images[0].encoding) == (128, 128, 'rgb8')
    assert np.std(images[0].data) > 5


def test_image_space_goes_through_the_portrait(pipeline, observer):
    camera, commands = pipeline(policy={'plugin': 'from_image'})
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    assert {stamp_of(m) for m in commands} - {(0, 0)} <= set(camera.sent)


def test_namespace_and_remapping(pipeline, observer):
    status = observer.diagnostics()
    camera, commands = pipeline('/left', remap=['image_raw:=/usb_cam/image_raw'],
                                camera_topic='/usb_cam/image_raw')
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    observer.wait_for(lambda: status('left/hardware')[0] == OK)
    names = {name for name, _ in observer.node.get_topic_names_and_types()}
    assert {'/left/motion', '/left/actions', '/left/joint_trajectory', '/left/commands',
            '/left/joint_states'} <= names
    assert not {'/motion', '/actions', '/joint_trajectory'} & names


@pytest.mark.parametrize('node', ['policy', 'animation'])
def test_calibration_needs_a_face(pipeline, observer, node):
    camera, commands = pipeline()
    name = f'{node}/calibrate_neutral'
    answer = observer.call(Trigger, name, Trigger.Request())
    assert not answer.success and 'no face' in answer.message
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    assert observer.call(Trigger, name, Trigger.Request()).success
    if node == 'policy':
        observer.wait_for(lambda: jaw(commands[-1]) < 0.05, 'the open jaw is the neutral one')


def test_a_disabled_robot_goes_neutral_and_is_left_alone(pipeline, observer):
    status = observer.diagnostics()
    camera, commands = pipeline()
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    assert observer.call(SetBool, 'hardware/set_enabled', SetBool.Request(data=False)).success
    observer.wait_for(lambda: status('hardware')[:2] == (WARN, 'disabled'))
    observer.wait_for(lambda: is_neutral(commands[-1]), 'neutral')
    observer.wait_for(lambda: status('hardware')[2].get('published_hz') == '0.00', 'silence')
    assert observer.call(SetBool, 'hardware/set_enabled', SetBool.Request(data=True)).success
    observer.wait_for(lambda: jaw(commands[-1]) > 0.2, 'an open jaw again')


def test_a_robot_that_goes_away_is_connected_again(processes, observer, tmp_path):
    plug = tmp_path / 'plug'
    plug.touch()
    commands, status = observer.listen(Command, 'commands'), observer.diagnostics()
    node = processes.start('hardware_node', {'hardware': {
        'plugin': 'fragile', 'plug': str(plug), 'robot': 'ameca'}})
    observer.wait_for(lambda: len(commands) > 10)
    plug.unlink()
    observer.wait_for(lambda: status('hardware')[:2] == (ERROR, 'the robot does not answer'))
    before = len(commands)
    plug.touch()
    observer.wait_for(lambda: len(commands) > before + 10, 'commands again')
    observer.wait_for(lambda: status('hardware')[0] != ERROR)
    assert node.stop() == 0


def test_a_robot_that_cannot_be_reached_at_first_is_one_line(processes, tmp_path):
    node = processes.start('hardware_node', {'hardware': {
        'plugin': 'fragile', 'plug': str(tmp_path / 'missing'), 'robot': 'ameca'}})
    assert node.wait() == 2
    assert node.output() == 'ros_animate: error: the robot does not answer\n'


def test_the_robot_parks_when_the_node_ends(pipeline, observer):
    camera, commands = pipeline()
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
    assert observer.process.stop(signal.SIGINT) == 0
    lids = SPEC.index('Eyelid Upper Left')
    observer.wait_for(lambda: abs(
        JOINTS.command_from_message(commands[-1]).position[lids] - SPEC.park[lids]) < 0.01)


def test_a_killed_node_comes_back_and_the_robot_goes_on(observer, environment, make_camera):
    commands = observer.listen(Command, 'commands')
    arguments = ['--ros-args', '-p', 'plugin:=brightness']
    programs = [Program('motion', 'ros_animate.nodes.motion_node', arguments),
                Program('rest', 'ros_animate.nodes.composed_node',
                        ['camera', 'motion', 'animation'])]
    with Supervisor(programs, environment) as supervisor:
        camera = make_camera()
        observer.wait_for_subscribers('image_raw')
        camera.color = RED
        camera.run()
        observer.wait_for(lambda: commands and jaw(commands[-1]) > 0.2, 'an open jaw')
        os.kill(supervisor.pid('motion'), signal.SIGKILL)
        camera.color = GREY

        def has_come_back():
            supervisor.poll()
            return supervisor.respawned == 1 and stamp_of(commands[-1]) > killed_at
        killed_at = camera.sent[-1]
        observer.wait_for(has_come_back, 'commands from new frames')
        assert supervisor.is_running('rest')
