"""Moving one control by hand, with a clock that the test turns."""
import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.base import Robot
from ros_animate.hardware.jog import SLOWNESS, jog
from ros_animate.hardware.spec import load_spec
from ros_animate.types import RobotState

SPEC = load_spec('ameca')


class Recorder(Robot):
    """A robot that keeps what it is told."""

    def __init__(self):
        self.connected, self.times, self.positions = False, [], []

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
        return RobotState(SPEC.names, SPEC.neutral, 0 * SPEC.neutral, now_s)


def run(control, value, hold_s=0.5):
    now = [5.0]
    robot = Recorder()
    held = jog(robot, SPEC, control, value, hold_s, clock=lambda: now[0],
               sleep=lambda seconds: now.__setitem__(0, now[0] + max(seconds, 1e-3)))
    return robot, held


def test_goes_there_slowly_holds_and_comes_back():
    robot, held = run('Head Yaw', 20.0)
    i, positions = SPEC.index('Head Yaw'), np.array(robot.positions)
    assert held == pytest.approx(20.0)
    assert (np.abs(positions[:, i] - 20.0) < 1e-6).sum() >= 0.5 * 60
    np.testing.assert_allclose(positions[-1], SPEC.neutral, atol=1e-5)
    assert np.abs(np.diff(positions[:, i])).max() * 60 <= SLOWNESS * SPEC.max_velocity[i] * 1.001
    np.testing.assert_allclose(np.delete(positions, i, axis=1),
                               np.tile(np.delete(SPEC.neutral, i), (len(positions), 1)), atol=1e-9)
    assert not robot.connected


def test_coupled_controls_give_way():
    _, held = run('Lip Top Raise Middle', 0.0)
    assert held == pytest.approx((1.0 - 0.43 - 0.4) / 0.6)


@pytest.mark.parametrize(('control', 'value', 'message'), [
    ('Head Yaw', 31.0, 'outside the range'), ('Head Yaw', float('nan'), 'outside the range'),
    ('Tail', 0.0, "no control 'Tail'")])
def test_wrong_wishes_are_refused_before_anything_moves(control, value, message):
    with pytest.raises(ConfigurationError, match=message):
        run(control, value)
