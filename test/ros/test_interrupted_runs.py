"""Live runs that a signal, a full disk or a killed process ends leave what was written."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import json
import os
import signal
import time

from helpers.live_runs import FILES, child, frame_count
from helpers.ros_helpers import TIMEOUT_S

from ros_animate.nodes.bags import BagReader
from ros_animate.outputs.controls_table import read_controls

pytestmark = pytest.mark.slow


def wait_until(predicate, run):
    end_s = time.monotonic() + TIMEOUT_S
    while not (found := predicate()):
        assert time.monotonic() < end_s and run.is_running(), run.output()
        time.sleep(0.05)
    return found


def frames_of(path):
    return path.exists() and frame_count(path)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_complete_files(retarget, clip, tmp_path, number):
    out = tmp_path / 'out'
    (out / '.part.spool').mkdir(parents=True)
    for name in ('.part.spool/000000000.npz', '.part.robot.mp4', '.part.controls.png', 'mine.txt'):
        (out / name).write_text('left by a killed run, or of the user')
    run = retarget('--source', clip, '--loop', '--output', out)
    wait_until(lambda: frames_of(out / '.part.robot.mp4') > 5, run)
    os.kill(run.pid, number)
    assert run.wait() == 128 + number, run.output()
    assert sorted(p.name for p in out.iterdir()) == sorted([*FILES, 'mine.txt'])
    rows = len(read_controls(out / 'controls.csv')[1])
    assert {frame_count(out / f'{name}.mp4') for name in (
        'driving', 'animated', 'robot', 'side_by_side')} == {rows}
    assert rows > 5 and json.loads((out / 'report.json').read_text())['frames'] >= rows
    assert 'Traceback' not in run.output()


def test_a_full_disk_ends_the_run_in_one_line(retarget, clip, tmp_path):
    out = tmp_path / 'out'
    run = retarget('--source', clip, '--loop', '--output', out, '--quiet', file_size=100_000)
    assert run.wait() == 2, run.output()
    assert 'File too large' in run.output().splitlines()[-1]
    assert 'Traceback' not in run.output()
    assert not list(out.glob('.part*'))
    assert frame_count(out / 'driving.mp4') > 5 and frame_count(out / 'robot.mp4') > 5
    assert len(read_controls(out / 'controls.csv')[1]) > 5
    assert json.loads((out / 'report.json').read_text())['frames'] > 5


def test_a_full_disk_leaves_a_readable_bag(retarget, clip, tmp_path):
    run = retarget('--source', clip, '--loop', '--record', tmp_path / 'bag', '--quiet',
                   file_size=5_000_000)
    assert run.wait() == 2, run.output()
    assert f'cannot write {tmp_path / "bag"}: File too large' in run.output().splitlines()[-1]
    with BagReader(tmp_path / 'bag') as bag:
        assert len(list(bag.messages())) == bag.count > 5
        assert '/animated/image_raw' in bag.types


@pytest.mark.parametrize('module', ['live_outputs', 'watch_node'])
def test_a_killed_process_ends_the_run_with_usable_files(retarget, clip, tmp_path, module):
    out = tmp_path / 'out'
    run = retarget('--source', clip, '--loop', '--output', out, '--quiet')
    wait_until(lambda: frames_of(out / '.part.robot.mp4') > 5, run)
    os.kill(child(run, module), signal.SIGKILL)
    assert run.wait() == 2, run.output()
    assert 'has crashed (signal SIGKILL)' in run.output().splitlines()[-1]
    assert 'Traceback' not in run.output()
    assert frame_count(out / 'robot.mp4') > 5
    assert not list(out.glob('.part*'))
