"""Pairs from a robot: slowly, within all limits, an image only of what stands still."""
import cv2
import numpy as np
import pytest

from ros_animate.collection import recording
from ros_animate.collection.pairs import CONTROLS, random_stream
from ros_animate.collection.recording import Recorder, Timing, record
from ros_animate.collection.sampling import ControlSampler
from ros_animate.errors import UserError
from ros_animate.hardware.base import RobotError
from ros_animate.hardware.pose_driver import Time
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.plugins import load
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import RobotState

SPEC = load_spec('ameca')
SAMPLER = ControlSampler(SPEC)
TIMING = Timing(speed=0.5)


class Studio:
    """A robot, its camera and the time in which both live."""

    def __init__(self, fps=30.0):
        self.now_s, self.fps = 100.0, fps
        self.robot = load('hardware', 'mock', {'size': 64}, SPEC)
        self.sent, self.fault = [], ''
        self.measures, self.trouble = True, ''
        self.checked = lambda: None

    def clock(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds

    def write(self, command, now_s):
        self.sent.append((now_s, command.position.copy()))
        return self.robot.write(command, now_s)

    def read(self, now_s):
        state = self.robot.read(now_s)
        return RobotState(state.names, state.position, state.velocity, now_s, fault=self.fault)

    def newest(self):
        """An image that says where the robot is."""
        number = int(self.now_s * self.fps)
        level = round(255 * self.robot.read(0.0).position[SPEC.index('Brow Inner Left')])
        return number, np.full((48, 64, 3), level, np.uint8)

    def recorder(self, timing=TIMING, config=None):
        return Recorder(self, SPEC, config or SafetyConfig(), self, timing,
                        Time(self.clock, self.sleep, lambda: self.checked()))


@pytest.fixture
def studio():
    return Studio()


def take(studio, count):
    with studio.recorder() as recorder:
        return list(record(recorder, SAMPLER, 1, 32, 0, count))


def test_images_show_the_values_that_were_sent(studio):
    for k, pair in enumerate(take(studio, 6)):
        wanted = SAMPLER.sample(random_stream(1, CONTROLS, k))
        assert np.allclose(pair.values, wanted, atol=1e-5 * (SPEC.high - SPEC.low))
        image = cv2.imdecode(np.frombuffer(pair.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (32, 32, 3)
        assert abs(image.mean() / 255 - wanted[SPEC.index('Brow Inner Left')]) < 0.01


def test_what_is_sent_keeps_the_slower_limits(studio):
    take(studio, 6)
    now_s = np.array([at for at, _ in studio.sent])
    path = np.array([position for _, position in studio.sent])
    velocity = np.diff(path, axis=0) / np.diff(now_s)[:, None]
    assert (np.abs(velocity) <= TIMING.speed * SPEC.max_velocity * 1.001).all()
    assert (path >= SPEC.low).all() and (path <= SPEC.high).all()
    allowed = CoupledSet(SPEC, SPEC.low, SPEC.high)
    assert (path @ allowed.matrix.T <= allowed.bound + 1e-6).all()


def test_it_ends_at_neutral_also_when_it_is_stopped(studio):
    def stop():
        if len(studio.sent) > 100:
            raise KeyboardInterrupt
    studio.checked = stop
    with pytest.raises(KeyboardInterrupt):
        take(studio, 100)
    assert np.allclose(studio.sent[-1][1], SPEC.neutral)
    assert not np.allclose(studio.sent[90][1], SPEC.neutral)


def test_a_fault_stops_it(studio):
    studio.fault = 'motor 7 is hot'
    with pytest.raises(RobotError, match='motor 7 is hot'):
        take(studio, 1)


def test_a_camera_that_is_off_is_named():
    with pytest.raises(UserError, match='--images'):
        take(Studio(fps=0.0), 1)


def test_a_camera_that_makes_no_sense_is_quoted():
    studio = Studio(fps=0.0)
    studio.trouble = 'image encoding x is not supported'
    with pytest.raises(UserError, match='encoding x'):
        take(studio, 1)


def test_a_robot_that_does_not_arrive(studio, monkeypatch):
    monkeypatch.setattr(recording, 'ARRIVAL_TIMEOUT_S', 0.05)
    with pytest.raises(RobotError, match='not reached'):
        take(studio, 1)


def test_a_latched_emergency_stop_refuses(studio, tmp_path):
    (tmp_path / 'estop').write_text('')
    with pytest.raises(UserError, match='emergency stop'):
        studio.recorder(config=SafetyConfig(estop_file=str(tmp_path / 'estop')))
