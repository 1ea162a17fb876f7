"""What a watcher keeps does not grow with the length of the run."""
import sys

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

from std_msgs.msg import Header

from ros_animate.nodes import run_figures
from ros_animate.nodes.frame_tracker import MAX_COMMANDS, FrameTracker
from ros_animate.nodes.messages import Joints, stamp_message
from ros_animate.nodes.run_figures import MAX_SAMPLES, Samples
from ros_animate.outputs.spool import LiveFrame, SpoolWriter
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command


def test_percentiles_of_ten_hours_from_bounded_memory(monkeypatch):
    monkeypatch.setattr(run_figures, 'MAX_SAMPLES', 1024)
    samples, values = Samples(), np.random.default_rng(3).gamma(4.0, 0.01, 20_000)
    for value in values:
        samples.add(value)
    assert len(samples.values) <= 1024 < MAX_SAMPLES
    assert list(samples.newest) == list(values[-100:])
    for q in (50, 95):
        assert np.percentile(samples.values, q) == pytest.approx(np.percentile(values, q), rel=0.1)


def test_few_values_are_kept_exactly():
    samples = Samples()
    for value in range(1000):
        samples.add(value)
    assert list(samples.values) == list(range(1000))


def test_commands_without_frames_are_bounded(tmp_path):
    spec = load_spec('mock')
    tracker, joints = FrameTracker(tmp_path / 'spool', spec), Joints.of(spec)
    zero = np.zeros(len(spec.names))
    message = joints.command_to_message(
        Command(spec.names, spec.neutral, zero, zero, 1.0), Header(), stamp_message(1.0))
    tracker._frames.append(None)  # the camera's last one
    for _ in range(MAX_COMMANDS + 100):
        tracker.add_command(message)
    assert len(tracker._commands) == MAX_COMMANDS


def test_a_frame_in_the_spool_costs_a_number(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    frame = LiveFrame(0.0, 1.0, np.zeros((8, 8, 3), np.uint8), None, np.zeros(0), np.zeros((0, 3)))
    for _ in range(50):
        spool.put(frame)
    assert sum(map(sys.getsizeof, spool._sizes)) <= 50 * 32
    assert len(spool._sizes) == 50
