"""`ros_animate evaluate policy` with the weights that ship."""
import json

import cv2
import numpy as np
import pytest

from ros_animate import configuration
from ros_animate.cli import main
from ros_animate.plugins import load
from ros_animate.robot.control_error import compare
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame

SPEC = load_spec('mock')
WEIGHTS = str(configuration.resource('weights') / 'bc_z')
COUNT = 12


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pairs') / 'data'
    assert main(['collect', '--robot', 'mock', '--count', str(COUNT), '--seed', '5', '--size',
                 '128', '--output', str(folder), '--workers', '1', '--quiet']) == 0
    return folder


def evaluate(capsys, data, *more):
    assert main(['evaluate', 'policy', '--policy', 'bc_z', '--weights', WEIGHTS, '--data',
                 str(data), '--json', *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_figures_are_of_the_values_not_of_the_strengths_for_people(data, capsys):
    lines = [json.loads(line) for line in (data / 'metadata.jsonl').read_text().splitlines()]
    expected = np.array([line['ctrl_value'] for line in lines])
    images = [cv2.imread(str(data / line['file_name']))[..., ::-1] for line in lines]

    def error(**options):
        policy = load('policy', 'bc_z', {'weights': WEIGHTS, **options}, SPEC)
        predicted = [policy.act(Frame(np.ascontiguousarray(p), 0.0)).values[0] for p in images]
        return compare(expected, np.stack(predicted), SPEC).mae

    plain, stronger = error(own_strength=False), error()
    assert abs(stronger - plain) > 0.005
    assert evaluate(capsys, data)['mae'] == pytest.approx(plain, abs=1e-5)
    own = evaluate(capsys, data, '--param', 'policy.own_strength=true')
    assert own['mae'] == pytest.approx(stronger, abs=1e-5)


def test_figures_do_not_depend_on_the_workers(data, capsys):
    one, two = (evaluate(capsys, data, '--workers', n) for n in '12')
    assert one.pop('ms_per_image') > 0 and two.pop('ms_per_image') > 0
    assert two == one


def test_report_and_images(data, capsys, tmp_path):
    found = evaluate(capsys, data, '--output', str(tmp_path / 'out'))
    assert found['pairs'] == COUNT
    assert found['controls'].keys() == set(SPEC.names)
    assert json.loads((tmp_path / 'out' / 'report.json').read_text())['mae'] == found['mae']
    for name in ('worst.png', 'controls.png'):
        assert cv2.imread(str(tmp_path / 'out' / name)).size > 0


def test_no_folder_is_a_clear_error(tmp_path, capsys):
    assert main(['evaluate', 'policy', '--policy', 'bc_z', '--data', str(tmp_path / 'none')]) != 0
    assert 'none' in capsys.readouterr().err
