"""Moving one control by hand, with a clock that the test sets."""
import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.jog import SPEED_SCALE, jog
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import RobotState

SPEC = load_spec('ameca')


class Recorder(Robot):
    """A robot that records its commands."""

    def __init__(self, start=SPEC.neutral, faults=()):
        self.connected, self.times, self.positions = False, [], []
        self.start, self.faults = start, list(faults)

    def connect(self):
        self.connected = True

    def disconnect(self):
        self.connected = False

    def write(self, command, now_s):
        assert self.connected
        self.times.append(now_s)
        self.positions.append(command.position)
        return command

    def read(self, now_s):
        fault = self.faults.pop(0) if self.faults else ''
        return RobotState(SPEC.names, self.start, 0 * SPEC.neutral, now_s, fault=fault)


def run(control, value, hold_s=0.5, robot=None):
    now = [5.0]
    robot = robot or Recorder()
    held = jog(robot, SPEC, control, value, hold_s, clock=lambda: now[0],
               sleep=lambda seconds: now.__setitem__(0, now[0] + max(seconds, 1e-3)))
    return robot, held


def test_goes_there_slowly_holds_and_comes_back():
    robot, held = run('Head Yaw', 20.0)
    i, positions = SPEC.index('Head Yaw'), np.array(robot.positions)
    assert held == pytest.approx(20.0)
    assert (np.abs(positions[:, i] - 20.0) < 1e-6).sum() >= 0.5 * 60
    np.testing.assert_allclose(positions[-1], SPEC.neutral, atol=1e-5)
    assert np.abs(np.diff(positions[:, i])).max() * 60 <= SPEED_SCALE * SPEC.max_velocity[i] * 1.001
    np.testing.assert_allclose(np.delete(positions, i, axis=1),
                               np.tile(np.delete(SPEC.neutral, i), (len(positions), 1)), atol=1e-9)
    assert not robot.connected


def test_begins_where_the_robot_is():
    start, i = SPEC.neutral.copy(), SPEC.index('Head Yaw')
    start[i] = -25.0
    robot, held = run('Head Roll', 5.0, robot=Recorder(start))
    assert held == pytest.approx(5.0)
    yaw = np.array(robot.positions)[:, i]
    assert yaw[0] == pytest.approx(-25.0, abs=0.1)
    assert yaw[-1] == pytest.approx(0.0, abs=1e-4)
    assert np.abs(np.diff(yaw)).max() * 60 <= SPEED_SCALE * SPEC.max_velocity[i] * 1.001


def test_waits_for_a_robot_with_a_fault_but_not_for_ever():
    _, held = run('Head Yaw', 5.0, robot=Recorder(faults=['no controller'] * 60))
    assert held == pytest.approx(5.0)
    robot = Recorder(faults=['no controller'] * 10000)
    with pytest.raises(RobotError, match='no controller'):
        run('Head Yaw', 5.0, robot=robot)
    assert not robot.connected
    assert not robot.positions


@pytest.mark.parametrize('hold_s', [-1.0, float('nan'), float('inf')])
def test_it_is_held_for_a_time(hold_s):
    with pytest.raises(ConfigurationError, match='time to hold'):
        run('Head Yaw', 5.0, hold_s)


def test_a_coupled_limit_is_not_crossed():
    _, held = run('Lip Top Raise Middle', 0.0)
    assert held == pytest.approx((1.0 - 0.43 - 0.4) / 0.6)


@pytest.mark.parametrize(('control', 'value', 'message'), [
    ('Head Yaw', 31.0, 'outside the range'), ('Head Yaw', float('nan'), 'outside the range'),
    ('Tail', 0.0, "no control 'Tail'")])
def test_wrong_targets_are_refused_before_anything_moves(control, value, message):
    with pytest.raises(ConfigurationError, match=message):
        run(control, value)


def test_says_nothing_of_a_robot_that_is_gone_at_the_end():
    class Leaving(Recorder):
        def read(self, now_s):
            self.faults = ['nobody is connected'] if len(self.times) > 60 else []
            return super().read(now_s)
    with pytest.raises(RobotError, match='nobody is connected.*unknown'):
        run('Head Yaw', 5.0, robot=Leaving())
