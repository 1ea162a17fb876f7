"""Outputs of a pipeline against those in a bag: differences, verdict, report."""
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.evaluation.bag_comparison import (
    Series,
    Tolerances,
    compare_answers,
    compare_curves,
    verdict,
)
from ros_animate.evaluation.bag_report import BagVerdict, plot, table, write_junit
from ros_animate.evaluation.kept_limits import check_limits
from ros_animate.robot.descriptions import load_spec

START_NS, PERIOD_NS = 1_700_000_000 * 10 ** 9, 10 ** 7
TIMES = START_NS + PERIOD_NS * np.arange(100)


def series(values, times=TIMES, delay_ns=0, names=('jaw', 'brow'), scale=(2.0, 1.0)):
    return Series(names, np.array(scale), np.array(times), np.array(times) + delay_ns,
                  np.asarray(values, float))


def waves(times=TIMES, shift_s=0.0):
    t = 1e-9 * (np.asarray(times) - START_NS) - shift_s
    return np.stack([np.sin(5 * t), np.cos(7 * t)], axis=1)


def failed(comparison, tolerances):
    return [check.name for check in verdict(comparison, tolerances) if not check.passed]


def test_equal_answers_pass_without_any_tolerance():
    exact = Tolerances(0.0, late_ms=0.0)
    comparison = compare_answers('actions', series(waves()), series(waves()), exact)
    assert (comparison.maximum == 0).all() and comparison.count == 100
    assert not failed(comparison, exact)


def test_a_difference_is_a_fraction_of_the_range_and_tells_where_it_is_greatest():
    values = waves()
    values[40, 0] += 0.1
    tolerances = Tolerances(0.049)
    comparison = compare_answers('actions', series(waves()), series(values), tolerances)
    assert comparison.maximum == pytest.approx([0.05, 0.0])
    assert comparison.mean == pytest.approx([0.0005, 0.0])
    assert comparison.worst_ns[0] == TIMES[40]
    assert failed(comparison, tolerances) == ['jaw']
    assert not failed(compare_answers('actions', series(waves()), series(values),
                                      Tolerances(0.051)), tolerances)


def test_tolerances_by_name_and_by_topic():
    tolerances = Tolerances(0.01, {'actions': 0.2, 'brow': 0.3})
    assert list(tolerances.of('actions', ['jaw', 'brow'])) == [0.2, 0.3]
    assert list(tolerances.of('motion', ['jaw', 'brow'])) == [0.01, 0.3]
    with pytest.raises(ConfigurationError, match="no topic or control 'brow'.*brows"):
        tolerances.check(['actions', 'brows'])


def test_columns_may_be_in_another_order_and_must_all_be_there():
    tested = series(waves()[:, ::-1], names=('brow', 'jaw'), scale=(1.0, 2.0))
    assert not compare_answers('actions', series(waves()), tested, Tolerances()).maximum.any()
    with pytest.raises(ConfigurationError, match="the bag has 'jaw'"):
        compare_answers('motion', series(waves()), series(waves(), names=('a', 'brow')),
                        Tolerances())


def test_missing_and_late_answers_are_counted():
    tested = series(waves()[10:], TIMES[10:], delay_ns=60 * 10 ** 6)
    tolerances = Tolerances(missing=0.05)
    comparison = compare_answers('actions', series(waves()), tested, tolerances)
    assert (comparison.count, comparison.missing, comparison.late) == (90, 10, 90)
    assert comparison.late_ms == pytest.approx(60)
    assert failed(comparison, tolerances) == ['missing', 'late']
    generous = Tolerances(missing=0.1, late_ms=60.0)
    assert not failed(compare_answers('actions', series(waves()), tested, generous), generous)


def test_no_common_frame_does_not_pass():
    generous = Tolerances(missing=1.0)
    comparison = compare_answers('actions', series(waves()), series(waves(), TIMES + 1), generous)
    assert failed(comparison, generous) == ['missing']


@pytest.mark.parametrize('shift_ms', [0, 24, -60])
def test_curves_are_aligned_and_the_delay_is_told(shift_ms):
    times = START_NS - 10 ** 9 + 7_000_000 * np.arange(500)
    tested = series(waves(times, shift_ms * 1e-3), times)
    aligned = compare_curves('commands', series(waves()), tested, Tolerances(), align=True)
    assert aligned.maximum.max() < 0.005 and aligned.late_ms == shift_ms
    raw = compare_curves('commands', series(waves()), tested, Tolerances(), align=False)
    assert raw.late_ms == 0 and (raw.maximum.max() > 0.05) == bool(shift_ms)


def test_a_gap_between_commands_is_missing():
    kept = np.r_[0:30, 60:100]
    comparison = compare_curves('commands', series(waves()), series(waves()[kept], TIMES[kept]),
                                Tolerances(), align=False)
    assert comparison.missing == 30


def test_a_series_ends_where_it_is_cut():
    assert len(series(waves()).until(int(TIMES[9])).values) == 10
    assert series(waves()).until(int(TIMES[0]) - 1) is None


def commands(spec, rows=5):
    size = len(spec.names)
    return Series(spec.names, spec.high - spec.low, TIMES[:rows], TIMES[:rows],
                  np.tile(spec.neutral, (rows, 1)), np.zeros((2, rows, size)))


def test_limits_that_are_kept_and_broken():
    spec = load_spec('ameca')
    good = commands(spec)
    assert all(check.passed for check in check_limits(good, spec))
    jaw, brow = spec.index('Jaw Pitch'), spec.index('Brow Inner Left')
    values, rates = good.values.copy(), good.rates.copy()
    values[2, brow] = spec.high[brow] + 0.01
    rates[0, 1:3, jaw] = -1.01 * spec.max_velocity[jaw]
    broken = {c.name: c.message for c in check_limits(
        replace(good, values=values, rates=rates), spec) if not c.passed}
    assert broken == {'Jaw Pitch': 'velocity broken 2 times',
                      'Brow Inner Left': 'range broken 1 times'}


def test_a_broken_coupled_limit_is_noticed():
    spec = load_spec('ameca')
    values = commands(spec).values
    values[1:, spec.index('Jaw Pitch')] = 1.0  # which the lower lip has to follow
    values[1:, spec.index('Lip Bottom Depress Middle')] = 0.0
    broken = [c for c in check_limits(replace(commands(spec), values=values), spec)
              if not c.passed]
    assert [(c.name, c.message) for c in broken] == [
        ('coupled limits', '4 of 5 commands break a coupled limit')]


@pytest.fixture
def a_verdict():
    """Jaw too far away, a missing message."""
    values = waves()
    values[40, 0] += 0.1
    tolerances = Tolerances(0.01)
    comparison = compare_answers('actions', series(waves()), series(values[1:], TIMES[1:]),
                                 tolerances)
    return BagVerdict('greeting', [comparison], verdict(comparison, tolerances), 1.5)


def test_the_table_names_what_failed(a_verdict):
    text = table(a_verdict)
    assert 'actions  jaw      0.0005  0.0500     0.01  FAILED' in text
    assert 'actions: 99 compared, 1 missing, 0 late' in text and 'limits: kept' in text
    assert a_verdict.summary.startswith('greeting: 2 of 4 checks failed: actions jaw: greatest '
                                        'difference 0.0500 of the range at 0.40 s')


def test_junit(a_verdict, tmp_path):
    write_junit(a_verdict, tmp_path / 'result.xml')
    root = ET.parse(tmp_path / 'result.xml').getroot()
    suite, = root
    assert (root.tag, suite.get('name'), suite.get('tests'), suite.get('failures')) == (
        'testsuites', 'greeting.actions', '4', '2')
    failures = {case.get('name'): case.find('failure') for case in suite}
    assert 'greatest difference 0.0500' in failures['jaw'].text and failures['brow'] is None


def test_the_plot_shows_recorded_and_tested(a_verdict, tmp_path):
    plot(a_verdict, tmp_path / 'difference.png')
    assert (tmp_path / 'difference.png').stat().st_size > 10_000
