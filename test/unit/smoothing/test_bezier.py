"""The Bézier smoother: smooth, within every limit at every instant, and on time."""
import numpy as np
import pytest
from helpers.random_robots import KINDS, robots, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.plugins import load
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk

SPEC = load_spec('ameca')
PERIOD_S = 1 / 30


def bezier(spec=SPEC, **options):
    return load('smoothing', 'bezier', options, spec)


def chunk(values, stamp_s, period_s=PERIOD_S):
    return ActionChunk(SPEC.names, np.atleast_2d(values), period_s, stamp_s)


def feed(smoother, chunks, rate_hz=1000.0):
    """Pushes each chunk when it arrives and samples in between: times, commands, pieces."""
    times, commands, pieces = [], [], []
    now, arrivals = 0.0, np.maximum.accumulate([c.stamp_s for c in chunks])
    for item, arrival in zip(chunks, np.maximum(arrivals, 0.0), strict=True):
        while now < arrival:
            times.append(now)
            commands.append(smoother.sample(now))
            pieces.append(smoother.piece(now)[1])
            now += 1 / rate_hz
        smoother.push(item, arrival)
    return np.array(times), commands, pieces


@settings(max_examples=40, deadline=None)
@given(robots(), st.sampled_from(KINDS), st.integers(0, 2 ** 32), st.sampled_from([0.002, 0.005]))
def test_no_limit_is_broken_at_any_instant(spec, kind, seed, knot_s):
    smoother = bezier(spec, knot_s=knot_s, stillness=0.0)
    chunks = stream(kind, 20, spec, np.random.default_rng(seed))
    _, commands, pieces = feed(smoother, chunks)
    allowed = CoupledSet(spec, spec.low, spec.high)
    span = (spec.high - spec.low).min()
    for command in commands:
        assert (np.abs(command.velocity) <= spec.max_velocity * (1 + 1e-6)).all()
        assert (np.abs(command.acceleration) <= spec.max_acceleration * (1 + 1e-6)).all()
    for points in pieces:  # the curve is in their convex hull, so between samples too
        assert (points >= spec.low - 1e-9 * span).all()
        assert (points <= spec.high + 1e-9 * span).all()
        outside = points @ allowed.matrix.T - allowed.bound
        assert outside.size == 0 or outside.max() <= 1e-8
        hodograph = 3 * np.diff(points, axis=0) / knot_s
        assert (np.abs(hodograph) <= spec.max_velocity * (1 + 1e-6)).all()
        second = 2 * np.diff(hodograph, axis=0) / knot_s
        assert (np.abs(second) <= spec.max_acceleration * (1 + 1e-5)).all()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(['uniform', 'steps', 'walk']), st.integers(0, 2 ** 32))
def test_position_velocity_and_acceleration_have_no_jumps(kind, seed):
    rate_hz = 5000.0
    chunks = stream(kind, 6, SPEC, np.random.default_rng(seed))
    _, commands, _ = feed(bezier(), chunks, rate_hz)
    position, velocity, acceleration = (
        np.array([getattr(c, name) for c in commands])
        for name in ('position', 'velocity', 'acceleration'))
    dt = 1 / rate_hz
    # The jerk is constant in a piece: the acceleration goes at most from limit to limit in a knot.
    jerk = 2 * SPEC.max_acceleration / 0.005
    assert (np.abs(np.diff(acceleration, axis=0)) <= jerk * dt * 1.001 + 1e-9).all()
    assert (np.abs(np.diff(velocity, axis=0) / dt - acceleration[1:]) <= jerk * dt).all()
    assert (np.abs(np.diff(position, axis=0) / dt - velocity[1:])
            <= SPEC.max_acceleration * dt).all()


def test_a_new_chunk_changes_nothing_at_its_instant():
    smoother = bezier()
    target = SPEC.neutral + 0.1 * (SPEC.high - SPEC.low)
    smoother.push(chunk(target, 0.0), 0.0)
    now = 0.0213
    before = smoother.sample(now)
    smoother.push(chunk(SPEC.neutral, now), now)
    after = smoother.sample(now)
    np.testing.assert_allclose(after.position, before.position, rtol=0, atol=1e-12)
    np.testing.assert_allclose(after.velocity, before.velocity, rtol=0, atol=1e-9)
    np.testing.assert_allclose(after.acceleration, before.acceleration, rtol=0, atol=1e-6)


def test_a_target_within_the_limits_is_met_a_chunk_period_later():
    smoother = bezier(stillness=0.0)
    targets = [SPEC.neutral + 0.03 * (SPEC.high - SPEC.low) * np.sin(0.3 * k) for k in range(90)]
    free = [i for i, name in enumerate(SPEC.names) if 'Lip' not in name and name != 'Jaw Pitch'
            and SPEC.low[i] < SPEC.neutral[i]]
    errors = []
    for k, target in enumerate(targets):
        smoother.push(chunk(target, k * PERIOD_S), k * PERIOD_S)
        error = (smoother.sample((k + 1) * PERIOD_S).position - target)[free]
        errors.append(np.abs(error / (SPEC.high - SPEC.low)[free]).max())
    # A quarter of the 0.9 % that the target moves in a period at most.
    assert max(errors) < 0.0025


def test_a_target_that_cannot_be_met_in_time_is_reached_later():
    smoother, i = bezier(), SPEC.index('Gaze Target Phi')
    pose = SPEC.neutral.copy()
    pose[i] = SPEC.high[i]
    smoother.push(chunk(pose, 0.0), 0.0)
    at = [smoother.sample(k * 0.01).position[i] for k in range(60)]
    assert at[4] < 0.2 * pose[i]
    assert at[-1] == pytest.approx(pose[i])
    assert np.diff(at).min() >= -1e-9
    least_s = pose[i] / SPEC.max_velocity[i]
    assert np.searchsorted(at, 0.99 * pose[i]) * 0.01 <= 1.2 * least_s + 0.05


def test_a_chunk_with_a_future_is_followed_without_delay():
    smoother, i = bezier(stillness=0.0), SPEC.index('Brow Inner Left')

    def target_at(t):
        pose = SPEC.neutral.copy()
        pose[i] = 0.5 + 0.3 * np.sin(6 * t)
        return pose

    errors = []
    for k in range(60):
        future = np.array([target_at((k + j) * PERIOD_S) for j in range(6)])
        smoother.push(chunk(future, k * PERIOD_S), k * PERIOD_S)
        for part in (0.25, 0.5, 0.75, 1.0):
            now = (k + part) * PERIOD_S
            errors.append(abs(smoother.sample(now).position[i] - target_at(now)[i]))
    assert max(errors[12:]) < 0.02


def test_without_new_chunks_it_comes_to_rest_at_the_last_waypoint():
    smoother = bezier()
    pose = SPEC.neutral.copy()
    pose[0] = 0.9
    smoother.push(chunk(np.stack([SPEC.neutral, pose]), 0.0), 0.0)
    last = smoother.sample(30.0)
    np.testing.assert_allclose(last.position, pose, atol=1e-9)
    assert not last.velocity.any()


def test_goes_on_where_it_is_when_the_clock_is_set_back():
    smoother = bezier()
    pose = SPEC.neutral + 0.2 * (SPEC.high - SPEC.low)
    smoother.push(chunk(pose, 100.0), 100.0)
    before = smoother.sample(100.03)
    after = smoother.sample(3.0)
    np.testing.assert_allclose(after.position, before.position, atol=1e-9)
    np.testing.assert_allclose(after.velocity, before.velocity, atol=1e-6)
    smoother.push(chunk(SPEC.neutral, 3.0), 3.0)
    assert smoother.dropped == 0
    np.testing.assert_allclose(smoother.sample(4.0).position, SPEC.neutral, atol=1e-6)


def test_a_blink_of_three_frames_closes_the_lids():
    smoother, i = bezier(), SPEC.index('Eyelid Upper Left')
    lowest = 1.0
    for k in range(40):
        pose = SPEC.neutral.copy()
        pose[4:8] = 0.0 if 20 <= k < 23 else 1.0
        smoother.push(chunk(pose, k * PERIOD_S), k * PERIOD_S)
        for tick in (0.5, 1.0):
            lowest = min(lowest, smoother.sample((k + tick) * PERIOD_S).position[i])
    assert lowest < 0.05


@pytest.mark.parametrize('period_s', [0.0005, 0.002, 0.3])
def test_chunks_may_come_much_faster_or_slower_than_knots(period_s):
    smoother, i = bezier(stillness=0.0), SPEC.index('Head Yaw')
    targets, worst = np.linspace(0, 5, 200), 0.0
    for k, target in enumerate(targets):
        pose = SPEC.neutral.copy()
        pose[i] = target
        smoother.push(chunk(pose, k * period_s, period_s), k * period_s)
        worst = max(worst, abs(smoother.sample((k + 0.5) * period_s).position[i] - target))
    assert worst < 2.0
    assert smoother.sample(300.0).position[i] == pytest.approx(5.0)


def test_a_clock_that_jumps_far_ahead_costs_no_time():  # 2e11 knots would
    smoother = bezier()
    pose = SPEC.neutral + 0.2 * (SPEC.high - SPEC.low)
    smoother.push(chunk(pose, 0.0), 0.0)
    settled = smoother.sample(1e4).position
    np.testing.assert_allclose(smoother.sample(1e9).position, settled, atol=1e-9)
    smoother.push(chunk(SPEC.neutral, 1e9), 1e9)
    np.testing.assert_allclose(smoother.sample(1e9 + 1).position, SPEC.neutral, atol=1e-5)


def test_a_run_of_more_knots_than_are_kept_has_no_jumps():
    smoother, rng = bezier(stillness=0.0), np.random.default_rng(0)
    last, steps = SPEC.neutral, []
    for k in range(400):
        pose = rng.uniform(SPEC.low, SPEC.high)
        smoother.push(chunk(pose, k * PERIOD_S), k * PERIOD_S)
        position = smoother.sample((k + 0.5) * PERIOD_S).position
        steps.append(np.abs(position - last))
        last = position
    assert (np.max(steps, axis=0) <= SPEC.max_velocity * PERIOD_S * (1 + 1e-9)).all()
