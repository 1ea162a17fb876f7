"""The governor keeps every limit at every step, whatever its target does, and still arrives."""
import numpy as np
import pytest
from helpers.random_robots import KINDS, excess, robots, targets
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.governor import Governor, nearest_stop


def drive(spec, kind, seed, steps=300):
    """Governor, times and positions of a run with irregular steps, from rest at neutral."""
    rng = np.random.default_rng(seed)
    governor = Governor(spec)
    poses = np.nan_to_num(targets(kind, steps, spec, rng), posinf=1e9, neginf=-1e9)
    times, positions = [0.0], [governor.position.copy()]
    before = governor.position.copy()
    for target in poses:
        dt = float(rng.choice([0.0005, 0.005, 0.016, 0.05]) * rng.uniform(0.5, 1.5))
        governor.clamp(target)
        waypoint = target if rng.random() < 0.5 else None
        governor.step(before, (target - before) / dt, dt, waypoint)
        before = target
        times.append(times[-1] + dt)
        positions.append(governor.position.copy())
    return governor, times, positions


@settings(max_examples=100, deadline=None)
@given(robots(), st.sampled_from(KINDS), st.integers(0, 2 ** 32))
def test_no_limit_is_broken(spec, kind, seed):
    _, times, positions = drive(spec, kind, seed)
    beyond, velocity, acceleration = excess(spec, times, positions)
    assert beyond <= 1e-7
    assert velocity <= 1e-6
    assert acceleration <= 1e-6


@settings(max_examples=40, deadline=None)
@given(robots(max_controls=4), st.integers(0, 2 ** 32), st.floats(0.01, 0.05))
def test_a_target_that_stays_is_reached_and_held(spec, seed, dt):
    governor, _, _ = drive(spec, 'uniform', seed, steps=50)
    target = np.random.default_rng(seed).uniform(spec.low, spec.high)
    governor.clamp(target)
    # Ten times what the slowest control needs from end to end.
    patience_s = 10 * float(((spec.high - spec.low) / spec.max_velocity
                             + spec.max_velocity / spec.max_acceleration).max())
    near = 1e-6 * (spec.high - spec.low)
    for _ in range(int(patience_s / dt) + 20):
        governor.step(target, np.zeros_like(target), dt)
        if (np.abs(governor.position - target) <= near).all() and governor.at_rest:
            return
    raise AssertionError(f'{governor.position} instead of {target}')


def test_a_target_within_the_limits_is_followed():
    spec = load_spec('ameca')
    governor, dt = Governor(spec), 1 / 60
    phase = np.linspace(0, 3, len(spec.names))
    swing = 0.02 * (spec.high - spec.low)

    def target(t):
        return spec.neutral + swing * (np.cos(4 * t + phase) - np.cos(phase))

    # Limits between controls make kinks in the target; after them it is caught up with.
    before, errors = governor.position.copy(), []
    for k in range(1, 200):
        pose = target(k * dt)
        governor.clamp(pose)
        governor.step(before, (pose - before) / dt, dt)
        before = pose
        errors.append(np.abs(governor.position - pose).max())
    assert max(errors) < 1e-5


def test_a_long_way_takes_as_long_as_the_limits_say():
    spec = load_spec('ameca')
    governor, i, dt = Governor(spec), spec.index('Eyelid Upper Left'), 0.001
    target = spec.neutral.copy()
    target[i] = 0.0
    took_s = 0.0
    while abs(governor.position[i]) > 0.01 and took_s < 1.0:
        governor.step(target, np.zeros_like(target), dt)
        took_s += dt
    way, velocity, acceleration = 1.0, spec.max_velocity[i], spec.max_acceleration[i]
    shortest = 2 * np.sqrt(way / acceleration) if way * acceleration < velocity ** 2 else (
        way / velocity + velocity / acceleration)
    assert shortest - 0.005 <= took_s <= 1.1 * shortest + 0.005


def test_a_waypoint_is_not_overrun():
    spec = load_spec('ameca')
    governor, i, dt = Governor(spec), spec.index('Head Yaw'), 0.005
    waypoint = spec.neutral.copy()
    waypoint[i] = 20.0
    velocity = np.zeros_like(waypoint)
    velocity[i] = 150.0
    highest, target = 0.0, spec.neutral.copy()
    for step in range(60):
        moving = (step + 1) * dt * velocity[i] < waypoint[i]
        target[i] = min((step + 1) * dt * velocity[i], waypoint[i])
        governor.step(target, velocity if moving else 0 * velocity, dt, waypoint)
        highest = max(highest, governor.position[i])
    assert highest <= waypoint[i] + 1e-9
    assert governor.position[i] == pytest.approx(waypoint[i])


@pytest.mark.parametrize('limit', ['low', 'high', 'max_velocity', 'max_acceleration'])
def test_limits_are_never_looser_than_the_robots(limit):
    spec = load_spec('ameca')
    looser = getattr(spec, limit) * 1.5 + (-1.0 if limit == 'low' else 1.0)
    with pytest.raises(ValueError, match=limit):
        Governor(spec, **{limit: looser})
    with pytest.raises(ValueError, match=limit):
        Governor(spec, **{limit: np.full_like(looser, np.nan)})


@settings(max_examples=50, deadline=None)
@given(robots(), st.integers(0, 2 ** 32))
def test_the_stop_of_a_moving_robot_is_in_its_ranges(spec, seed):
    governor, _, _ = drive(spec, 'corners', seed, steps=40)
    seconds, pose = nearest_stop(spec, governor.position, governor.velocity)
    assert seconds == pytest.approx((np.abs(governor.velocity) / spec.max_acceleration).max())
    assert (pose >= spec.low).all()
    assert (pose <= spec.high).all()


def test_a_restored_state_of_motion_goes_on_in_the_same_way():
    spec = load_spec('ameca')
    governor, _, _ = drive(spec, 'uniform', seed=0, steps=20)
    state, target = governor.state, spec.neutral.copy()

    def follow():
        for _ in range(5):
            governor.step(target, np.zeros_like(target), 0.01)
        return governor.position.copy()
    first = follow()
    governor.restore(state)
    np.testing.assert_array_equal(follow(), first)
