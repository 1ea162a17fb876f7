"""One action a slot, and at once when there is news."""
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.nodes.ticker import Slots, Ticker

PERIOD_S = 1 / 60


def simulate(news_s, duration_s, late_s=0.0):
    """Times of the actions, and how long each piece of news waited."""
    slots = Slots(PERIOD_S, 0.0)
    actions, waits, waiting = [], [], []
    now_s, news_s = 0.0, sorted(news_s)
    while now_s < duration_s:
        due_s = slots.due_s()
        if news_s and news_s[0] <= due_s:
            now_s = max(now_s, news_s.pop(0))
            waiting.append(now_s)
            slots.note_news()
            continue
        now_s = max(now_s, due_s) + late_s
        slots.act(now_s)
        actions.append(now_s)
        waits += [now_s - t for t in waiting]
        waiting = []
    return actions, waits


@given(st.lists(st.floats(0, 3), max_size=200))
def test_one_action_a_slot_whatever_comes(news_s):
    actions, waits = simulate(news_s, 3.0)
    gaps = [b - a for a, b in zip(actions, actions[1:])]
    assert abs(len(actions) - 180) <= 2
    assert all(0.5 * PERIOD_S - 1e-9 <= gap <= 2 * PERIOD_S + 1e-9 for gap in gaps)
    assert all(wait <= PERIOD_S + 1e-9 for wait in waits)


@given(st.floats(10, 30), st.floats(0, 1))
def test_news_of_a_camera_waits_an_eighth_of_a_period_on_average(rate_hz, phase):
    count = 120
    _, waits = simulate([(phase + k) / rate_hz for k in range(count)], (count + 1) / rate_hz)
    assert len(waits) == count
    assert max(waits) <= 0.5 * PERIOD_S + 1e-9


@given(st.floats(0, 0.2))
def test_a_machine_that_is_late_keeps_the_actions_apart(late_s):
    actions, _ = simulate([], 3.0, late_s=late_s)
    assert all(b - a >= 0.5 * PERIOD_S - 1e-9 for a, b in zip(actions, actions[1:]))


@given(st.lists(st.floats(0, 0.9), min_size=60, max_size=60))
def test_single_late_actions_do_not_lower_the_rate(lateness):
    slots, now_s = Slots(PERIOD_S, 0.0), 0.0
    for k, late in enumerate(lateness):
        now_s = max(now_s, slots.due_s()) + (late * PERIOD_S if k % 4 == 0 else 0.0)
        slots.act(now_s)
    assert now_s <= (len(lateness) + 1.5) * PERIOD_S


def test_without_news_it_is_a_plain_clock():
    actions, _ = simulate([], 1.0)
    assert actions == pytest.approx([PERIOD_S * (k + 1) for k in range(len(actions))])


def test_the_thread_ticks_and_stops():
    ticked = threading.Semaphore(0)
    ticker = Ticker(0.001, ticked.release)
    ticker.start()
    for _ in range(5):
        assert ticked.acquire(timeout=10)
    ticker.stop()
    ticker.stop()


def test_news_bring_the_tick_forward():
    ticked = threading.Event()
    ticker = Ticker(3600.0, ticked.set)
    ticker.start()
    ticker.note_news()
    # The first slot is open at once; a plain timer would wait for an hour.
    assert ticked.wait(10)
    ticker.stop()
