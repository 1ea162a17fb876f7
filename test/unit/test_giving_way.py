"""Rests of work that gives way."""
import os
import subprocess
import sys
import threading
import time

import pytest

from ros_animate import scheduling
from ros_animate.scheduling import LONGEST_REST_S, RESTS, GivingWay

TIMEOUT_S = 60.0


@pytest.fixture
def counts(tmp_path, monkeypatch):
    """Sets what Linux counts, in seconds of waiting."""
    path = tmp_path / 'schedstat'
    monkeypatch.setattr(scheduling, '_COUNTS', path)
    return lambda waited_s: path.write_text(f'123456 {round(1e9 * waited_s)} 17\n')


def test_the_rest_is_in_proportion_to_the_waiting_since_the_last_one(counts):
    counts(5.0)
    giving_way = GivingWay()
    assert giving_way.rest_s() == 0.0
    counts(5.003)
    assert giving_way.rest_s() == pytest.approx(0.003 * RESTS)
    assert giving_way.rest_s() == 0.0


def test_the_rest_has_an_end(counts):
    counts(0.0)
    giving_way = GivingWay()
    counts(3600.0)
    assert giving_way.rest_s() == LONGEST_REST_S


@pytest.mark.parametrize('content', ['', 'none here', '1'])
def test_systems_that_count_nothing_have_no_rests(tmp_path, monkeypatch, content):
    path = tmp_path / 'schedstat'
    monkeypatch.setattr(scheduling, '_COUNTS', path)
    assert GivingWay().rest_s() == 0.0
    path.write_text(content)
    assert GivingWay().rest_s() == 0.0


@pytest.mark.skipif(not scheduling._COUNTS.exists(), reason='needs /proc of Linux')
def test_a_thread_that_shares_its_processor_rests():
    found = []

    def work():
        processor = min(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processor})
        code = f'import os; os.sched_setaffinity(0, {{{processor}}})\nwhile True: pass'
        busy = subprocess.Popen([sys.executable, '-c', code])
        try:
            giving_way, end_s = GivingWay(), time.monotonic() + TIMEOUT_S
            while time.monotonic() < end_s and not found:
                found.extend(rest_s for rest_s in [giving_way.rest_s()] if rest_s > 0.0)
        finally:
            busy.kill()
            busy.wait()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found
