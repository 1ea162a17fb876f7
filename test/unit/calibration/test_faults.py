"""Robots that lie: every fault is found, and the corrected file describes the robot."""
import dataclasses

import numpy as np
import pytest
from helpers.perfect_tracker import babbled, expected_answers

from ros_animate.calibration.corrections import corrected_text, patch, with_corrected_rig
from ros_animate.calibration.delays import delay_s
from ros_animate.calibration.faults import Fault, find_faults
from ros_animate.calibration.journal import Step
from ros_animate.calibration.lying_robot import Lies, LyingRobot, random_lies
from ros_animate.calibration.responses import measured_curves, neutral_noise
from ros_animate.face.virtual import Camera
from ros_animate.policy.forward_model import OUTPUTS, ForwardModel, ModelConfig
from ros_animate.robot.descriptions import descriptions, load_spec
from ros_animate.robot.reader import check_spec
from ros_animate.types import Command


@pytest.fixture(scope='module')
def expected():
    """Answers of both robots if they do what their files say."""
    return {name: expected_answers(load_spec(name), Lies()) for name in ('ameca', 'servo_head')}


def find(name, lies, expected, folder):
    spec = load_spec(name)
    journal = babbled(spec, lies, folder, 120)
    return spec, find_faults(spec, measured_curves(spec, journal), expected[name],
                             neutral_noise(journal))


def silent_model(spec):
    """A face that never moves."""
    count, outputs = len(spec.names), len(OUTPUTS)
    config = ModelConfig(spec.name, spec.transport, spec.names, tuple(spec.neutral),
                         (1.0,) * count, (0.0,) * outputs, (0.0,) * outputs, 1)
    shapes = {'A': (1, count), 'a': (1,), 'B': (1, 1), 'b': (1,), 'C': (outputs, 1),
              'c': (outputs,), 'D': (outputs, count)}
    return ForwardModel(config, {name: np.zeros(shape) for name, shape in shapes.items()})


def straight(lies):
    """A robot before a camera in front: landmarks of a turned one have no right depth."""
    return dataclasses.replace(lies, camera=Camera(view_cm=24.3, distance_cm=63.0))


def named(spec, findings, fault):
    return {spec.names[f.control] for f in findings if fault in f.faults}


@pytest.mark.parametrize('name, seed', [
    ('ameca', 2), ('servo_head', 0), ('servo_head', 1),
    *(pytest.param('ameca', seed, marks=pytest.mark.slow) for seed in (5, 9))])
def test_every_fault_is_found(tmp_path, expected, name, seed):
    spec = load_spec(name)
    lies = straight(random_lies(spec, np.random.default_rng(seed)))
    _, findings = find(name, lies, expected, tmp_path)
    faint = named(spec, findings, Fault.UNSEEN) | {spec.names[f.control] for f in findings
                                                   if f.is_faint}
    truth = {fault: {control for control, gain in lies.gains.items() if gain == value} - faint
             for fault, value in ((Fault.DEAD, 0.0), (Fault.INVERTED, -1.0), (Fault.WEAK, 0.5))}
    for fault, controls in truth.items():
        assert named(spec, findings, fault) == controls, fault
    assert named(spec, findings, Fault.SWAPPED) == set(lies.swapped)


@pytest.mark.parametrize('name', [pytest.param('ameca', marks=pytest.mark.slow), 'servo_head'])
def test_a_robot_that_does_what_the_file_says_has_no_faults(tmp_path, expected, name):
    _, findings = find(name, Lies(), expected, tmp_path)
    assert {f.faults for f in findings} <= {(Fault.NONE,), (Fault.UNSEEN,)}


def test_an_inverted_control_goes_where_the_coupled_limits_would_not_let_it(tmp_path, expected):
    name, rng, exact = 'Lip Top Raise Middle', np.random.default_rng(0), expected['ameca']
    noisy = dataclasses.replace(exact, curves=[curve and dataclasses.replace(
        curve, answers=curve.answers + 0.02 * rng.standard_normal(curve.answers.shape))
        for curve in exact.curves])
    spec, findings = find('ameca', Lies(gains={name: -1.0}), {'ameca': noisy}, tmp_path)
    assert Fault.INVERTED in findings[spec.index(name)].faults


def test_a_control_that_moves_another_part_too_is_coupled(tmp_path, expected, monkeypatch):
    spec = load_spec('servo_head')
    jaw, smile = spec.index('Jaw'), spec.index('Smile Left')
    true = LyingRobot.true_position

    def coupled(robot):
        position = true(robot)
        position[smile] += 0.8 * (position[jaw] - spec.neutral[jaw])
        return position
    monkeypatch.setattr(LyingRobot, 'true_position', coupled)
    _, findings = find('servo_head', Lies(), expected, tmp_path)
    assert findings[jaw].faults == (Fault.COUPLED,)
    assert findings[jaw].partner == smile


@pytest.mark.parametrize('name', [pytest.param('ameca', marks=pytest.mark.slow), 'servo_head'])
def test_the_corrected_file_is_valid_and_describes_the_robot(tmp_path, expected, name):
    spec = load_spec(name)
    lies = straight(random_lies(spec, np.random.default_rng(2)))
    _, findings = find(name, lies, expected, tmp_path / 'a')
    text = descriptions()[name].read_text()
    corrected = corrected_text(text, spec, findings)
    file = tmp_path / f'{name}.yaml'
    file.write_text(corrected)
    again, mistakes = check_spec(file, sections=True)
    assert not mistakes
    (dead,) = (control for control, gain in lies.gains.items() if gain == 0)
    assert again.rig['controls'][dead] == {} == again.face['controls'][dead]
    (inverted,) = (control for control, gain in lies.gains.items() if gain == -1)
    for feature, weight in spec.rig['controls'][inverted].items():
        assert again.rig['controls'][inverted][feature] == pytest.approx(-weight)
    one, other = lies.swapped
    for feature, weight in spec.rig['controls'][other].items():
        assert again.rig['controls'][one][feature] == pytest.approx(weight, rel=0.01)
    model = with_corrected_rig(silent_model(spec), spec, findings)
    assert model.corrected(spec).rig['controls'] == again.rig['controls']
    assert model.corrected(again).rig == again.rig  # the patch was accepted
    kept = [line for line in text.splitlines() if line.lstrip().startswith('#')]
    assert kept == [line for line in corrected.splitlines() if line.lstrip().startswith('#')]
    difference = patch(text, corrected, file.name)
    assert difference.startswith(f'--- {file.name}\n+++ {file.name}\n@@')


def test_nothing_to_correct_gives_no_patch(expected, tmp_path):
    spec, findings = find('servo_head', Lies(), expected, tmp_path)
    text = descriptions()['servo_head'].read_text()
    assert patch(text, corrected_text(text, spec, findings), 'x') == ''


def test_a_late_robot_shows_later_where_it_was_sent():
    spec = load_spec('servo_head')
    robot = LyingRobot(spec, Lies(delay_s=0.2))
    jaw, zero = spec.index('Jaw'), np.zeros(len(spec.names))
    target = spec.neutral.copy()
    target[jaw] = 20.0
    shown = []
    for now_s in np.arange(0.0, 0.6, 0.02):
        robot.write(Command(spec.names, target, zero, zero, now_s), now_s)
        shown.append((robot.read(now_s).position[jaw], robot.true_position()[jaw]))
    commanded, true = np.array(shown).T
    assert np.allclose(true[10:], commanded[:-10], atol=1e-6) and true[9] == 0


@pytest.mark.parametrize('late_s', [0.0, 0.1, 0.2])
def test_the_delay_of_a_control(late_s):
    time_s = np.arange(0.0, 0.65, 1 / 30)
    sent = 20 * np.clip(time_s / 0.25, 0, 1)
    features = np.zeros((len(time_s), 55))
    features[:, 7] = 0.6 * np.clip((time_s - late_s) / 0.25, 0, 1)
    features += 0.005 * np.random.default_rng(0).standard_normal(features.shape)
    assert delay_s(Step(0, time_s, sent, features)) == pytest.approx(late_s, abs=0.02)
    assert np.isnan(delay_s(Step(0, time_s, sent, 0 * features)))
