"""The process that draws a virtual robot."""
import contextlib
import os
import signal

import numpy as np
import pytest

from ros_animate.hardware import drawing
from ros_animate.hardware.drawing import DrawingError, RobotDrawing
from ros_animate.plugins import find
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
MOCK = find('hardware', 'mock')
CONFIG = MOCK.Config(size=96)


@pytest.fixture
def robot():
    with contextlib.closing(RobotDrawing(MOCK, CONFIG, SPEC)) as robot:
        yield robot


def process_of(robot):
    return robot._process.pid


def test_it_draws_the_pose_as_the_robot_itself_does(robot):
    own, rng = MOCK(CONFIG, SPEC), np.random.default_rng(0)
    for _ in range(3):
        pose = rng.uniform(SPEC.low, SPEC.high)
        image = robot.draw(pose)
        assert image.shape == (96, 96, 3) and image.dtype == np.uint8
        assert np.array_equal(image, own.render(pose))
    assert np.array_equal(own.render(), own.render(SPEC.neutral))


def test_a_process_that_was_killed_is_started_again_after_a_while(robot, monkeypatch):
    robot.draw(SPEC.neutral)
    os.kill(process_of(robot), signal.SIGKILL)
    with pytest.raises(DrawingError, match=r'has ended \(status -9\); it is started again in 5 s'):
        robot.draw(SPEC.neutral)
    assert robot.draw(SPEC.neutral) is None
    monkeypatch.setattr(drawing, 'AGAIN_S', 0.0)
    assert robot.draw(SPEC.neutral) is not None


def test_ctrl_c_leaves_it_to_the_node(robot):
    robot.draw(SPEC.neutral)
    os.kill(process_of(robot), signal.SIGINT)
    assert robot.draw(SPEC.neutral) is not None


def test_it_ends_with_the_node(robot):
    robot.draw(SPEC.neutral)
    assert robot.close() == 'status 0'
    assert robot.close() == 'it was not started'
