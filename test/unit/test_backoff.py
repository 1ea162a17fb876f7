"""Delays double up to their bound, and begin again after a success."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.backoff import Backoff


def test_delays_double_up_to_the_longest():
    backoff = Backoff(0.5, 5.0)
    assert [backoff.note_failure(0.0) for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_success_resets_the_delay():
    backoff = Backoff(0.5, 5.0)
    for _ in range(4):
        backoff.note_failure(0.0)
    backoff.reset()
    assert backoff.note_failure(0.0) == 0.5


def test_the_first_attempt_is_due_at_once():
    assert Backoff(0.5, 5.0).is_due(-1e9)


@given(st.floats(-1e6, 1e6), st.integers(1, 10))
def test_the_next_attempt_is_due_when_the_delay_has_passed(now_s, failures):
    backoff = Backoff(0.5, 5.0)
    for _ in range(failures):
        delay_s = backoff.note_failure(now_s)
    assert not backoff.is_due(now_s + 0.99 * delay_s)
    assert backoff.is_due(now_s + delay_s) and backoff.due_s == now_s + delay_s


def test_the_first_delay_keeps_the_bound():
    assert Backoff(0.5, 0.1).note_failure(0.0) == 0.1


def test_negative_delays_are_refused():
    with pytest.raises(ValueError, match='-1'):
        Backoff(-1.0, 5.0)
