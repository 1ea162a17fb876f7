"""The worker pool: results in order, errors of workers, no worker left behind."""
import itertools
import os
import signal

import cv2
import pytest

from ros_animate.errors import UserError
from ros_animate.workers import AHEAD, one_opencv_thread, ordered_map


@pytest.mark.parametrize('workers', [1, 2])
def test_results_come_in_order(workers):
    results = ordered_map(lambda item, _: (item ** 2, os.getpid()), range(20), workers, 'no')
    values, processes = zip(*results, strict=True)
    assert values == tuple(item ** 2 for item in range(20))
    assert (set(processes) == {os.getpid()}) == (workers == 1)


def test_a_killed_worker_is_an_error_with_advice():
    results = ordered_map(lambda item, _: os.kill(os.getpid(), signal.SIGKILL), range(4), 2,
                          'take fewer')
    with pytest.raises(UserError, match='worker was killed .*take fewer'):
        list(results)


def test_an_error_in_a_worker_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda item, _: 1 // item, [1, 0], 2, ''))


def test_closing_stops_long_computations():
    def until_stopped(item, is_stopping):
        while item and not is_stopping():
            pass
        return item

    results = ordered_map(until_stopped, [0, *[1] * 2 * AHEAD], 2, '')
    assert next(results) == 0
    results.close()


def test_items_are_taken_as_they_are_needed():
    results = ordered_map(lambda item, _: item, itertools.count(), 2, '')
    assert list(itertools.islice(results, 30)) == list(range(30))
    results.close()


def test_a_worker_ignores_interrupts_of_the_terminal():
    [handler] = set(ordered_map(lambda *_: signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
                                range(2), 2, ''))
    assert handler


def test_opencv_has_its_threads_again():
    before = cv2.getNumThreads()
    with one_opencv_thread():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before
