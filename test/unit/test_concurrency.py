"""A threaded chain gives what a plain loop gives."""
import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.concurrency import pipelined


@given(st.lists(st.integers()), st.integers(1, 8))
def test_it_is_a_plain_loop(items, depth):
    total = 0

    def accumulate(value):
        nonlocal total
        total += value
        return value, total

    got = list(pipelined(items, lambda x: x + 1, accumulate, depth=depth))
    expected = [x + 1 for x in items]
    assert got == list(zip(expected, itertools.accumulate(expected), strict=True))


def test_none_is_a_value_like_any_other():
    assert list(pipelined([None, 1, None], lambda x: x)) == [None, 1, None]


def test_functions_work_at_the_same_time():
    both = threading.Barrier(2, timeout=20)

    def meet(value):
        both.wait()
        return value
    # Each of the two waits for the other, so alone neither would go on.
    chain = pipelined(range(6), lambda x: meet(x) if x else x, lambda x: meet(x) if x < 5 else x)
    assert list(chain) == list(range(6))


def test_the_results_before_an_error_come_first():
    def fail(value):
        if value == 3:
            raise KeyError('three')
        return value
    chain = pipelined(range(10), fail, lambda x: x)
    assert [next(chain) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError, match='three'):
        next(chain)


def test_an_error_of_the_source_is_raised():
    def source():
        yield 1
        raise ValueError('unplugged')
    chain = pipelined(source(), lambda x: x)
    assert next(chain) == 1
    with pytest.raises(ValueError, match='unplugged'):
        next(chain)


@pytest.mark.parametrize('taken', [0, 1, 5])
def test_closing_stops_the_threads_and_an_endless_source(taken):
    before = set(threading.enumerate())
    read = []

    def source():
        for k in itertools.count():
            read.append(k)
            yield k
    chain = pipelined(source(), lambda x: x, depth=4)
    for _ in range(taken):
        next(chain)
    chain.close()
    assert set(threading.enumerate()) <= before
    assert len(read) <= taken + 4
