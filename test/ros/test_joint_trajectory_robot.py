"""A ros2_control robot: trajectories for its joint_trajectory_controller, and joint states."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import sys

import numpy as np
from helpers.controller_stand_in import Controller
from ros_animate.msg import ActionChunk
from ros_animate.msg import Command as CommandMessage
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from ros_animate.hardware.base import RobotError
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.nodes.messages import Joints, stamp_message
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk as Chunk
from ros_animate.types import Command

SPEC = load_spec('servo_head')
JOINTS = Joints.of(SPEC)
PAN = SPEC.index('Head Pan')


def pose(pan):
    values = SPEC.neutral.copy()
    values[PAN] = pan
    return values


@pytest.fixture
def controller(observer):
    return Controller(observer.node, '/head_controller', SPEC.joints, SPEC.neutral * SPEC.si)


def test_the_controller_takes_every_command_and_the_joints_follow(observer, controller):
    robot = load('hardware', 'joint_trajectory', {
        'controller': '/head_controller', 'joint_states': '/head_controller/joint_states'}, SPEC)
    safety, ticks = Safety(SafetyConfig(), SPEC), [0]
    observer.wait_for_subscribers('/head_controller/joint_trajectory')
    with robot:
        def tick():
            ticks[0] += 1
            now_s = ticks[0] / 60
            zero = np.zeros(len(SPEC.names))
            target = Command(SPEC.names, pose(40.0), zero, zero, now_s)
            robot.write(safety.step(target, now_s), now_s)
        observer.wait_for(lambda: robot.read(0.0).enabled, 'the controller')
        timer = observer.node.create_timer(1 / 60, tick)
        observer.wait_for(lambda: abs(controller.position[PAN] / SPEC.si[PAN] - 40) < 0.5)
        observer.wait_for(lambda: abs(robot.read(0.0).position[PAN] - 40) < 0.5)
        observer.node.destroy_timer(timer)
        assert not robot.read(0.0).fault
    assert controller.accepted > 20
    assert controller.rejected == []


def test_it_stops_where_commands_stop(observer, controller):
    robot = load('hardware', 'joint_trajectory', {'controller': '/head_controller'}, SPEC)
    with robot:
        observer.wait_for(lambda: robot.read(0.0).enabled, 'the controller')
        velocity = np.zeros(len(SPEC.names))
        velocity[PAN] = 150.0
        robot.write(Command(SPEC.names, pose(3.0), velocity, 0 * velocity, 0.0), 0.0)
        stop = 3.0 + 150.0 ** 2 / (2 * SPEC.max_acceleration[PAN])
        observer.wait_for(lambda: abs(controller.position[PAN] / SPEC.si[PAN] - stop) < 0.1)
    assert controller.rejected == []


def test_without_a_controller_the_fault_is_named(observer):
    robot = load('hardware', 'joint_trajectory', {'controller': '/nobody'}, SPEC)
    with robot:
        state = robot.read(0.0)
        assert not state.enabled
        assert '/nobody/joint_trajectory' in state.fault
        listener = Controller(observer.node, '/nobody', SPEC.joints, SPEC.neutral)
        observer.wait_for(lambda: robot.read(0.0).enabled)
        assert listener.accepted == 0
    robot.disconnect()
    assert not robot.read(0.0).enabled
    with pytest.raises(RobotError, match='not connected'):
        robot.write(Command(SPEC.names, SPEC.neutral, SPEC.neutral, SPEC.neutral, 0.0), 0.0)


def states(observer, joints):
    """A timer that publishes positions of `joints` on /states."""
    publisher = observer.node.create_publisher(JointState, '/states', 10)
    message = JointState(name=list(joints), position=[0.25] * len(joints))
    return observer.node.create_timer(0.02, lambda: publisher.publish(message))


def test_it_begins_where_the_joints_are(observer):
    states(observer, SPEC.joints)
    with load('hardware', 'joint_trajectory', {'joint_states': '/states'}, SPEC) as robot:
        np.testing.assert_allclose(robot.read(0.0).position, 0.25 / SPEC.si)


def test_joints_that_are_not_heard_of_are_no_connection(observer, monkeypatch):
    monkeypatch.setattr('ros_animate.nodes.robots.joint_trajectory.FIRST_STATES_TIMEOUT_S', 0.2)
    robot = load('hardware', 'joint_trajectory', {'joint_states': '/states'}, SPEC)
    with pytest.raises(RobotError, match=f'/states says nothing of {SPEC.joints[0]}'):
        robot.connect()
    states(observer, SPEC.joints[:-1])
    monkeypatch.setattr('ros_animate.nodes.robots.joint_trajectory.FIRST_STATES_TIMEOUT_S', 1.0)
    with pytest.raises(RobotError, match=f'nothing of .*{SPEC.joints[-1]}:'):
        robot.connect()


def test_joint_states_that_cease_are_a_fault(observer):
    Controller(observer.node, '/head_controller', SPEC.joints, SPEC.neutral)
    timer = states(observer, SPEC.joints)
    robot = load('hardware', 'joint_trajectory', {
        'controller': '/head_controller', 'joint_states': '/states', 'state_timeout_s': 0.3}, SPEC)
    with robot:
        observer.wait_for(lambda: robot.read(0.0).enabled)
        timer.cancel()
        observer.wait_for(lambda: '/states' in robot.read(0.0).fault)


def test_the_hardware_node_drives_such_a_robot(processes, observer, controller, tmp_path):
    commands = observer.listen(CommandMessage, 'commands')
    processes.start('hardware_node', {'hardware': {
        'robot': 'servo_head', 'plugin': 'joint_trajectory', 'controller': '/head_controller',
        'estop_file': str(tmp_path / 'estop')}})
    processes.start('smoothing_node', {'smoothing': {'robot': 'servo_head'}})
    publisher = observer.node.create_publisher(ActionChunk, 'actions', 10)

    def act():
        now = observer.node.get_clock().now().nanoseconds * 1e-9
        header = Header(stamp=stamp_message(now))
        publisher.publish(JOINTS.chunk_to_message(
            Chunk(SPEC.names, pose(-30.0)[np.newaxis], 1 / 30, now), header))
    timer = observer.node.create_timer(1 / 30, act)
    observer.wait_for(lambda: abs(controller.position[PAN] / SPEC.si[PAN] + 30) < 0.5)
    observer.node.destroy_timer(timer)
    assert commands
    assert controller.rejected == []


def test_what_the_smoothing_node_publishes_is_accepted_as_it_is(processes, observer):
    """Without our hardware node: the trajectories drive a controller directly."""
    controller = Controller(observer.node, '/direct', SPEC.joints, SPEC.neutral * SPEC.si)
    processes.start('smoothing_node', {'smoothing': {'robot': 'servo_head'}},
                    remap=['joint_trajectory:=/direct/joint_trajectory'])
    publisher = observer.node.create_publisher(ActionChunk, 'actions', 10)

    def act():
        now = observer.node.get_clock().now().nanoseconds * 1e-9
        publisher.publish(JOINTS.chunk_to_message(Chunk(
            SPEC.names, pose(20 * np.sin(2 * now))[np.newaxis], 1 / 30, now),
            Header(stamp=stamp_message(now))))
    timer = observer.node.create_timer(1 / 30, act)
    observer.wait_for(lambda: controller.accepted > 60)
    observer.wait_for(lambda: abs(controller.position[PAN] / SPEC.si[PAN]) > 10)
    observer.node.destroy_timer(timer)
    observer.wait_for(lambda: controller.accepted > 0)
    # A busy machine may deliver a message after its last point; nothing else is wrong with any.
    assert set(controller.rejected) <= {'the end is in the past'}


def test_the_action_without_its_messages_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'control_msgs.action', None)
    robot = load('hardware', 'joint_trajectory', {'interface': 'action'}, SPEC)
    with pytest.raises(RobotError, match='apt install ros-jazzy-control-msgs'):
        robot.connect()
