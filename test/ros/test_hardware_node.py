"""The hardware node: life cycle, emergency stop, changed limits, and what may go wrong around it.

Whatever is done to the nodes, what they send keeps the robot's limits.
"""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import os
import signal
import threading

import numpy as np
import zmq
from helpers.ros_helpers import Process
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from ros_animate.msg import ActionChunk, Command
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.limits import MESSAGE_BYTES
from ros_animate.nodes.messages import Joints, stamp_message
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk as Chunk

SPEC = load_spec('ameca')
JOINTS = Joints.of(SPEC)
QUICK = {'stale_s': 0.3, 'neutral_after_s': 0.6, 'neutral_s': 0.2, 'takeover_s': 0.1}
STALL_S = SafetyConfig().stall_s
SMOOTHING = {'robot': 'ameca', 'stillness': 0.0}
ALLOWED = CoupledSet(SPEC, SPEC.low, SPEC.high)
YAW = SPEC.index('Head Yaw')
ERROR = 2


def position(message):
    return JOINTS.command_from_message(message).position


def looking(degrees):
    """A pose whose lips break all coupled limits at once where it looks to the left."""
    pose = SPEC.neutral.copy()
    pose[YAW] = degrees
    if degrees > 0:
        pose[[SPEC.index(limit.limited) for limit in SPEC.coupled]] = 0.0
        pose[SPEC.index('Jaw Pitch')] = 1.0
    return pose


class Policy:
    """Publishes one pose at 30 Hz, as a policy node does."""

    def __init__(self, observer, frame_id='camera', topic='actions'):
        self._node, self._frame_id = observer.node, frame_id
        self._publisher = observer.node.create_publisher(ActionChunk, topic, 10)
        self.pose = SPEC.neutral
        self.clock = lambda: observer.node.get_clock().now().nanoseconds * 1e-9
        self._timer = observer.node.create_timer(1 / 30, self.publish)

    def publish(self):
        now_s = self.clock()
        message = JOINTS.chunk_to_message(
            Chunk(SPEC.names, self.pose[np.newaxis], 1 / 30, now_s), self._header(now_s))
        self._publisher.publish(message)

    def stop(self):
        self._node.destroy_timer(self._timer)

    def _header(self, now_s):
        from std_msgs.msg import Header
        return Header(stamp=stamp_message(now_s), frame_id=self._frame_id)


@pytest.fixture
def hardware(processes, observer, tmp_path):
    """Function: starts smoothing and hardware in one process; gives (process, commands)."""
    def start(**options):
        process = processes.start('composed_node', {
            'hardware': {'robot': 'ameca', 'estop_file': str(tmp_path / 'estop'), **QUICK,
                         **options},
            'smoothing': SMOOTHING}, arguments=['camera', 'motion', 'animation', 'policy'])
        return process, observer.listen(Command, 'commands')
    return start


def keeps_limits(commands, since=0):
    """What was sent keeps ranges, coupled limits and, as far as times of arrival show, velocities.

    On a busy machine a command may be sent a little after its tick. No tick moves farther than in
    `stall_s`, and over many ticks the lateness of the first and of the last are what is left.
    """
    sent = commands[since:]
    times = np.array([m.sent.sec + 1e-9 * m.sent.nanosec for m in sent])
    positions = np.array([position(m) for m in sent])
    assert len(sent) > 3
    assert (positions >= SPEC.low - 1e-6).all() and (positions <= SPEC.high + 1e-6).all()
    assert (positions @ ALLOWED.matrix.T <= ALLOWED.bound + 1e-6).all()
    assert (np.abs(np.diff(positions, axis=0)) <= SPEC.max_velocity * STALL_S + 1e-6).all()
    for ticks in (30, 100):
        way = np.abs(positions[ticks:] - positions[:-ticks])
        passed_s = (times[ticks:] - times[:-ticks])[:, np.newaxis]
        assert (way <= SPEC.max_velocity * (passed_s + STALL_S) + 1e-6).all()


def test_it_comes_up_by_itself(hardware, observer):
    _, commands = hardware()
    observer.wait_for(lambda: len(commands) > 5)
    assert state_of(observer) == 'active'


def state_of(observer):
    return observer.call(GetState, 'hardware/get_state', GetState.Request()).current_state.label


def change(observer, label):
    """True if the transition was made, also if the answer to that was lost."""
    before = state_of(observer)
    request = ChangeState.Request(transition=Transition(label=label))
    done = observer.call(ChangeState, 'hardware/change_state', request).success
    return done or state_of(observer) != before


def test_the_life_cycle_is_managed_from_outside(hardware, observer):
    _, commands = hardware(autostart=False)
    states = observer.listen(JointState, 'joint_states')
    policy = Policy(observer)
    assert not change(observer, 'activate')  # not configured yet
    assert change(observer, 'configure')
    observer.wait_for(lambda: len(states) > 10)
    assert not commands
    assert change(observer, 'activate')
    policy.pose = looking(20)
    observer.wait_for(lambda: commands and abs(position(commands[-1])[YAW] - 20) < 0.1)
    assert change(observer, 'deactivate')
    np.testing.assert_allclose(position(commands[-1]), SPEC.neutral, atol=1e-3)
    count, received = len(commands), len(states)
    observer.wait_for(lambda: len(states) > received + 20)
    assert len(commands) <= count + 1
    assert change(observer, 'activate')
    observer.wait_for(lambda: abs(position(commands[-1])[YAW] - 20) < 0.1)
    assert change(observer, 'deactivate') and change(observer, 'cleanup')
    assert change(observer, 'configure') and change(observer, 'activate')
    keeps_limits(commands)


def test_a_lost_robot_leads_through_the_error_state_and_back(processes, observer, tmp_path):
    plug = tmp_path / 'plug'
    plug.touch()
    commands = observer.listen(Command, 'commands')
    processes.start('hardware_node', {'hardware': {
        'plugin': 'fragile', 'plug': str(plug), 'robot': 'ameca', 'autostart': False,
        'estop_file': str(tmp_path / 'estop')}})
    assert change(observer, 'configure') and change(observer, 'activate')
    observer.wait_for(lambda: len(commands) > 10)
    plug.unlink()
    observer.wait_for(lambda: state_of(observer) == 'unconfigured')
    assert not change(observer, 'configure')
    plug.touch()
    assert change(observer, 'configure') and change(observer, 'activate')
    before = len(commands)
    observer.wait_for(lambda: len(commands) > before + 10)


def test_emergency_stop_by_service_survives_a_restart(hardware, observer):
    process, commands = hardware()
    status, stopped = observer.diagnostics(), observer.listen(Bool, 'hardware/estopped')
    policy = Policy(observer)
    policy.pose = looking(25)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 24)
    policy.pose = looking(-25)
    assert observer.call(Trigger, 'hardware/estop', Trigger.Request()).success
    since = len(commands)
    observer.wait_for(lambda: len(commands) > since + 30)
    where = {position(m)[YAW] for m in commands[since + 2:]}
    assert len(where) == 1
    observer.wait_for(lambda: status('hardware')[:2] == (ERROR, 'emergency stop'))
    process.stop(signal.SIGKILL)
    since = len(commands)
    _, commands = hardware()
    observer.wait_for(lambda: len(commands) > since + 30)
    assert len({tuple(position(m)) for m in commands[since + 1:]}) == 1
    assert observer.call(Trigger, 'hardware/reset_estop', Trigger.Request()).success
    observer.wait_for(lambda: position(commands[-1])[YAW] < -24, 'motion after the reset')
    observer.wait_for(lambda: stopped and not stopped[-1].data)


def test_emergency_stop_by_topic(hardware, observer):
    _, commands = hardware()
    policy = Policy(observer)
    policy.pose = looking(25)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 24)
    publisher = observer.node.create_publisher(Bool, 'estop', 10)
    observer.wait_for_subscribers('estop')
    publisher.publish(Bool(data=True))
    stopped = observer.listen(Bool, 'hardware/estopped')
    status = observer.diagnostics()
    observer.wait_for(lambda: status('hardware')[1] == 'emergency stop')
    publisher.publish(Bool(data=False))
    policy.pose = looking(-25)
    since = len(commands)
    observer.wait_for(lambda: len(commands) > since + 60)
    assert position(commands[-1])[YAW] > 20
    assert all(message.data for message in stopped)


def set_limit(observer, **values):
    kinds = {float: (ParameterType.PARAMETER_DOUBLE, 'double_value'),
             list: (ParameterType.PARAMETER_STRING_ARRAY, 'string_array_value')}
    parameters = []
    for name, value in values.items():
        kind, field = kinds[type(value)]
        parameters.append(Parameter(name=name, value=ParameterValue(type=kind, **{field: value})))
    return observer.call(SetParameters, 'hardware/set_parameters',
                         SetParameters.Request(parameters=parameters)).results[0]


def test_limits_are_tightened_while_it_runs_and_never_loosened(hardware, observer):
    _, commands = hardware()
    policy = Policy(observer)
    policy.pose = looking(25)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 24)
    assert set_limit(observer, ranges=['Head Yaw=-10:10']).successful
    observer.wait_for(lambda: abs(position(commands[-1])[YAW] - 10) < 0.01)
    assert not set_limit(observer, ranges=['Head Yaw=-40:40']).successful
    assert not set_limit(observer, velocity_scale=1.5).successful
    assert set_limit(observer, velocity_scale=0.05).successful
    policy.pose = looking(-25)
    observer.wait_for(lambda: abs(position(commands[-1])[YAW] + 10) < 0.01)
    keeps_limits(commands)


@pytest.mark.parametrize('victim', ['policy', 'smoothing', 'hardware'])
def test_a_killed_node_is_survived(processes, observer, tmp_path, victim):
    def start(name):
        return processes.start(f'{name}_node', {name: options[name]})
    options = {'smoothing': SMOOTHING, 'hardware': {
        'robot': 'ameca', 'estop_file': str(tmp_path / 'estop'), **QUICK}}
    running = {name: start(name) for name in options}
    commands = observer.listen(Command, 'commands')
    # Heard from the start: DDS may find this listener later than the nodes find one another.
    observer.wait_for(lambda: len(commands) > 5)
    policy = Policy(observer)
    policy.pose = looking(25)
    observer.wait_for(lambda: position(commands[-1])[YAW] > 24)
    if victim == 'policy':
        policy.stop()
    else:
        running[victim].stop(signal.SIGKILL)
    if victim != 'hardware':
        observer.wait_for(lambda: np.allclose(position(commands[-1]), SPEC.neutral, atol=1e-6),
                          'neutral')
    keeps_limits(commands)
    since = len(commands)
    if victim == 'policy':
        policy = Policy(observer)
        policy.pose = looking(25)
    else:
        start(victim)
    observer.wait_for(lambda: len(commands) > since + 5
                      and position(commands[-1])[YAW] > 24, 'recovery')
    keeps_limits(commands, since)


def test_a_stopped_process_goes_on_without_a_jump(hardware, observer):
    process, commands = hardware()
    policy = Policy(observer)
    policy.pose = looking(25)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 24)
    os.kill(process.pid, signal.SIGSTOP)
    policy.pose = looking(-25)
    seen = len(commands)
    # Half a second in which nothing can come.
    waited = threading.Event()
    timer = observer.node.create_timer(0.5, waited.set)
    observer.wait_for(waited.is_set)
    observer.node.destroy_timer(timer)
    os.kill(process.pid, signal.SIGCONT)
    observer.wait_for(lambda: position(commands[-1])[YAW] < -24)
    assert position(commands[seen + 1])[YAW] > 20
    keeps_limits(commands)


def test_two_sources_at_once_and_one_that_takes_over(hardware, observer):
    _, commands = hardware(takeover_s=0.6)
    first, status = Policy(observer), observer.diagnostics()
    first.pose = looking(20)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 19)
    second = Policy(observer, frame_id='other_camera')
    second.pose = looking(-20)
    observer.wait_for(lambda: int(status('hardware')[2].get('takeovers', 0)) >= 2)
    first.stop()
    observer.wait_for(lambda: position(commands[-1])[YAW] < -19)
    keeps_limits(commands)


def test_a_simulated_clock_that_jumps_and_loops(hardware, observer, monkeypatch):
    monkeypatch.setitem(SMOOTHING, 'use_sim_time', True)
    _, commands = hardware(use_sim_time=True)
    clock = observer.node.create_publisher(Clock, 'clock', 10)
    time_s = [1000.0]

    def tick():
        time_s[0] += 0.01
        clock.publish(Clock(clock=stamp_message(time_s[0])))
    observer.node.create_timer(0.01, tick)
    policy = Policy(observer)
    policy.clock = lambda: time_s[0]
    for jump_s, degrees in ((0.0, 25), (-500.0, -25), (+3600.0, 25), (-900.0, -25)):
        time_s[0] += jump_s
        policy.pose = looking(degrees)
        observer.wait_for(lambda expected=degrees: commands and abs(
            position(commands[-1])[YAW] - expected) < 1, f'after a jump of {jump_s} s')
    positions = np.array([position(m) for m in commands])
    # Ticks are those of the real clock, which no jump changes.
    assert (np.abs(np.diff(positions, axis=0)) <= SPEC.max_velocity * STALL_S + 1e-6).all()


def test_a_subscriber_of_the_wire_that_stalls_does_not_stall_the_robot(processes, observer,
                                                                     tmp_path):
    address = f'ipc://{tmp_path}/wire'
    commands = observer.listen(Command, 'commands')
    process = processes.start('hardware_node', {'hardware': {
        'robot': 'ameca_zmq', 'address': address, 'estop_file': str(tmp_path / 'estop')}})
    with zmq.Context.instance().socket(zmq.SUB) as socket:
        socket.set(zmq.RCVHWM, 1)
        socket.set(zmq.RCVTIMEO, 30000)
        socket.set(zmq.SUBSCRIBE, b'')
        socket.set(zmq.LINGER, 0)
        socket.connect(address)
        assert len(socket.recv_multipart()) == 30
        seen = len(commands)
        observer.wait_for(lambda: len(commands) > seen + 200)  # it reads nothing meanwhile
    assert isinstance(process, Process) and process.is_running()
    assert process.stop() == 0


def test_after_a_crash_a_robot_that_cannot_tell_starts_where_it_was_sent(processes, observer,
                                                                       tmp_path):
    commands = observer.listen(Command, 'commands')
    options = {'robot': 'ameca_zmq', 'address': f'ipc://{tmp_path}/wire',
               'estop_file': str(tmp_path / 'estop')}
    process = processes.start('hardware_node', {'hardware': options})
    processes.start('smoothing_node', {'smoothing': SMOOTHING})
    policy = Policy(observer)
    policy.pose = looking(25)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 24)
    process.stop(signal.SIGKILL)
    policy.stop()
    last, since = position(commands[-1]), len(commands)
    processes.start('hardware_node', {'hardware': options})
    observer.wait_for(lambda: len(commands) > since)
    first = position(commands[since])
    assert (np.abs(first - last) <= SPEC.max_velocity * STALL_S).all()
    observer.wait_for(lambda: np.allclose(position(commands[-1]), SPEC.neutral, atol=1e-3))
    keeps_limits(commands)


def test_targets_that_are_not_finite_are_silence(hardware, observer):
    _, commands = hardware()
    policy, status = Policy(observer), observer.diagnostics()
    policy.pose = looking(25)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 24)
    policy.pose = np.full(30, np.nan)
    observer.wait_for(lambda: np.allclose(position(commands[-1]), SPEC.neutral, atol=1e-6))
    observer.wait_for(lambda: float(status('smoothing')[2].get('rejected', 0)) > 10)
    policy.pose = looking(25)
    observer.wait_for(lambda: position(commands[-1])[YAW] > 24, 'recovery')
    keeps_limits(commands)


def test_a_frame_id_that_changes_all_the_time_does_not_hold_the_robot(hardware, observer):
    _, commands = hardware(takeover_s=0.6)
    policy, status = Policy(observer), observer.diagnostics()

    def publish(plain=policy.publish):
        policy._frame_id = f'camera_{policy.clock()}'
        plain()
    policy.stop()
    timer = observer.node.create_timer(1 / 30, publish)
    for degrees in (25, -25, 25):
        policy.pose = looking(degrees)
        observer.wait_for(lambda: commands and abs(position(commands[-1])[YAW] - degrees) < 1,  # noqa: B023
                          f'{degrees} degrees')
    observer.wait_for(lambda: 'frame_id' in status('hardware')[1])
    observer.node.destroy_timer(timer)
    keeps_limits(commands)


def test_a_huge_message_is_refused_by_its_length_before_it_is_taken_apart(hardware, observer):
    _, commands = hardware()
    policy, status = Policy(observer), observer.diagnostics()
    policy.pose = looking(25)
    publisher = observer.node.create_publisher(JointTrajectory, 'joint_trajectory', 10)
    observer.wait_for(lambda: commands and position(commands[-1])[YAW] > 24)
    observer.wait_for_subscribers('joint_trajectory')
    message = JointTrajectory(joint_names=['a'] * (MESSAGE_BYTES // 4))

    def is_rejected():
        return float(status('hardware')[2].get('rejected', 0)) > 0
    # Of its many packets one may be lost, and the message with it.
    observer.wait_for(lambda: publisher.publish(message) or observer.comes_true(is_rejected, 1.5))
    assert f'at most {MESSAGE_BYTES} are taken' in status('hardware')[2]['last_rejected']
    count = len(commands)
    observer.wait_for(lambda: len(commands) > count + 60)
    keeps_limits(commands)
