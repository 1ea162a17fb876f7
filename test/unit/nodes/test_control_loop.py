"""The control loop: time is an argument, and no ROS is needed."""
import threading

import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.last_pose import LastPose
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.nodes.control_loop import ControlLoop
from ros_animate.nodes.robot_link import RobotLink
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command, RobotState

SPEC = load_spec('mock')
YAW = SPEC.index('Head Yaw')
ZERO = np.zeros(len(SPEC.names))
TICK_S = 1 / 60


class Recorder(Robot):
    """A robot that keeps its commands and can be unplugged."""

    measures = True

    def __init__(self):
        self.position = SPEC.neutral.copy()
        self.commands, self.is_plugged = [], True

    def connect(self):
        pass

    def disconnect(self):
        pass

    def write(self, command, now_s):
        if not self.is_plugged:
            raise RobotError('unplugged')
        self.commands.append(command)
        self.position = command.position
        return command

    def read(self, now_s):
        if not self.is_plugged:
            raise RobotError('unplugged')
        return RobotState(SPEC.names, self.position, ZERO, now_s)


class Clock:
    """Ticks a loop at 60 Hz."""

    def __init__(self, loop, now_s=100.0):
        self.loop, self.now_s, self.steady_s = loop, now_s, 5.0

    def tick(self, count=1, step_s=TICK_S):
        for _ in range(count):
            self.now_s += step_s
            self.steady_s += TICK_S
            tick = self.loop.tick(self.now_s, self.steady_s)
        return tick

    def follow(self, yaw):
        pose = SPEC.neutral.copy()
        pose[YAW] = yaw
        self.loop.follow([(self.now_s, Command(SPEC.names, pose, ZERO, ZERO, self.now_s))], 'test',
                         self.steady_s)


@pytest.fixture
def robot():
    return Recorder()


@pytest.fixture
def loop(robot, tmp_path):
    link = RobotLink(robot)
    link.connect()
    loop = ControlLoop(Safety(SafetyConfig(takeover_s=0.0), SPEC), link,
                       LastPose(tmp_path / 'robot.pose', SPEC), SPEC)
    loop.activate(100.0)
    return loop


def turn(clock, yaw, ticks=120):
    for _ in range(ticks):
        clock.follow(yaw)
        tick = clock.tick()
    return tick


def test_the_robot_follows_the_trajectory(loop):
    tick = turn(Clock(loop), 10.0)
    assert tick.sent.position[YAW] == pytest.approx(10.0, abs=0.01)
    assert tick.state.position[YAW] == tick.sent.position[YAW]


def test_an_inactive_loop_reads_only(robot, tmp_path):
    link = RobotLink(robot)
    link.connect()
    loop = ControlLoop(Safety(SafetyConfig(), SPEC), link,
                       LastPose(tmp_path / 'robot.pose', SPEC), SPEC)
    tick = Clock(loop).tick()
    assert tick.sent is None and tick.state is not None and not robot.commands


def test_it_begins_where_the_robot_is(robot, loop):
    robot.position = SPEC.neutral.copy()
    robot.position[YAW] = 7.0
    loop.activate(100.0)
    assert Clock(loop).tick().sent.position[YAW] == pytest.approx(7.0)


def test_rest_waits_for_the_pose(loop):
    clock = Clock(loop)
    turn(clock, 10.0)
    result = []
    thread = threading.Thread(target=lambda: result.append(loop.rest('neutral', 60.0)))
    thread.start()
    while thread.is_alive():
        tick = clock.tick()
    thread.join()
    assert result == [True] and not loop.active
    assert clock.tick().sent is None
    np.testing.assert_allclose(tick.state.position, SPEC.neutral, atol=1e-3)


def test_rest_gives_up_after_its_time(loop):
    assert not loop.rest('park', 0.01)
    assert not loop.active


def test_a_disabled_loop_goes_to_neutral_and_then_sends_nothing(loop):
    clock = Clock(loop)
    turn(clock, 10.0)
    loop.set_enabled(False)
    tick = clock.tick(300)
    assert tick.sent is None
    np.testing.assert_allclose(tick.state.position, SPEC.neutral, atol=1e-3)
    loop.set_enabled(True)
    assert turn(clock, 10.0).sent.position[YAW] == pytest.approx(10.0, abs=0.01)


def test_a_clock_that_is_set_back_ends_the_trajectory(loop):
    clock = Clock(loop)
    turn(clock, 10.0)
    clock.now_s -= 50.0
    assert abs(clock.tick(30).sent.position[YAW] - 10.0) < 0.5
    turn(clock, -10.0)
    assert clock.tick().sent.position[YAW] == pytest.approx(-10.0, abs=0.1)


def test_on_a_clock_that_stands_still_silence_is_noticed(loop):
    clock = Clock(loop)
    turn(clock, 10.0)
    tick = clock.tick(60 * 10, step_s=0.0)
    np.testing.assert_allclose(tick.sent.position, SPEC.neutral, atol=1e-3)


def test_an_unplugged_robot_gives_no_result(robot, loop):
    robot.is_plugged = False
    tick = Clock(loop).tick()
    assert (tick.sent, tick.state) == (None, None)


def test_points_that_are_not_in_order_are_refused(loop):
    command = Command(SPEC.names, SPEC.neutral, ZERO, ZERO, 1.0)
    with pytest.raises(ValueError, match='increase'):
        loop.follow([(2.0, command), (1.0, command)], 'test', 1.0)


def test_in_manual_mode_a_person_moves_the_robot_and_not_the_trajectory(loop):
    clock = Clock(loop)
    turn(clock, 10.0)
    assert loop.set_manual(True, clock.steady_s).startswith('on')
    loop.move_manually(['Head Yaw'], [-5.0], clock.steady_s)
    assert turn(clock, 10.0).sent.position[YAW] == pytest.approx(-5.0, abs=0.01)


def test_the_manual_mode_begins_and_ends_without_a_jump(loop):
    clock = Clock(loop)
    before = turn(clock, 10.0).sent.position[YAW]
    loop.set_manual(True, clock.steady_s)
    assert turn(clock, -20.0).sent.position[YAW] == pytest.approx(before, abs=0.01)
    loop.set_manual(False, clock.steady_s)
    positions = [turn(clock, -20.0, 1).sent.position[YAW] for _ in range(200)]
    largest = SPEC.max_velocity[YAW] / 60 * 1.01
    assert np.abs(np.diff([before, *positions])).max() < largest
    assert positions[-1] == pytest.approx(-20.0, abs=0.01)


def test_manual_targets_keep_the_limits_and_part_of_the_velocity(robot, tmp_path):
    link = RobotLink(robot)
    link.connect()
    loop = ControlLoop(Safety(SafetyConfig(takeover_s=0.0), SPEC), link,
                       LastPose(tmp_path / 'robot.pose', SPEC), SPEC, manual_speed=0.1)
    loop.activate(100.0)
    clock = Clock(loop)
    clock.tick()
    loop.set_manual(True, clock.steady_s)
    loop.move_manually(['Head Yaw'], [1e5], clock.steady_s)
    positions = [clock.tick().sent.position[YAW] for _ in range(240)]
    assert positions[-1] == pytest.approx(SPEC.high[YAW])
    assert np.abs(np.diff(positions)).max() <= 0.1 * SPEC.max_velocity[YAW] / 60 * 1.2


def test_a_silent_hand_leads_to_neutral_and_not_back_to_the_policy(loop):
    clock = Clock(loop)
    turn(clock, 10.0)
    loop.set_manual(True, clock.steady_s)
    loop.move_manually(['Head Yaw'], [5.0], clock.steady_s)
    tick = turn(clock, 10.0, 60 * 15)
    assert loop.manual
    assert tick.sent.position[YAW] == pytest.approx(SPEC.neutral[YAW])
    loop.move_manually(['Head Yaw'], [5.0], clock.steady_s)
    assert turn(clock, 10.0).sent.position[YAW] == pytest.approx(5.0, abs=0.01)


def test_after_an_emergency_stop_the_hand_holds_where_the_robot_stands(loop):
    clock = Clock(loop)
    turn(clock, 10.0)
    loop.set_manual(True, clock.steady_s)
    loop.move_manually(['Head Yaw'], [-20.0], clock.steady_s)
    turn(clock, 10.0, 5)
    loop.estop()
    stopped = turn(clock, 10.0).sent.position[YAW]
    loop.reset_estop()
    assert turn(clock, 10.0).sent.position[YAW] == pytest.approx(stopped, abs=0.01)


def test_a_stopped_or_disabled_robot_refuses_the_manual_mode(loop):
    loop.estop()
    assert loop.set_manual(True, 1.0) == 'refused: emergency stop'
    loop.reset_estop()
    loop.set_enabled(False)
    assert loop.set_manual(True, 1.0) == 'refused: disabled' and not loop.manual


def test_a_target_that_is_not_finite_or_of_no_control_is_refused(loop):
    loop.set_manual(True, 1.0)
    with pytest.raises(ValueError, match='finite'):
        loop.move_manually(['Head Yaw'], [np.nan], 1.0)
    with pytest.raises(ConfigurationError, match='no control'):
        loop.move_manually(['Tail'], [0.0], 1.0)
