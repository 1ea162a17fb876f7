"""The mock robot: actuators with limits, controls by name."""
import numpy as np
import pytest

from ros_animate import plugins
from ros_animate.configuration import ConfigurationError
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command

SPEC = load_spec('mock')


def command(position, names=SPEC.names):
    zero = np.zeros(len(names))
    return Command(names, np.asarray(position, float), zero, zero, 0.0)


@pytest.fixture
def robot():
    with plugins.load('hardware', 'mock', {}, SPEC) as robot:
        yield robot


def test_starts_at_neutral(robot):
    assert np.array_equal(robot.read(0.0).position, SPEC.neutral)


def test_actuators_keep_their_velocity(robot):
    before = robot.read(0.0).position
    robot.write(command(SPEC.high), 0.01)
    state = robot.read(0.01)
    assert (np.abs(state.position - before) <= SPEC.max_velocity * 0.01 + 1e-9).all()
    assert (np.abs(state.velocity) <= SPEC.max_velocity + 1e-9).all()
    assert (state.position >= before).all()
    assert np.allclose(robot.read(10.0).position, SPEC.high)


def test_returns_what_was_really_sent(robot):
    sent = robot.write(command(SPEC.high + 1000), 0.0)
    assert np.array_equal(sent.position, SPEC.high)


def test_controls_go_by_name(robot):
    robot.write(command([0.0, 1.0], ('Jaw Pitch', 'Nose Wrinkle')), 0.0)
    state = robot.read(5.0)
    assert state.position[SPEC.index('Jaw Pitch')] == 0.0
    assert state.position[SPEC.index('Nose Wrinkle')] == 1.0
    assert state.position[SPEC.index('Head Yaw')] == SPEC.neutral[SPEC.index('Head Yaw')]
    with pytest.raises(ConfigurationError, match='Jaw Pich'):
        robot.write(command([0.0], ('Jaw Pich',)), 0.1)


def test_time_that_goes_back_moves_nothing(robot):
    robot.write(command(SPEC.high), 1.0)
    at = robot.read(1.02).position
    assert np.array_equal(robot.read(0.5).position, at)


def test_image_follows_the_actuators(robot):
    before = robot.render()
    robot.write(command(SPEC.low), 0.0)
    assert np.array_equal(robot.render(), before)
    robot.read(5.0)
    assert not np.array_equal(robot.render(), before)
    robot.reset()
    assert np.array_equal(robot.render(), before)
