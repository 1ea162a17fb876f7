"""Action FollowJointTrajectory of the hardware node: real goals through the safety layer."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import importlib.util

import numpy as np
import rclpy
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from helpers.message_packages import message_environment, use_messages
from helpers.ros_helpers import RESEND_S, Observer, Processes
from rclpy.action import ActionClient
from rclpy.context import Context
from ros_animate.msg import Command
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ros_animate.nodes.messages import Joints, duration_message
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command as CoreCommand

# Builds control_msgs once, where no ROS installation has it.
pytestmark = pytest.mark.slow
SPEC = load_spec('servo_head')
JOINTS = Joints.of(SPEC)
PAN, TILT = SPEC.index('Head Pan'), SPEC.index('Head Tilt')
QUICK = {'takeover_s': 0.1, 'stale_s': 0.3, 'neutral_after_s': 60.0}


class Client:
    """A client of the action, and what the robot was told."""

    def __init__(self, observer, action_type):
        self.observer, self.type = observer, action_type
        self.commands = observer.listen(Command, 'commands')
        self.feedback = []
        self._client = ActionClient(observer.node, action_type, 'hardware/follow_joint_trajectory')
        observer.wait_for(self._client.server_is_ready, 'the action')
        observer.wait_for(lambda: self.commands, 'commands')

    def send(self, points, joints=('head_pan',), **goal):
        """Sends a goal of (after_s, degrees, …) points; returns its handle.

        On a busy machine the answer may be lost: then another goal replaces the first one.
        """
        trajectory = JointTrajectory(joint_names=list(joints), points=[
            JointTrajectoryPoint(positions=np.radians(degrees).tolist(),
                                 time_from_start=duration_message(after_s))
            for after_s, *degrees in points])
        def sent():
            return self._client.send_goal_async(self.type.Goal(trajectory=trajectory, **goal),
                                                lambda m: self.feedback.append(m))
        future = sent()
        if not self.observer.comes_true(future.done, RESEND_S):
            future = sent()
        self.observer.wait_for(future.done, 'an answer')
        return future.result()

    def result(self, handle):
        """(status, error_code, error_string) of a goal."""
        future = handle.get_result_async()
        self.observer.wait_for(future.done, 'a result')
        answer = future.result()
        return answer.status, answer.result.error_code, answer.result.error_string

    def position(self):
        return JOINTS.command_from_message(self.commands[-1]).position


@pytest.fixture(scope='module')
def client(environment, tmp_path_factory):
    if importlib.util.find_spec('control_msgs') is None:
        use_messages('control_msgs')
        environment = message_environment(['control_msgs'], environment)
    from control_msgs.action import FollowJointTrajectory
    folder, context = tmp_path_factory.mktemp('action'), Context()
    processes = Processes(environment, folder)
    rclpy.init(context=context, domain_id=int(environment['ROS_DOMAIN_ID']))
    observer = Observer(context)
    process = processes.start('hardware_node', {'hardware': {
        'robot': 'servo_head', 'estop_file': str(folder / 'estop'), **QUICK}})
    try:
        client = Client(observer, FollowJointTrajectory)
        client.process = process
        yield client
        # The limits hold whatever the goals were.
        keeps_limits(client.commands)
    finally:
        processes.stop()
        observer.close()
        rclpy.shutdown(context=context)


def keeps_limits(messages):
    sent = [JOINTS.command_from_message(m) for m in messages]
    for name, limit in (('velocity', SPEC.max_velocity), ('acceleration', SPEC.max_acceleration)):
        assert (np.abs([getattr(c, name) for c in sent]).max(0) <= limit * (1 + 1e-6)).all()
    positions = np.array([c.position for c in sent])
    assert (positions >= SPEC.low - 1e-6).all() and (positions <= SPEC.high + 1e-6).all()


def tolerance(client, **values):
    from control_msgs.msg import JointTolerance
    return [JointTolerance(name=name, position=value) for name, value in values.items()]


def test_a_goal_of_some_joints_is_followed_and_the_others_stay(client):
    before = client.position()
    handle = client.send([(0.6, 10.0, 5.0), (1.2, 30.0, -5.0)], ('head_pan', 'head_tilt'))
    assert handle.accepted
    assert client.result(handle) == (GoalStatus.STATUS_SUCCEEDED, 0, '')
    assert client.position()[[PAN, TILT]] == pytest.approx([30, -5], abs=1.2)
    others = [i for i in range(len(SPEC.names)) if i not in (PAN, TILT)]
    assert client.position()[others] == pytest.approx(before[others])
    client.observer.wait_for(lambda: client.feedback)
    feedback = client.feedback[-1].feedback
    assert feedback.joint_names == list(SPEC.joints)
    assert np.subtract(feedback.desired.positions, feedback.actual.positions) == pytest.approx(
        feedback.error.positions, abs=1e-9)


@pytest.mark.parametrize('points, joints, reason', [
    ([(1.0, 10.0)], ('head_pam',), "joints of another robot, or twice: ['head_pam']"),
    ([(1.0, 10.0, 5.0)], ('head_pan', 'head_pan'), 'or twice'),
    ([(1.0, 70.0)], ('head_pan',), 'head_pan is to go to 70, its range is -60 to 60'),
    ([(1.0, 5.0), (0.5, 6.0)], ('head_pan',), 'do not increase'),
    ([(1.0, 5.0, 6.0)], ('head_pan',), '2 positions for 1 joints'),
    ([(1.0, float('nan'))], ('head_pan',), 'positions'),
    ([], ('head_pan',), 'a trajectory without points')])
def test_what_cannot_be_followed_is_rejected_with_a_reason(client, points, joints, reason):
    assert not client.send(points, joints).accepted
    client.observer.wait_for(lambda: any(
        'goal rejected: ' in line and reason in line
        for line in client.process.output().splitlines()), reason)


def test_a_goal_is_cancelled_and_the_robot_stays(client):
    handle = client.send([(30.0, -50.0)])
    feedback = client.feedback
    client.observer.wait_for(lambda: feedback and feedback[-1].feedback.header.stamp.sec)
    future = handle.cancel_goal_async()
    client.observer.wait_for(future.done)
    assert client.result(handle) == (GoalStatus.STATUS_CANCELED, 0, 'cancelled')
    since, where = len(client.commands), client.position()[PAN]
    client.observer.wait_for(lambda: len(client.commands) > since + 20)
    assert client.position()[PAN] == pytest.approx(where, abs=3.0)


def test_a_newer_goal_replaces_the_present_one(client):
    first = client.send([(30.0, -50.0)])
    second = client.send([(0.5, 15.0)])
    assert client.result(first) == (GoalStatus.STATUS_ABORTED, -1, 'replaced by a newer goal')
    assert client.result(second)[:2] == (GoalStatus.STATUS_SUCCEEDED, 0)
    assert client.position()[PAN] == pytest.approx(15, abs=1.5)


def test_limits_make_a_goal_late_and_it_is_told(client):
    """A turn of 75 degrees takes at least 0.4 s."""
    handle = client.send([(0.05, -60.0)], goal_time_tolerance=Duration(nanosec=20_000_000))
    status, code, text = client.result(handle)
    assert (status, code) == (GoalStatus.STATUS_ABORTED, -5)
    assert text.startswith('head_pan is ') and '0.02 s after the end' in text


def test_the_path_tolerance_of_a_joint(client):
    handle = client.send([(0.3, -55.0), (0.5, 55.0), (3.0, 55.0)], goal_tolerance=tolerance(
        client, head_pan=-1.0), path_tolerance=tolerance(client, head_pan=np.radians(10.0)))
    status, code, text = client.result(handle)
    assert (status, code) == (GoalStatus.STATUS_ABORTED, -4) and 'on the path, allowed 10' in text
    assert not client.send([(1.0, 0.0)], goal_tolerance=tolerance(client, nose=1.0)).accepted


def test_manual_mode_and_emergency_stop_end_a_goal(client):
    observer = client.observer
    handle = client.send([(30.0, -50.0)])
    assert observer.call(SetBool, 'hardware/set_manual', SetBool.Request(data=True)).success
    assert client.result(handle) == (GoalStatus.STATUS_ABORTED, -1, 'ended: manual mode')
    assert not client.send([(1.0, 0.0)]).accepted
    assert observer.call(SetBool, 'hardware/set_manual', SetBool.Request(data=False)).success
    handle = client.send([(30.0, -50.0)])
    assert observer.call(Trigger, 'hardware/estop', Trigger.Request()).success
    assert client.result(handle) == (GoalStatus.STATUS_ABORTED, -1, 'ended: emergency stop')
    assert observer.call(Trigger, 'hardware/reset_estop', Trigger.Request()).success
    assert client.result(client.send([(0.5, 10.0)]))[0] == GoalStatus.STATUS_SUCCEEDED


def test_trajectories_on_the_topic_wait_for_the_end_of_a_goal(client):
    observer = client.observer
    publisher = observer.node.create_publisher(JointTrajectory, 'joint_trajectory', 10)

    def publish():
        message = JointTrajectory(joint_names=list(SPEC.joints), points=[JointTrajectoryPoint(
            positions=(np.where(np.arange(len(SPEC.names)) == PAN, -30.0, SPEC.neutral)
                       * SPEC.si).tolist(), time_from_start=duration_message(0.3))])
        message.header.stamp = observer.node.get_clock().now().to_msg()
        publisher.publish(message)
    timer = observer.node.create_timer(0.05, publish)
    observer.wait_for(lambda: abs(client.position()[PAN] + 30) < 1.0, 'the topic')
    handle = client.send([(0.8, 40.0)])
    assert client.result(handle)[0] == GoalStatus.STATUS_SUCCEEDED
    observer.wait_for(lambda: abs(client.position()[PAN] + 30) < 1.0, 'the topic again')
    observer.node.destroy_timer(timer)


def send_until(client, robot, pan, is_there):
    """Writes one pose at 60 Hz, as the loop of a hardware node does."""
    zero, target = np.zeros(len(SPEC.names)), SPEC.neutral.copy()
    target[PAN] = pan
    timer = client.observer.node.create_timer(
        1 / 60, lambda: robot.write(CoreCommand(SPEC.names, target, zero, zero, 0.0), 0.0))
    try:
        client.observer.wait_for(is_there)
    finally:
        client.observer.node.destroy_timer(timer)


def test_the_joint_trajectory_robot_uses_the_action(client):
    """The hardware node is the controller here."""
    robot = load('hardware', 'joint_trajectory', {
        'controller': '/hardware', 'interface': 'action', 'joint_states': '/joint_states'}, SPEC)
    with robot:
        client.observer.wait_for(lambda: robot.read(0.0).enabled, 'the controller')
        send_until(client, robot, 25.0, lambda: abs(robot.read(0.0).position[PAN] - 25) < 0.7)
        assert not robot.read(0.0).fault
        # What it refuses is a fault, and later goals are a recovery.
        send_until(client, robot, 75.0, lambda: 'rejects the goals' in robot.read(0.0).fault)
        assert '/hardware/follow_joint_trajectory' in robot.read(0.0).fault
        send_until(client, robot, 0.0, lambda: not robot.read(0.0).fault)


def test_without_a_controller_the_action_is_named(client):
    robot = load('hardware', 'joint_trajectory', {
        'controller': '/nobody', 'interface': 'action'}, SPEC)
    with robot:
        assert '/nobody/follow_joint_trajectory' in robot.read(0.0).fault
        zero = np.zeros(len(SPEC.names))
        robot.write(CoreCommand(SPEC.names, SPEC.neutral, zero, zero, 0.0), 0.0)
