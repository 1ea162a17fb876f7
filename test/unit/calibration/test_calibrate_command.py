"""`ros_animate calibrate`, with the real tracker on rendered faces."""
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ros_animate.calibration import calibrating, rig
from ros_animate.calibration.cameras import VirtualCamera
from ros_animate.calibration.corrections import corrected_text, patch
from ros_animate.calibration.faults import Fault, find_faults
from ros_animate.calibration.fitting import FitOptions, fit
from ros_animate.calibration.journal import open_journal
from ros_animate.calibration.lying_robot import LyingRobot, random_lies
from ros_animate.calibration.observations import read_observations
from ros_animate.calibration.observer import Observer, Timing
from ros_animate.calibration.places import camera_place
from ros_animate.calibration.poses import schedule
from ros_animate.calibration.responses import FaithfulRobot, measured_curves, neutral_noise
from ros_animate.calibration.session import Session
from ros_animate.cli import main
from ros_animate.hardware.pose_driver import PoseDriver, SimulatedTime, Time
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.outputs.progress import Progress
from ros_animate.plugins import load
from ros_animate.policy.forward_model import load_forward_model
from ros_animate.robot.descriptions import descriptions, load_spec
from ros_animate.robot.reader import check_spec


def run(*arguments):
    return main(['calibrate', *arguments, '--camera', 'virtual', '--quiet'])


@pytest.mark.parametrize('camera, words', [
    ('nowhere.mp4', 'there is no source'), ('demo', 'is a recording')])
def test_a_camera_that_does_not_see_the_robot_is_refused(tmp_path, capsys, camera, words):
    status = main(['calibrate', 'servo_head', '--camera', camera, '--output', str(tmp_path / 'a')])
    assert status == 2 and words in capsys.readouterr().err


def test_a_real_robot_has_no_virtual_camera(tmp_path, capsys):
    assert run('ameca_zmq', '--output', str(tmp_path / 'a')) == 2
    assert 'is a real one' in capsys.readouterr().err


@pytest.mark.slow
def test_it_leaves_a_model_a_report_and_a_rig(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(calibrating, 'fit', functools.partial(fit, options=FitOptions(steps=60)))
    monkeypatch.setattr(calibrating, 'FACES', 20)
    monkeypatch.setattr(rig, 'FACES', 100)
    folder = tmp_path / 'learned'
    arguments = ('servo_head', '--output', str(folder), '--poses', '60', '--rig')
    assert run(*arguments) == 0
    report = json.loads((folder / 'report.json').read_text())
    assert len(report['controls']) == 11 and not report['pauses']
    page = (folder / 'report.html').read_text()
    assert 'src="data:image/png;base64,' in page and '<link' not in page and 'http' not in page
    assert len(read_observations(folder / 'observations.npz')) == report['poses'] >= 55
    assert load_forward_model(folder).config.names
    spec, mistakes = check_spec(folder / rig.RIG, sections=True)
    assert not mistakes and max(map(len, spec.rig['controls'].values())) <= 8
    assert run('servo_head', '--output', str(folder), '--poses', '70') == 2
    assert 'begun with poses 60, not 70' in capsys.readouterr().err


@pytest.fixture(scope='module')
def tracker():
    with contextlib.closing(load('motion', 'mediapipe', {'faces': 1})) as extractor:
        yield extractor


@pytest.fixture(scope='module')
def faithful(tracker):
    """Expected answers, neutral faces, and angles of the camera."""
    robot = FaithfulRobot(load_spec('servo_head'), tracker)
    return robot.expected(), robot.neutral(), robot.turns()


@pytest.mark.slow
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_the_faults_of_a_robot_that_lies_are_found_in_its_images(tmp_path, tracker, faithful,
                                                                seed):
    spec = load_spec('servo_head')
    lies = random_lies(spec, np.random.default_rng(seed))
    robot, simulated = LyingRobot(spec, lies), SimulatedTime()
    times = Time(simulated.clock, simulated.sleep)
    with (open_journal(tmp_path, {}) as journal, robot,
          PoseDriver(robot, spec, SafetyConfig(), 0.5, 'calibrate', times) as driver,
          Progress('calibrating', 60, 'pose', quiet=True) as progress):
        observer = Observer(driver, VirtualCamera(robot, simulated), tracker, Timing())
        Session(observer, spec, print).run(schedule(spec, 0, 60), journal, progress)
    assert not journal.pauses
    findings = find_faults(spec, measured_curves(spec, journal), faithful[0],
                           neutral_noise(journal))
    found = {spec.names[f.control]: f.faults for f in findings}
    faint = {spec.names[f.control] for f in findings if f.is_faint}
    assert faint <= {'Eye Tilt'}  # the lids move with it, and hide it
    for name, gain in lies.gains.items():
        if name in faint:
            continue
        fault = {0.0: Fault.DEAD, -1.0: Fault.INVERTED, 0.5: Fault.WEAK}[gain]
        assert fault in found[name], (name, found[name])
    assert all(Fault.SWAPPED in found[name] for name in lies.swapped)
    place = camera_place(journal.taken, *faithful[1:])
    assert place.off_axis_deg == pytest.approx(8.0, abs=3.0)
    assert place.size == pytest.approx(1 / 0.9, abs=0.1)
    original = tmp_path / 'servo_head.yaml'
    text = descriptions()['servo_head'].read_text()
    original.write_text(text)
    corrected = corrected_text(text, spec, findings)
    (tmp_path / 'a.patch').write_text(patch(text, corrected, 'servo_head.yaml'))
    subprocess.run(['patch', '-s', original, tmp_path / 'a.patch'], check=True)
    assert original.read_text() == corrected
    assert not check_spec(original, sections=True)[1]


@pytest.mark.slow
def test_a_signal_ends_it_with_a_status_and_what_was_seen_is_kept(tmp_path):
    number = signal.SIGTERM
    folder = tmp_path / 'broken'
    command = [sys.executable, '-m', 'ros_animate', 'calibrate', 'servo_head', '--camera',
               'virtual', '--output', str(folder), '--poses', '60']
    process = subprocess.Popen(command, env={**os.environ, 'OMP_NUM_THREADS': '1'},
                               stderr=subprocess.PIPE, text=True)
    journal = folder / 'poses.jsonl'
    while process.poll() is None and not (
            journal.exists() and journal.read_text().count('"block"') >= 2):
        time.sleep(0.02)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number and 'Traceback' not in errors
    assert len(read_observations(folder / 'observations.npz')) >= 2
