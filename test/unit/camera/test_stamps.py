"""Stamps increase strictly, whatever a container claims."""
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.camera.stamps import Stamps, sane_fps

claims = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.one_of(claims, st.just(math.nan), st.integers(0, 3).map(float))),
       st.floats(1, 240), st.sets(st.integers(0, 20)))
def test_stamps_start_at_zero_and_increase(claimed, fps, restarts):
    stamps = Stamps(fps)
    given_stamps = []
    for index, claim in enumerate(claimed):
        if index in restarts:
            stamps.restart()
        given_stamps.append(stamps.next(claim))
    assert given_stamps[:1] in ([], [0.0])
    steps = [b - a for a, b in zip(given_stamps, given_stamps[1:])]
    assert all(0 < step <= Stamps.MAX_STEP_S * 1.001 for step in steps)


def test_sane_times_are_kept_with_their_variable_rate():
    stamps = Stamps(30)
    assert [stamps.next(t) for t in (5.0, 5.04, 5.1, 5.11)] == pytest.approx([0, .04, .1, .11])


def test_nonsense_is_bridged_at_the_nominal_rate():
    stamps = Stamps(10)
    claimed = [0, 0.1, 0.1, math.nan, -5, 1e9, 0.65]
    assert [stamps.next(t) for t in claimed] == pytest.approx([0, .1, .2, .3, .4, .5, .65])


def test_repeated_times_do_not_move_what_follows():
    stamps = Stamps(30)
    claimed = [0, 0.002, 0.002, 0.004, 0.006, 0.05, 0.06]
    assert [stamps.next(t) for t in claimed][-2:] == pytest.approx([0.05, 0.06])


def test_times_that_go_on_from_another_time_keep_their_distances():
    stamps = Stamps(10)
    claimed = [0, 0.1, 500.0, 500.02, 500.04, 3.0, 3.3]
    assert [stamps.next(t) for t in claimed] == pytest.approx(
        [0, 0.1, 0.2, 0.22, 0.24, 0.34, 0.64])


def test_a_screen_recording_may_pause():
    stamps = Stamps(10, 600.0)
    assert [stamps.next(t) for t in (0, 0.1, 40.0)] == pytest.approx([0, 0.1, 40.0])


def test_a_loop_goes_on_where_it_was():
    stamps = Stamps(10)
    times = [0.0, 0.1, 0.2]
    first = [stamps.next(t) for t in times]
    stamps.restart()
    second = [stamps.next(t) for t in times]
    assert first + second == pytest.approx([0, .1, .2, .3, .4, .5])


@pytest.mark.parametrize('claimed, fps', [(25, 25), (29.97, 29.97), (0, 30), (1000, 30), (0.5, 0.5),
                                          (480, 480), (-1, 30), (math.nan, 30), (math.inf, 30)])
def test_sane_fps(claimed, fps):
    assert sane_fps(claimed) == fps
