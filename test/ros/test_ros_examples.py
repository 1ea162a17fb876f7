"""The examples in ROS: a camera driver drives the robot, and a subscriber reads its jaw."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import pathlib
import re
import signal
import time

import cv2
import numpy as np
import yaml
from helpers.ros_helpers import TIMEOUT_S, Process

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / 'examples'
FPS = 30


@pytest.fixture
def clip(tmp_path):
    """A minute of a red light that comes and goes."""
    path = tmp_path / 'clip.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), FPS, (64, 48))
    for k in range(60 * FPS):
        red = round(165 + 85 * np.sin(2 * np.pi * k / FPS))
        writer.write(np.full((48, 64, 3), (80, 80, red), np.uint8))
    writer.release()
    return path


@pytest.fixture
def start(environment, tmp_path):
    """Function: starts a Python program, which ends with the test."""
    running = []

    def start(*arguments):
        running.append(Process([str(a) for a in arguments], environment,
                               tmp_path / f'{len(running)}.log'))
        return running[-1]
    yield start
    for process in running:
        process.stop(signal.SIGKILL)


def test_the_publisher_drives_the_robot_and_the_subscriber_prints_it(start, clip, tmp_path):
    config = tmp_path / 'quick.yaml'
    config.write_text(yaml.safe_dump({'motion': {'plugin': 'brightness'},
                                      'animation': {'plugin': 'tint'}}))
    programs = [start(EXAMPLES / 'publisher.py', clip),
                start('-m', 'ros_animate', 'retarget', '--config', config,
                      '--source', 'topic:/my_camera/image_raw'),
                start(EXAMPLES / 'subscriber.py')]
    end_s, values = time.monotonic() + TIMEOUT_S, [0.0]
    while max(values) - min(values) < 0.3:
        assert time.monotonic() < end_s, '\n'.join(p.output() for p in programs)
        assert all(p.is_running() for p in programs), '\n'.join(p.output() for p in programs)
        time.sleep(0.1)
        values = [float(v) for v in re.findall(r'jaw (-?\d\.\d\d) of 1 open\n',
                                               programs[2].output())] or [0.0]
