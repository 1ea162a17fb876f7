"""`ros_animate test`: real nodes, step by step or in real time, against what a bag holds."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import yaml
from helpers.recorded_motion import PERIOD_NS, START_NS, motion
from helpers.ros_helpers import TIMEOUT_S
from helpers.stepped_bags import moved, stepped, write_bag
from ros_animate.msg import Command
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ros_animate.cli import main
from ros_animate.nodes.bags import BagReader
from ros_animate.nodes.lockstep import TICK_NS, Timing
from ros_animate.nodes.messages import duration_message, stamp_message
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.runtime import bag_test
from ros_animate.runtime.bag_test import (
    BagTest,
    first_stage,
    run_bag_test,
    stages_after,
    with_virtual_robot,
)
from ros_animate.settings import load_settings
from ros_animate.testing import compare_with_bag

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / 'examples' / 'bag_tests'
FRAMES = 30


@pytest.fixture(scope='module')
def outputs(environment, tmp_path_factory):
    return stepped(tmp_path_factory.mktemp('state'), [moved(k) for k in range(FRAMES)])


@pytest.fixture(scope='module')
def bag(outputs, tmp_path_factory):
    """A bag as a live run with `adapt_s: 0` records it."""
    return write_bag(tmp_path_factory.mktemp('bags') / 'greeting',
                     [moved(k) for k in range(FRAMES)], outputs)


def run(*arguments):
    return main(['test', *map(str, arguments), '--param', 'policy.adapt_s=0.0'])


def test_every_frame_is_answered_once_and_the_robot_ticks_on(outputs):
    stamps = [m.header.stamp for _, m in outputs['actions']]
    assert stamps == [motion(k).header.stamp for k in range(FRAMES)]
    sent = np.array([m.sent.sec * 10 ** 9 + m.sent.nanosec for _, m in outputs['commands']])
    assert np.diff(sent).max() < 2 * TICK_NS
    assert sent[-1] - START_NS > 10 ** 9 + (FRAMES - 1) * PERIOD_NS  # on after the last frame


def test_the_same_bag_gives_the_same_messages(outputs, tmp_path):
    again = stepped(tmp_path, [moved(k) for k in range(FRAMES)])
    for topic in ('actions', 'joint_trajectory', 'commands'):
        assert outputs[topic] == again[topic]


def test_a_pipeline_passes_its_own_bag(bag, tmp_path, capsys):
    junit, figure = tmp_path / 'result.xml', tmp_path / 'difference.png'
    assert run(bag, '--lockstep', '--tolerance', 0, '--tolerance', 'commands=0.001',
               '--junit', junit, '--plot', figure) == 0
    printed = capsys.readouterr().out
    assert f'actions: {FRAMES} compared, 0 missing, 0 late' in printed
    assert 'limits: kept' in printed and 'greeting: ' in printed and 'checks passed' in printed
    root = ET.parse(junit).getroot()
    assert [suite.get('name') for suite in root] == [
        'greeting.actions', 'greeting.commands', 'greeting.limits']
    assert root.get('failures') == '0' and figure.stat().st_size > 10_000


def test_another_gain_fails_and_is_named(bag, tmp_path, capsys):
    assert run(bag, '--lockstep', '--param', 'policy.mouth=1.2',
               '--junit', tmp_path / 'result.xml') == 1
    printed = capsys.readouterr().out
    assert 'FAILED' in printed and 'actions Jaw Pitch: greatest difference' in printed
    root = ET.parse(tmp_path / 'result.xml').getroot()
    failed = {case.get('name') for case in root.iter('testcase') if len(case)}
    assert failed == {'Jaw Pitch'}
    assert run(bag, '--lockstep', '--param', 'policy.mouth=1.2', '--tolerance', 'Jaw Pitch=0.9',
               '--quiet') == 0


def test_the_fixture_raises_with_the_table(bag):
    params = ['policy.adapt_s=0.0']
    assert compare_with_bag(bag, params=params).comparisons
    with pytest.raises(AssertionError, match=r'Jaw Pitch +0\.\d+ +0\.\d+ +0\.02 +FAILED'):
        compare_with_bag(bag, params=[*params, 'policy.mouth=1.3'], tolerance={'actions': 0.02})


@pytest.mark.parametrize('arguments, complaint', [
    (['--from', 'hardware'], "'hardware' is no stage that a bag can replace"),
    (['--from', 'camera'], 'has none of image_raw'),
    (['--tolerance', 'Jaw'], "got 'Jaw'"), (['--tolerance', 'Jaw=2'], "got 'Jaw=2'"),
    (['--tolerance', 'Jaw Pitc=0.1'], "no topic or control 'Jaw Pitc'.*Jaw Pitch"),
    (['--images', '/usb_cam/image_raw'], "has no images '/usb_cam/image_raw'"),
    (['--namespace', 'right'], 'no topic of a pipeline'),
    (['--robot', 'amica'], "unknown robot 'amica'")])
def test_mistakes_are_named(bag, capsys, arguments, complaint):
    assert run(bag, '--lockstep', *arguments) == 2
    assert re.search(complaint, capsys.readouterr().err)


def test_from_a_later_stage_only_what_comes_after_it_is_compared(bag, capsys):
    assert run(bag, '--lockstep', '--from', 'policy', '--param', 'policy.mouth=1.2') == 0
    printed = capsys.readouterr().out
    assert 'commands: ' in printed and 'actions: ' not in printed


def test_a_real_robot_is_never_moved(bag):
    settings = load_settings(robot='ameca_zmq', params=['policy.adapt_s=0.0'])
    assert with_virtual_robot(settings).plugin('hardware') == 'mock'
    assert with_virtual_robot(settings).safety == settings.safety
    assert not run_bag_test(BagTest(bag, settings)).failed


def test_stages_that_run(monkeypatch):
    settings = load_settings()
    assert stages_after(settings, 'camera') == ['motion', 'policy', 'smoothing', 'hardware']
    monkeypatch.setattr(bag_test, 'observes_image', lambda _: True)
    assert stages_after(settings, 'motion') == ['animation', 'policy', 'smoothing', 'hardware']
    bag = BagTest(pathlib.Path('bag'), settings)
    assert first_stage(bag, {'actions': '/actions', 'motion': '/left/motion'}) == 'motion'


def test_frames_that_the_recording_dropped_are_left_out():
    answered = motion(0)
    timing = Timing({'actions': [(START_NS + 5, answered)]})
    assert timing.has_answer('actions', answered) and not timing.has_answer('actions', motion(1))
    assert timing.has_answer('motion', motion(1))  # none is recorded
    assert timing.arrival('actions', answered, 7) == START_NS + 5
    assert timing.arrival('actions', motion(1), 7) == 7


def test_what_the_nodes_wrote_down_is_believed_before_the_recorder():
    """A recorder that is half a second late does not make the messages so."""
    first, late_ns, ms = motion(0), 500 * 10 ** 6, 10 ** 6
    trajectory = JointTrajectory(header=first.header, points=[
        JointTrajectoryPoint(time_from_start=duration_message(0.030))])
    timing = Timing({
        'motion': [(START_NS + late_ns, first)], 'actions': [(START_NS + late_ns, first)],
        'joint_trajectory': [(START_NS + late_ns, trajectory)],
        'commands': [(START_NS + late_ns, Command(
            header=first.header, sent=stamp_message(START_NS * 1e-9 + 0.05)))]})
    for topic in ('motion', 'actions'):
        assert timing.arrival(topic, first, 0) == START_NS + 30 * ms
    assert timing.bounded(first, START_NS + late_ns) == START_NS + 30 * ms
    tick_ns = timing.arrival('joint_trajectory', trajectory, 0) + 1
    assert tick_ns == pytest.approx(START_NS + 50 * ms, abs=1000)
    assert timing.arrival('joint_trajectory', motion(1), 7) == 7


def test_the_policy_of_the_bag_is_that_of_the_core(outputs):
    policy = load('policy', load_settings().plugin('policy'), {'adapt_s': 0.0}, load_spec('mock'))
    from ros_animate.nodes.messages import Joints, motion_from_message
    joints = Joints.of(load_spec('mock'))
    for index, (_, message) in enumerate(outputs['actions']):
        expected = policy.act(motion_from_message(motion(index))).values
        assert joints.chunk_from_message(message).values == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
def test_a_live_run_is_reproduced_step_by_step_and_in_real_time(
        retarget, clip, environment, tmp_path):
    path = tmp_path / 'live'
    assert retarget('--source', clip, '--record', path, '--quiet').wait() == 0
    with BagReader(path, ['image_raw', 'motion', 'actions', 'commands']) as reader:
        assert len(reader.types) == 4
    config = tmp_path / 'quick.yaml'
    assert yaml.safe_load(config.read_text())['motion']['plugin'] == 'brightness'
    # A busy machine's robot may have been late by any amount in single commands of the live run,
    # and is late again in real time.
    anyhow = ['--tolerance', 'commands=1']
    for arguments in (['--lockstep', '--tolerance', 'actions=0', *anyhow],
                      ['--missing', '0.9', *anyhow]):
        done = subprocess.run(
            [sys.executable, '-m', 'ros_animate', 'test', path, '--config', config, *arguments],
            env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)
        assert done.returncode == 0, done.stdout + done.stderr
        assert 'motion: ' in done.stdout and 'checks passed' in done.stdout
        if '--lockstep' in arguments:
            mean = float(re.search(r'commands +Jaw Pitch +(\d\.\d+)', done.stdout)[1])
            assert mean < 0.1, done.stdout


@pytest.mark.slow
def test_the_example(bag, environment):
    # The bag of this file is one of a policy that does not adapt, so small differences remain.
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', EXAMPLES],
        env={**environment, 'BAG': str(bag)}, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert '2 passed' in done.stdout, done.stdout
