"""The judgement of stamps: which are believed, which are replaced, and what is said."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.nodes.stamp_monitor import (
    RESULT_PATIENCE_S,
    SECOND,
    ClockMonitor,
    StampDefect,
    StampMonitor,
)

NOW_NS = 1_700_000_000 * SECOND
PERIOD_NS = SECOND // 25
LATENCY_NS = SECOND // 50

STREAMS = {
    'zero': lambda k, now_ns: 0,
    'constant': lambda k, now_ns: NOW_NS - LATENCY_NS,
    'past': lambda k, now_ns: now_ns - 2 * SECOND,
    'future': lambda k, now_ns: now_ns + 2 * SECOND,
    'backward': lambda k, now_ns: NOW_NS - k * PERIOD_NS,
    'boot': lambda k, now_ns: now_ns - NOW_NS + 5000 * SECOND,
}


def judged(monitor, stream, count=100, start=0):
    """(arrival, stamp used) of each message of a stream."""
    result = []
    for k in range(start, start + count):
        now_ns = NOW_NS + k * PERIOD_NS
        result.append((now_ns, monitor.judge(stream(k, now_ns), now_ns, k * PERIOD_NS / SECOND)))
    return result


def good(k, now_ns):
    return now_ns - LATENCY_NS


def test_good_stamps_are_left_alone():
    monitor = StampMonitor('images')
    assert all(used == now_ns - LATENCY_NS for now_ns, used in judged(monitor, good))
    assert monitor.verdict == '' and monitor.on_arrival is None


@pytest.mark.parametrize('name', STREAMS)
def test_each_defect_is_named_and_stamped_on_arrival(name):
    monitor = StampMonitor('images')
    results = judged(monitor, STREAMS[name])
    assert 'images' in monitor.verdict and 'stamp' in monitor.verdict
    assert StampDefect(name).remedy in monitor.verdict
    # Two seconds are 50 messages; the stamps are those of the arrival, and increase.
    assert all(now_ns == used for now_ns, used in results[45:])
    used = [stamp for _, stamp in results[45:]]
    assert all(a < b for a, b in zip(used, used[1:]))
    assert not any(stamp > now_ns + SECOND // 10 for now_ns, stamp in results)


@pytest.mark.parametrize('name', STREAMS)
def test_a_defect_is_told_by_the_first_stage_alone(name):
    first, second = StampMonitor('images'), StampMonitor('motions', patience_s=RESULT_PATIENCE_S)
    for k, (now_ns, used) in enumerate(judged(first, STREAMS[name])):
        late_s = 0.4 if k > 10 else 0.0  # a busy machine
        second.judge(used, now_ns + round(late_s * SECOND), (now_ns - NOW_NS) / SECOND + late_s)
        assert not second.verdict
    assert first.verdict


@pytest.mark.parametrize('name', ['zero', 'constant', 'past', 'backward'])
def test_a_slow_camera_is_judged_within_some_images(name):
    monitor = StampMonitor('images')
    for k in range(5):
        now_ns = NOW_NS + k * SECOND
        stamp_ns = NOW_NS - k * SECOND if name == 'backward' else STREAMS[name](k, now_ns)
        monitor.judge(stamp_ns, now_ns, float(k))
    assert StampDefect(name).remedy in monitor.verdict


@pytest.mark.parametrize('name', ['past', 'constant'])
def test_after_good_stamps_late_and_repeated_images_are_not_believed(name):
    monitor = StampMonitor('images')
    judged(monitor, good, 30)
    frozen_ns = NOW_NS + 29 * PERIOD_NS - LATENCY_NS
    # A link that delivers half as fast as the camera sends, or nothing new.
    share = {'past': 0.5, 'constant': 0.0}[name]

    def stream(k, now_ns):
        return frozen_ns + int(share * (k - 29) * PERIOD_NS)
    results = judged(monitor, stream, 50, start=30)
    assert [used for _, used in results] == [stream(k, 0) for k in range(30, 80)]
    assert 'late or repeated' in monitor.verdict and monitor.on_arrival is None
    judged(monitor, good, 30, start=80)
    assert monitor.verdict == ''


def test_a_clock_that_is_set_back_is_stamped_on_arrival():
    monitor = StampMonitor('images')
    judged(monitor, good, 30)
    results = judged(monitor, lambda k, now_ns: now_ns - 10 * SECOND, 50, start=30)
    assert monitor.on_arrival is StampDefect.PAST
    assert results[-1][0] == results[-1][1]


def test_good_stamps_are_believed_again():
    monitor = StampMonitor('images')
    judged(monitor, STREAMS['zero'], 10)
    results = judged(monitor, good, 40, start=10)
    assert results[-1][1] == results[-1][0] - LATENCY_NS
    assert monitor.verdict == '' and monitor.on_arrival is None


@pytest.mark.parametrize('stamp_ns', [0, 2_000_000_000 * SECOND, 5 * SECOND])
def test_one_impossible_stamp_alone_is_replaced_without_a_verdict(stamp_ns):
    monitor = StampMonitor('images')
    judged(monitor, good, 30)
    now_ns = NOW_NS + 30 * PERIOD_NS
    assert monitor.judge(stamp_ns, now_ns, 1.2) == now_ns
    results = judged(monitor, good, 30, start=31)
    assert all(used == now_ns - LATENCY_NS for now_ns, used in results)
    assert monitor.verdict == ''


def test_two_chunks_for_each_frame_are_no_defect():
    monitor = StampMonitor('actions')
    judged(monitor, lambda k, now_ns: NOW_NS + (k // 2) * 2 * PERIOD_NS - LATENCY_NS, 60)
    assert monitor.on_arrival is None


def test_two_senders_that_take_turns_are_no_defect():
    monitor = StampMonitor('motions')
    results = judged(monitor, lambda k, now_ns: now_ns - (k % 2) * 2 * PERIOD_NS - 1, 60)
    assert all(now_ns - used < 3 * PERIOD_NS for now_ns, used in results[::2])
    assert monitor.on_arrival is None and monitor.verdict == ''


def test_a_simulated_clock_that_begins_again():
    monitor = StampMonitor('images')
    for _ in range(3):
        for k in range(1, 40):
            now_ns = k * PERIOD_NS
            assert monitor.judge(now_ns - 1, now_ns, 0.0) == now_ns - 1
    assert monitor.verdict == ''


@given(st.lists(st.tuples(st.integers(-2 ** 31, 2 ** 31 - 1), st.integers(0, 10 ** 9 - 1)),
                max_size=40))
def test_after_any_stamps_good_ones_are_used_again(stamps):
    monitor = StampMonitor('images')
    for k, (sec, nanosec) in enumerate(stamps):
        now_ns = NOW_NS + k * PERIOD_NS
        used = monitor.judge(sec * SECOND + nanosec, now_ns, k / 25)
        assert 0 != used <= now_ns + SECOND // 10
    results = judged(monitor, good, 60, start=len(stamps))
    assert results[-1][1] == results[-1][0] - LATENCY_NS


def test_a_clock_that_stands_still_is_noticed():
    monitor = ClockMonitor()
    assert 'nobody publishes /clock' in monitor.trouble(0, 1.0)
    assert monitor.trouble(5 * SECOND, 2.0) == ''
    assert monitor.trouble(6 * SECOND, 3.0) == ''
    assert 'standing at 6.0 s' in monitor.trouble(6 * SECOND, 4.0)
    assert monitor.trouble(7 * SECOND, 5.0) == ''
