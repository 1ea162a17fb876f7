"""Recorded targets through smoother and safety layer, from file to file."""
import csv

import numpy as np
import pytest

from ros_animate.cli import main
from ros_animate.configuration import ConfigurationError
from ros_animate.evaluation.smoothing_stream import read_stream
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')
HEADER = ('stamp_s', *SPEC.names)


@pytest.fixture
def write(tmp_path):
    def write_file(rows, header=HEADER):
        path = tmp_path / 'in.csv'
        with open(path, 'w', newline='', encoding='utf-8') as file:
            csv.writer(file).writerows([header, *rows])
        return path
    return write_file


def smooth(path, *arguments):
    """Exit status, (T,) times and (T, N) values of `ros_animate smooth`."""
    output = path.with_name('out.csv')
    status = main(['smooth', str(path), str(output), *arguments])
    with open(output, newline='', encoding='utf-8') as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(HEADER)
    table = np.array(rows[1:], float)
    return status, table[:, 0], table[:, 1:]


def test_starts_at_neutral_reaches_the_target_and_ends_at_rest(write):
    pose = SPEC.neutral.copy()
    pose[0], pose[12] = 0.9, 20.0
    path = write([[10 + k / 30, *pose] for k in range(60)])
    status, times, values = smooth(path, '--rate', '100')
    assert status == 0
    np.testing.assert_allclose(values[0], SPEC.neutral, atol=1e-9)
    np.testing.assert_allclose(values[-1], pose, atol=1e-6)
    np.testing.assert_allclose(np.diff(times), 0.01, atol=1e-9)
    assert times[0] == 10.0
    assert np.abs(values[-1] - values[-2]).max() < 1e-6


def test_a_gap_leads_to_neutral_and_back(write):
    pose = SPEC.neutral.copy()
    pose[0] = 0.9
    path = write([[k / 30, *pose] for k in range(30)] + [[5 + k / 30, *pose] for k in range(45)])
    _, times, values = smooth(path, '--rate', '50')
    np.testing.assert_allclose(values[(times > 4.0) & (times < 5.0)], np.tile(
        SPEC.neutral, (((times > 4.0) & (times < 5.0)).sum(), 1)), atol=1e-3)
    assert values[-1, 0] == pytest.approx(0.9)


@pytest.mark.parametrize('seed', range(3))
def test_a_still_face_is_still_and_a_short_blink_passes(write, seed):
    targets = SPEC.neutral + np.random.default_rng(seed).normal(0, 1, (150, 30)) * SPEC.jitter
    lids = [i for i, control in enumerate(SPEC.controls) if control.group == 'lid']
    targets[120:123, lids] = 0.0  # three frames at 30 Hz
    _, times, values = smooth(write([[k / 30, *target] for k, target in enumerate(targets)]))
    still = values[(times > 1.0) & (times < 4.0)]
    assert (still.std(axis=0) <= 0.002 * (SPEC.high - SPEC.low)).all()
    assert (values[:, lids].min(axis=0) <= 0.2).all()  # 1 is open, 0 closed


def test_rows_that_make_no_sense_are_refused(write, capsys):
    rows = [[k / 30, *SPEC.neutral] for k in range(60)]
    rows[10][5], rows[20][3], rows[30][0] = 'nan', 'inf', 0.1
    rows[40][0] = 'nan'
    status, _, values = smooth(write(rows))
    assert status == 0
    assert np.isfinite(values).all()
    assert '(4 refused by the smoother' in capsys.readouterr().out


def test_columns_may_be_in_any_order_and_are_read_with_full_precision(write):
    value = 0.1234567890123456
    path = write([[*np.full(30, value), 2.5]], (*SPEC.names[::-1], 'stamp_s'))
    stream = read_stream(path, SPEC)
    assert stream.stamps_s.tolist() == [2.5]
    assert (stream.values == value).all()


@pytest.mark.parametrize('smoother', ['hold', 'one_euro', 'ruckig'])
def test_the_safety_layer_keeps_the_limits_of_any_smoother(write, smoother):
    rng = np.random.default_rng(0)
    rows = [[k / 30, *rng.uniform(SPEC.low, SPEC.high)] for k in range(20)]
    status, _, values = smooth(write(rows), '--rate', '200', '--smoother', smoother)
    velocity = np.diff(values, axis=0) * 200
    acceleration = np.diff(velocity, axis=0) * 200
    assert status == 0
    assert (np.abs(velocity) <= SPEC.max_velocity * 1.0001).all()
    assert (np.abs(acceleration) <= SPEC.max_acceleration * 1.0001).all()


@pytest.mark.parametrize(('rows', 'header', 'message'), [
    ([[0, 0.5]], ('stamp_s', 'Brow Inner Left'), 'Brow Inner Right'),
    ([[0.5] * 30], SPEC.names, 'stamp_s'),
    ([], HEADER, 'no row'),
    ([[0.0] * 32], (*HEADER, 'Tail'), "unknown column 'Tail'"),
    ([[0.0] * 32], (*HEADER, 'Jaw Yaw'), "'Jaw Yaw' is there twice"),
    ([[0.0] * 30], HEADER, 'in.csv:2: 30 values, but 31 columns'),
    ([[0.0] * 31, ['x'] + [0.0] * 30], HEADER, "in.csv:3: stamp_s: 'x' is not a number"),
])
def test_wrong_files_are_clear_errors(write, rows, header, message):
    with pytest.raises(ConfigurationError, match=message):
        read_stream(write(rows, header), SPEC)


def test_stamps_of_two_clocks_are_a_clear_error(write, tmp_path, capsys):
    path = write([[0.0, *SPEC.neutral], [1.7e9, *SPEC.neutral]])
    assert main(['smooth', str(path), str(tmp_path / 'o.csv')]) == 2
    assert 'the stamps span 1.7e+09 s' in capsys.readouterr().err


def test_absent_and_unwritable_files_are_clear_errors(write, tmp_path, capsys):
    assert main(['smooth', str(tmp_path / 'absent.csv'), str(tmp_path / 'o.csv')]) == 2
    path = write([[0.0, *SPEC.neutral]])
    assert main(['smooth', str(path), str(path / 'folder.csv')]) == 2
    for rate in ('0', '5', 'nan'):
        assert main(['smooth', str(path), str(tmp_path / 'o.csv'), '--rate', rate]) == 2
        assert main(['robots', 'plot', str(path), '--rate', rate]) == 2
    assert not (tmp_path / 'o.csv').exists()
    errors = capsys.readouterr().err
    assert 'absent.csv' in errors
    assert 'in.csv: it is a file' in errors
    assert '--rate' in errors


def test_the_input_is_not_overwritten(write, capsys):
    path = write([[0.0, *SPEC.neutral]])
    before = path.read_text()
    assert main(['smooth', str(path), str(path)]) == 2
    assert 'would replace the input' in capsys.readouterr().err
    assert path.read_text() == before
