"""`ros_animate retarget` and `replay`, live, as a user runs them."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import json
import os
import signal
import time

import numpy as np
from helpers.live_runs import FILES, FRAMES, frame_count
from helpers.ros_helpers import TIMEOUT_S, Process
from ros_animate.msg import Command

from ros_animate.nodes.bags import BagReader
from ros_animate.outputs.controls_table import read_controls
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')


def wait_until(predicate, what):
    end_s = time.monotonic() + TIMEOUT_S
    while not predicate():
        assert time.monotonic() < end_s, what
        time.sleep(0.02)


@pytest.mark.parametrize('how', [[], ['--processes']], ids=['composed', 'processes'])
def test_a_run_leaves_its_files_and_figures(retarget, clip, tmp_path, how):
    out, bag = tmp_path / 'out', tmp_path / 'bag'
    run = retarget('--source', clip, '--output', out, '--record', bag, *how)
    assert run.wait() == 0, run.output()
    assert sorted(p.name for p in out.iterdir()) == sorted(FILES)
    report = json.loads((out / 'report.json').read_text())
    assert report['mode'] == ('processes' if how else 'composed')
    assert report['frames'] == FRAMES and report['respawned'] == report['not_recorded'] == 0
    assert report['fps'] > 0 and report['face_missing'] == 0
    assert report['latency_ms']['p50'] <= report['latency_ms']['p95'] <= report['latency_ms']['p99']
    assert {'motion', 'policy', 'smoothing', 'hardware'} <= set(report['stages_ms'])
    names, stamps, positions = read_controls(out / 'controls.csv')
    rows = len(stamps)
    # What a busy machine loses between two processes is in no file, or in all.
    assert 0.5 * FRAMES <= rows <= FRAMES
    assert {frame_count(out / f'{name}.mp4') for name in (
        'driving', 'animated', 'robot', 'side_by_side')} == {rows}
    assert tuple(names) == SPEC.names and stamps[0] == 0.0 and (np.diff(stamps) > 0).all()
    assert (positions >= SPEC.low - 1e-6).all() and (positions <= SPEC.high + 1e-6).all()
    assert np.ptp(positions[:, SPEC.index('Jaw Pitch')]) > 0.1
    with BagReader(bag) as reader:
        assert {'/image_raw', '/motion', '/actions', '/joint_trajectory', '/commands',
                '/joint_states', '/animated/image_raw', '/diagnostics'} <= set(reader.types)


def test_ctrl_c_leaves_valid_files(retarget, clip, tmp_path, observer):
    out = tmp_path / 'out'
    commands = observer.listen(Command, 'commands')
    run = retarget('--source', clip, '--loop', '--output', out)
    observer.wait_for(lambda: commands and commands[-1].header.stamp.sec, 'commands')
    count = len(commands)
    observer.wait_for(lambda: len(commands) > count + 60)
    os.kill(run.pid, signal.SIGINT)
    assert run.wait() == 0, run.output()
    assert sorted(p.name for p in out.iterdir()) == sorted(FILES)
    rows = len(read_controls(out / 'controls.csv')[1])
    assert rows > 0 and frame_count(out / 'side_by_side.mp4') == rows
    assert 'Traceback' not in run.output()


@pytest.mark.slow
def test_duration_and_limit_end_a_run(retarget, clip, tmp_path):
    by_limit = retarget('--source', clip, '--loop', '--limit', 20, '--output', tmp_path / 'out')
    assert by_limit.wait() == 0, by_limit.output()
    assert json.loads((tmp_path / 'out' / 'report.json').read_text())['frames'] == 20
    by_time = retarget('--source', clip, '--loop', '--duration', 1)
    assert by_time.wait() == 0, by_time.output()
    assert 'new commands a second' in by_time.output()


@pytest.mark.slow
def test_an_image_topic_is_a_source(retarget, make_camera, observer, tmp_path):
    camera = make_camera('/usb_cam/image_raw')
    camera.color = (255, 120, 120)
    camera.run()
    out = tmp_path / 'out'
    run = retarget('--source', 'topic:/usb_cam/image_raw', '--duration', 2, '--output', out)
    assert run.wait() == 0, run.output()
    report = json.loads((out / 'report.json').read_text())
    assert report['frames'] > 5 and frame_count(out / 'driving.mp4') > 5
    assert len(read_controls(out / 'controls.csv')[1]) == frame_count(out / 'driving.mp4')


@pytest.mark.parametrize('arguments, complaint', [
    (['--source', 'missing.mp4'], "no source 'missing.mp4'"),
    (['--source', 'device:63'], '/dev/video63'),
    (['--robot', 'amica', '--source', 'demo'], "'amica'")])
def test_what_cannot_start_is_one_line(retarget, arguments, complaint):
    run = retarget(*arguments)
    assert run.wait() == 2
    assert run.output().count('\n') == 1
    assert run.output().startswith('ros_animate: error: ') and complaint in run.output()


def test_a_bag_that_exists_is_refused(retarget, clip, tmp_path):
    (tmp_path / 'bag').mkdir()
    run = retarget('--source', clip, '--record', tmp_path / 'bag')
    assert run.wait() == 2
    assert 'exists' in run.output() and 'Traceback' not in run.output()


def test_no_process_outlives_the_run(retarget, clip, observer):
    commands = observer.listen(Command, 'commands')
    run = retarget('--source', clip, '--loop', '--processes')
    observer.wait_for(lambda: commands and commands[-1].header.stamp.sec, 'commands')
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    observer.wait_for(lambda: not observer.node.count_publishers('commands'), 'the end of all')


@pytest.mark.slow
def test_replay_of_a_recorded_run(retarget, clip, tmp_path, environment, observer):
    bag = tmp_path / 'bag'
    run = retarget('--source', clip, '--limit', 30, '--record', bag)
    assert run.wait() == 0, run.output()
    commands = observer.listen(Command, 'commands')
    player = Process(['-m', 'ros_animate', 'replay', str(bag), '--topics', 'commands'],
                     environment, tmp_path / 'replay.log')
    assert player.wait() == 0, player.output()
    assert commands


@pytest.mark.slow
def test_the_demo_with_the_real_tracker(retarget, tmp_path):
    out = tmp_path / 'out'
    run = retarget('--source', 'demo', '--limit', 60, '--output', out, quick=False)
    assert run.wait() == 0, run.output()
    report = json.loads((out / 'report.json').read_text())
    assert report['frames'] == 60 and report['face_missing'] <= 6
    assert report['latency_ms']['p50'] is not None
