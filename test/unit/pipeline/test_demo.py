"""From end to end with the real stages: the demo's performer, imitated by the virtual Ameca."""
import numpy as np
import pytest

from ros_animate import cli
from ros_animate.evaluation.fidelity import compare, track
from ros_animate.outputs.controls_table import read_controls
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec

FRAMES = 270  # the head turns from the seventh second


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The files of nine seconds of the demo."""
    path = tmp_path_factory.mktemp('demo')
    assert cli.main(['retarget', '--source', 'demo', '--offline', '--output', str(path), '--quiet',
                     '--limit', str(FRAMES)]) == 0
    return path


def track_video(path):
    extractor = load('motion', 'mediapipe')
    with load('camera', 'video', {'path': str(path)}) as source:
        result = track(iter(source.read, None), extractor)
    extractor.close()
    return result


@pytest.mark.slow
def test_the_robot_imitates_the_performer(folder):
    driving, robot = (track_video(folder / name) for name in ('driving.mp4', 'robot.mp4'))
    result = compare(driving, robot)
    assert len(robot.expression) == FRAMES and result.missed == 0
    assert result.expr_r > 0.8 and result.pose_r > 0.9
    assert abs(result.lag) <= 2 and 0.6 < result.gain < 1.4


def test_the_animated_portrait_imitates_the_performer(folder):
    driving, animated = (track_video(folder / name) for name in ('driving.mp4', 'animated.mp4'))
    result = compare(driving, animated)
    assert result.missed == 0 and result.expr_r > 0.6


def test_all_commands_keep_the_robots_limits(folder):
    spec = load_spec('ameca')
    _, stamps, positions = read_controls(folder / 'controls.csv')
    assert (positions >= spec.low - 1e-6).all() and (positions <= spec.high + 1e-6).all()
    speed = np.abs(np.diff(positions, axis=0)) / np.diff(stamps)[:, None]
    # A row may lie half a tick off its frame's stamp.
    assert (speed <= 1.5 * spec.max_velocity + 1e-6).all()
    assert np.ptp(positions[:, spec.index('Eyelid Upper Left')]) > 0.5  # it blinks
