"""Actuators that are late: targets are ahead of time while a face moves, within all limits."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.hardware.delay_line import DelayLine
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.smoothing.prediction import LONGEST_GAP_S, DelayCompensation
from ros_animate.types import ActionChunk, Command

SPEC = load_spec('mock')
DT_S = 1 / 30


def late(delay_s, spec=SPEC):
    """The robot with actuators that are late."""
    return dataclasses.replace(spec, controls=tuple(
        dataclasses.replace(c, delay_s=delay_s) for c in spec.controls))


def nod(time_s, spec=SPEC):
    """Targets (N,) of a head that nods and a mouth that opens."""
    share = 0.5 + 0.4 * np.sin(2 * np.pi * 0.8 * time_s)
    return spec.low + share * (spec.high - spec.low)


def follow(spec, smoother, compensation, seconds=4.0):
    """Times, and positions of the virtual robot that follows nods through a smoother."""
    smooth = load('smoothing', smoother, {'compensation': compensation}, spec)
    times, shown = [], []
    with load('hardware', 'mock', {}, spec) as robot:
        for frame in range(round(seconds / DT_S)):
            now_s = frame * DT_S
            smooth.push(ActionChunk(spec.names, nod(now_s)[None], DT_S, now_s), now_s)
            for tick in range(2):
                command = smooth.sample(now_s + tick * DT_S / 2)
                robot.write(command, now_s + tick * DT_S / 2)
            times.append(now_s + DT_S / 2)
            shown.append(robot.read(times[-1]).position)
    return np.array(times), np.array(shown)


def lateness(spec, smoother, compensation):
    """Delay at which the head of a robot resembles the nod most."""
    times, shown = follow(spec, smoother, compensation)
    index = next(at for at, c in enumerate(spec.controls) if c.group == 'head')
    delays = np.arange(0.0, 0.4, 0.005)
    errors = [np.square(shown[30:, index] - [nod(t - d)[index] for t in times[30:]]).sum()
              for d in delays]
    return delays[int(np.argmin(errors))]


@pytest.mark.parametrize('smoother', ['bezier', 'hold'])
def test_a_late_robot_is_less_late(smoother):
    prompt, plain, made_up = (lateness(late(d), smoother, share)
                              for d, share in ((0.0, 1.0), (0.1, 0.0), (0.1, 1.0)))
    assert plain == pytest.approx(prompt + 0.1, abs=0.02)  # the virtual robot is late
    assert made_up < plain - 0.04


def test_without_a_stated_delay_nothing_changes():
    for smoother in ('bezier', 'one_euro', 'hold', 'ruckig'):
        np.testing.assert_array_equal(follow(SPEC, smoother, 1.0, 1.0)[1],
                                      follow(SPEC, smoother, 0.0, 1.0)[1])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2 ** 32 - 1), st.floats(0.0, 0.5))
def test_targets_stay_near_and_the_trajectory_keeps_the_limits(seed, delay_s):
    rng, spec = np.random.default_rng(seed), late(delay_s)
    smooth, now_s = load('smoothing', 'bezier', {}, spec), 0.0
    for _ in range(20):
        target = rng.uniform(spec.low, spec.high)
        smooth.push(ActionChunk(spec.names, target[None], DT_S, now_s), now_s)
        for _ in range(4):
            now_s += DT_S / 4
            command = smooth.sample(now_s)
            assert (command.position >= spec.low - 1e-9).all()
            assert (command.position <= spec.high + 1e-9).all()
            assert (np.abs(command.velocity) <= spec.max_velocity * (1 + 1e-6)).all()
            assert (np.abs(command.acceleration) <= spec.max_acceleration * (1 + 1e-6)).all()


def test_noise_pauses_and_stamps_that_stand_still_are_not_continued():
    spec, rng = late(0.1), np.random.default_rng(0)
    compensation = DelayCompensation(spec)
    for frame in range(50):
        target = spec.neutral + spec.jitter * rng.standard_normal(len(spec.names))
        np.testing.assert_array_equal(
            compensation.apply(target[None], frame * DT_S, DT_S, 1.0), target[None])
    moved = nod(0.2)[None]
    ahead = compensation.apply(moved, 50 * DT_S, DT_S, 1.0)
    assert np.abs(ahead - moved).max() > 0.01
    for stamp_s in (50 * DT_S, 51 * DT_S + LONGEST_GAP_S):
        target = nod(stamp_s)[None]
        np.testing.assert_array_equal(compensation.apply(target, stamp_s, DT_S, 1.0), target)


def test_a_chunk_is_believed_up_to_its_end():
    spec = late(0.05)
    chunk = np.stack([nod(0.1 * k) for k in range(4)])
    compensation = DelayCompensation(spec)
    ahead = compensation.apply(chunk, 0.0, 0.1, 1.0)
    np.testing.assert_allclose(ahead[:3], (chunk[:3] + chunk[1:]) / 2)
    np.testing.assert_array_equal(ahead[3], chunk[3])
    np.testing.assert_allclose(DelayCompensation(spec).apply(chunk, 0.0, 0.1, 0.5)[0],
                               0.75 * chunk[0] + 0.25 * chunk[1])


def test_each_value_is_late_by_its_own_delay():
    line = DelayLine(np.array([0.0, 0.1, 0.25]), np.zeros(3))
    np.testing.assert_array_equal(line.at(5.0), np.zeros(3))
    for time_s in np.arange(0, 1.0, 0.05):
        line.push(time_s, np.full(3, time_s))
        np.testing.assert_allclose(line.at(time_s), np.maximum(time_s - [0, 0.1, 0.25], 0),
                                   atol=1e-9)
    line.push(0.5, np.full(3, 7.0))  # time went back
    np.testing.assert_array_equal(line.at(0.8), np.full(3, 7.0))


def test_the_virtual_robot_is_late_where_its_file_says_so():
    spec = late(0.2)
    with load('hardware', 'mock', {}, spec) as robot:
        zero = np.zeros(len(spec.names))
        for now_s in np.arange(0, 0.17, 0.02):
            robot.write(Command(spec.names, spec.high, zero, zero, now_s), now_s)
        np.testing.assert_array_equal(robot.read(0.18).position, spec.neutral)
        assert (robot.read(0.3).position != spec.neutral).any()
