"""The log of a training: its table and its event files agree, also after a resume."""
import itertools
import logging
import sys
import time

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ros_animate.training.core.log import TrainingLog, read_log

COLUMNS = ('loss', 'validation_mae')


def scalars(folder, name):
    """{step: value} as TensorBoard shows them; no step may occur twice."""
    events = EventAccumulator(str(folder)).Reload().Scalars(name)
    assert len({event.step for event in events}) == len(events)
    return {event.step: event.value for event in events}


def write(folder, start, stop, scale):
    with TrainingLog(folder, start, COLUMNS) as log:
        for step in range(start + 1, stop + 1):
            log.write(step, {'loss': scale * step, 'validation_mae': step if step == 2 else None})


def test_events_are_those_of_the_table(tmp_path):
    write(tmp_path, 0, 3, 0.5)
    assert scalars(tmp_path, 'loss') == {1: 0.5, 2: 1.0, 3: 1.5}
    assert scalars(tmp_path, 'validation_mae') == {2: 2.0}
    assert [row['loss'] for row in read_log(tmp_path)] == ['0.5', '1', '1.5']
    assert [row['validation_mae'] for row in read_log(tmp_path)] == ['', '2.000000', '']


@pytest.mark.parametrize('start', [0, 2])
def test_a_resumed_run_has_no_step_twice(tmp_path, monkeypatch, start):
    # Event files are ordered by the second in their names: a run resumes in a later one.
    seconds = itertools.count(time.time())
    monkeypatch.setattr('time.time', lambda: next(seconds))
    write(tmp_path, 0, 5, 1.0)
    write(tmp_path, start, 6, 2.0)
    expected = {step: step * (1.0 if step <= start else 2.0) for step in range(1, 7)}
    assert scalars(tmp_path, 'loss') == expected
    assert {int(row['step']): float(row['loss']) for row in read_log(tmp_path)} == expected


def test_events_are_on_the_disk_while_a_run_goes_on(tmp_path):
    with TrainingLog(tmp_path, 0, COLUMNS) as log:
        log.write(1, {'loss': 0.25})
        assert scalars(tmp_path, 'loss') == {1: 0.25}


def test_without_tensorboard_the_table_is_written(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', None)
    with caplog.at_level(logging.WARNING):
        write(tmp_path, 0, 2, 1.0)
    assert [row['step'] for row in read_log(tmp_path)] == ['1', '2']
    assert not list(tmp_path.glob('events.*'))
    assert [record.getMessage() for record in caplog.records] == [
        'tensorboard is not installed: scalars are written to log.csv only']
