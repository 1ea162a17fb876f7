"""The safety layer: sent commands keep all limits, and senseless ones are refused."""

import numpy as np
import pytest
from helpers.random_robots import KINDS, excess, robots, targets
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.command_sources import CommandSources
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.safety_state import SafetyState
from ros_animate.limits import COMMAND_SOURCES, NAME_LENGTH
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command

SPEC = load_spec('ameca')
SPAN = SPEC.high - SPEC.low
TICK_S = 1 / 60


def command(pose, stamp_s, names=SPEC.names):
    pose = np.asarray(pose, float)
    return Command(names, pose, np.zeros_like(pose), np.zeros_like(pose), stamp_s)


def posed(**values):
    pose = SPEC.neutral.copy()
    for name, value in values.items():
        pose[SPEC.index(name.replace('_', ' '))] = value
    return pose


SMILE = posed(Lip_Corner_Raise_Left=0.9, Lip_Corner_Raise_Right=0.9, Head_Yaw=15.0)


class Clock:
    """Ticks a safety layer at a fixed rate and keeps what it sent."""

    def __init__(self, safety, now_s=100.0):
        self.safety, self.now_s = safety, now_s
        self.times, self.sent = [], []

    def run(self, seconds, pose=None, source='policy', stamp=lambda now_s: now_s - 0.03):
        for _ in range(round(seconds / TICK_S)):
            given = None if pose is None else command(pose, stamp(self.now_s))
            self.sent.append(self.safety.step(given, self.now_s, source))
            self.times.append(self.now_s)
            self.now_s += TICK_S
        return self.sent[-1]


@settings(max_examples=100, deadline=None)
@given(robots(), st.sampled_from(KINDS), st.integers(0, 2 ** 32))
def test_no_limit_is_broken_whatever_comes_in(spec, kind, seed):
    rng = np.random.default_rng(seed)
    config = SafetyConfig(stale_s=0.2, neutral_after_s=0.5, neutral_s=0.3, stall_s=1.0)
    safety = Safety(config, spec)
    now_s, times, positions = 0.0, [0.0], [safety.step(None, 0.0).position]
    for pose in targets(kind, 300, spec, rng):
        now_s += float(rng.choice([0.001, 0.005, 0.016, 0.05]) * rng.uniform(0.5, 1.5))
        stamp_s = now_s + rng.choice([0.0, 0.0, 0.0, -0.02, -1.0, 0.3])
        silent = rng.random() < 0.3 or 100 < len(times) < 130
        given = None if silent else command(pose, stamp_s, spec.names)
        sent = safety.step(given, now_s, rng.choice(['a', 'a', 'a', 'b']))
        times.append(now_s)
        positions.append(sent.position)
        if rng.random() < 0.01:
            safety.rest(str(rng.choice(['neutral', 'park'])))
        if rng.random() < 0.02:
            safety.resume()
        if rng.random() < 0.01:
            safety.configure(SafetyConfig(stall_s=1.0, velocity_scale=rng.uniform(0.1, 1),
                                    acceleration_scale=rng.uniform(0.1, 1)))
    beyond, velocity, acceleration = excess(spec, times, positions)
    assert beyond <= 1e-7
    assert velocity <= 1e-6
    assert acceleration <= 1e-6


def test_a_command_within_the_limits_is_sent_as_it_is():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(1.0, SPEC.neutral)
    for k in range(60):
        pose = posed(Brow_Inner_Left=0.6 + 0.2 * np.sin(0.1 * k), Head_Yaw=10 * np.sin(0.1 * k))
        sent = clock.run(TICK_S, pose)
        np.testing.assert_allclose(sent.position, pose, atol=1e-9)
    assert sent.stamp_s == pytest.approx(clock.now_s - TICK_S - 0.03)
    assert clock.safety.state is SafetyState.TRACKING
    assert clock.safety.counts['limited'] == 0


@pytest.mark.parametrize(('why', 'bad'), [
    ('nonfinite', lambda now_s: command(np.where(np.arange(30) == 5, np.nan, SMILE), now_s)),
    ('nonfinite', lambda now_s: command(np.full(30, np.inf), now_s)),
    ('nonfinite', lambda now_s: command(SMILE, np.nan)),
    ('future', lambda now_s: command(SMILE, now_s + 1.0)),
    ('stale', lambda now_s: command(SMILE, now_s - 1.0)),
    ('disorder', lambda now_s: command(SMILE, now_s - 0.2)),
    ('names', lambda now_s: command([1.0], now_s, ('Tail',))),
    ('names', lambda now_s: Command(SPEC.names, np.zeros(3), np.zeros(3), np.zeros(3), now_s)),
])
def test_senseless_commands_are_refused_and_counted(why, bad):
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(1.0, SPEC.neutral)
    sent = clock.safety.step(bad(clock.now_s), clock.now_s, 'policy')
    assert clock.safety.counts[f'refused_{why}'] == 1
    np.testing.assert_allclose(sent.position, SPEC.neutral, atol=1e-9)


def test_controls_that_a_command_leaves_out_keep_their_target():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(1.5, SMILE)
    for _ in range(60):
        given = command([12.0], clock.now_s, ('Head Roll',))
        sent = clock.safety.step(given, clock.now_s, 'policy')
        clock.now_s += TICK_S
    np.testing.assert_allclose(sent.position, np.where(
        np.array(SPEC.names) == 'Head Roll', 12.0, SMILE), atol=1e-6)


def test_a_new_source_takes_over_slowly():
    clock = Clock(Safety(SafetyConfig(takeover_s=0.6), SPEC))
    clock.run(2.0, SMILE, 'a')
    start = clock.sent[-1].position
    way = SPEC.neutral - start
    moving = np.abs(way) > 0.1 * SPAN
    for share in (0.25, 0.5, 0.75):
        sent = clock.run(0.15, SPEC.neutral, 'b')
        assert clock.safety.state is SafetyState.TAKEOVER
        np.testing.assert_allclose((sent.position - start)[moving] / way[moving], share,
                                   atol=0.06)
    clock.run(0.3, SPEC.neutral, 'b')
    assert clock.safety.state is SafetyState.TRACKING
    assert clock.safety.source == 'b'
    assert clock.safety.counts['takeovers'] == 2


def test_of_two_sources_the_one_that_started_last_is_followed():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(1.0, SMILE, 'old')
    for _ in range(120):
        clock.run(TICK_S, SPEC.neutral, 'new')
        clock.now_s -= TICK_S / 2
        clock.safety.step(command(SMILE, clock.now_s - 0.02), clock.now_s, 'old')
        clock.now_s += TICK_S / 2
    assert clock.safety.source == 'new'
    assert clock.safety.counts['refused_source'] >= 100
    np.testing.assert_allclose(clock.sent[-1].position, SPEC.neutral, atol=1e-3)
    clock.run(2.0, SMILE, 'old')  # the new one falls silent
    assert clock.safety.source == 'old'


def test_silence_leads_to_hold_then_to_neutral_then_back():
    clock = Clock(Safety(SafetyConfig(stale_s=0.5, neutral_after_s=2.0, neutral_s=1.0), SPEC))
    held = clock.run(2.0, SMILE).position
    clock.run(1.0)
    assert clock.safety.state is SafetyState.HOLD
    np.testing.assert_allclose(clock.sent[-1].position, held, atol=1e-6)
    clock.run(2.2)
    assert clock.safety.state is SafetyState.NEUTRAL
    np.testing.assert_allclose(clock.sent[-1].position, SPEC.neutral, atol=1e-6)
    clock.run(0.1, SMILE)
    assert clock.safety.state is SafetyState.TAKEOVER
    clock.run(1.0, SMILE)
    np.testing.assert_allclose(clock.sent[-1].position, SMILE, atol=1e-6)


def test_a_frozen_stamp_is_silence():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(1.0, SMILE)
    stamp_s = clock.now_s
    clock.run(4.0, SMILE, stamp=lambda _: stamp_s)
    assert clock.safety.state is SafetyState.NEUTRAL
    assert clock.safety.counts['refused_stale'] > 100
    np.testing.assert_allclose(clock.sent[-1].position, SPEC.neutral, atol=1e-6)


def test_emergency_stop_stops_within_one_tick_and_stays():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(0.3, SMILE)
    assert clock.sent[-1].velocity.any()
    clock.safety.estop()
    stopped = clock.run(TICK_S, SMILE)
    assert not stopped.velocity.any()
    np.testing.assert_array_equal(stopped.position, clock.sent[-2].position)
    clock.run(5.0, SMILE)
    np.testing.assert_array_equal(clock.sent[-1].position, stopped.position)
    assert clock.safety.state is SafetyState.ESTOP
    assert clock.safety.counts['refused_estop'] > 100
    clock.safety.reset_estop()
    assert clock.safety.state is SafetyState.IDLE
    clock.run(2.0, SMILE)
    np.testing.assert_allclose(clock.sent[-1].position, SMILE, atol=1e-6)


def test_emergency_stop_survives_a_restart(tmp_path):
    config = SafetyConfig(estop_file=str(tmp_path / 'state' / 'ameca.estop'))
    Safety(config, SPEC).estop()
    again = Safety(config, SPEC)
    assert again.estopped
    assert again.state is SafetyState.ESTOP
    again.reset_estop()
    assert not Safety(config, SPEC).estopped


def test_emergency_stop_works_where_its_file_cannot_be_written(tmp_path):
    folder = tmp_path / 'state'
    safety = Safety(SafetyConfig(estop_file=str(folder / 'ameca.estop')), SPEC)
    folder.rmdir()
    with pytest.raises(OSError, match='ameca.estop'):
        safety.estop()
    assert safety.estopped


def test_emergency_stop_file_in_an_impossible_place_is_a_clear_error(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigurationError, match='emergency stop'):
        Safety(SafetyConfig(estop_file=str(tmp_path / 'file' / 'ameca.estop')), SPEC)


@pytest.mark.parametrize('pose', ['neutral', 'park'])
def test_rest_goes_to_a_pose_and_refuses_commands(pose):
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(1.5, SMILE)
    clock.safety.rest(pose)
    assert not clock.safety.at_rest
    clock.run(1.5, SMILE)
    assert clock.safety.at_rest
    np.testing.assert_allclose(clock.sent[-1].position, getattr(SPEC, pose), atol=1e-5)
    assert clock.safety.counts['refused_resting'] > 50
    clock.safety.resume()
    clock.run(1.5, SMILE)
    np.testing.assert_allclose(clock.sent[-1].position, SMILE, atol=1e-6)


def test_every_state_has_a_text_for_programs_and_a_message_for_people():
    assert [state.value for state in SafetyState] == [
        'idle', 'takeover', 'tracking', 'hold', 'neutral', 'resting', 'estop']
    assert all(state.message for state in SafetyState)


def test_park_closes_the_lids():
    assert SPEC.park[SPEC.index('Eyelid Upper Left')] == 0.0
    assert SPEC.neutral[SPEC.index('Eyelid Upper Left')] == 1.0


def test_tighter_limits_come_into_force_from_rest_within_them():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    far = posed(Head_Yaw=25.0)
    clock.run(1.5, far)
    clock.safety.configure(SafetyConfig(velocity_scale=0.1, ranges=('Head Yaw=-10:10',)))
    clock.run(2.0, far)
    i = SPEC.index('Head Yaw')
    assert clock.sent[-1].position[i] == pytest.approx(10.0)
    clock.run(3.0, posed(Head_Yaw=-25.0))
    yaw = np.array([c.position[i] for c in clock.sent[-180:]])
    assert yaw[-1] == pytest.approx(-10.0)
    assert yaw.min() >= -10.0
    assert np.abs(np.diff(yaw)).max() / TICK_S <= 0.1 * SPEC.max_velocity[i] * (1 + 1e-9)


@pytest.mark.parametrize(('ranges', 'message'), [
    (('Head Yaw=-40:10',), 'looser'),
    (('Head Yaw=5:10',), 'neutral'),
    (('Head Yaw=-10',), 'name=low:high'),
    (('Tail=-10:10',), 'no control'),
])
def test_wrong_ranges_are_refused(ranges, message):
    safety = Safety(SafetyConfig(), SPEC)
    with pytest.raises(ConfigurationError, match=message):
        safety.configure(SafetyConfig(ranges=ranges))
    with pytest.raises(ConfigurationError, match=message):
        Safety(SafetyConfig(ranges=ranges), SPEC)


def test_a_clock_set_back_is_survived():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(1.5, SMILE)
    clock.now_s = 3.0
    sent = clock.run(0.5, SMILE)
    np.testing.assert_allclose(sent.position, SMILE, atol=1e-6)
    assert clock.safety.counts['refused_disorder'] == 0


def test_a_clock_that_jumps_ahead_moves_nothing_if_no_time_has_passed():
    safety = Safety(SafetyConfig(), SPEC)
    now_s, positions = 0.0, []
    for k in range(240):
        now_s += 3600.0 if k == 60 else TICK_S
        given = command(SMILE if k < 60 else SPEC.park, now_s)
        positions.append(safety.step(given, now_s, elapsed_s=TICK_S).position)
    velocity = np.diff(positions, axis=0) / TICK_S
    acceleration = np.diff(velocity, axis=0) / TICK_S
    assert (np.abs(velocity) <= SPEC.max_velocity * (1 + 1e-6)).all()
    assert (np.abs(acceleration) <= SPEC.max_acceleration * (1 + 1e-6)).all()


@pytest.mark.parametrize('rate_hz', [0.0, 5.0, 10.0, float('nan')])
def test_a_rate_at_which_every_tick_is_a_stall_is_refused(rate_hz):
    with pytest.raises(ConfigurationError, match='above 10 Hz'):
        SafetyConfig(stall_s=0.1).check_rate(rate_hz)
    SafetyConfig(stall_s=0.5).check_rate(10.0)


def test_after_a_stall_the_robot_starts_from_where_it_was_sent_last():
    clock = Clock(Safety(SafetyConfig(stall_s=0.1), SPEC))
    moving = clock.run(0.3, SMILE)
    assert moving.velocity.any()
    clock.now_s += 0.4
    after = clock.run(TICK_S, SMILE)
    np.testing.assert_array_equal(after.position, moving.position)
    assert not after.velocity.any()
    assert clock.safety.counts['stalls'] == 1


def test_a_tick_without_time_repeats_what_was_sent():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    sent = clock.run(0.3, SMILE)
    assert clock.safety.step(command(SMILE, clock.now_s), clock.times[-1]) is sent


def test_starts_where_the_robot_is():
    start = posed(Head_Yaw=12.0)
    safety = Safety(SafetyConfig(), SPEC, start)
    np.testing.assert_allclose(safety.step(None, 0.0).position, start)
    beyond = np.full(30, 1e6)
    sent = Safety(SafetyConfig(), SPEC, beyond).step(None, 0.0)
    assert (sent.position <= SPEC.high).all()


def test_a_source_whose_name_changes_all_the_time_is_followed():
    clock = Clock(Safety(SafetyConfig(), SPEC))
    clock.run(0.5, SPEC.neutral)
    pose = SPEC.neutral.copy()
    pose[SPEC.index('Head Yaw')] += 10.0
    for k in range(200):
        clock.run(TICK_S, pose, source=f'camera_{k}')
    np.testing.assert_allclose(clock.sent[-1].position, pose, atol=1e-3)
    assert clock.safety.counts['takeovers'] <= COMMAND_SOURCES + 2
    assert clock.safety.has_too_many_sources and clock.safety.state is SafetyState.TRACKING
    clock.run(61.0, pose, source='camera_0')
    assert not clock.safety.has_too_many_sources


@given(st.lists(st.tuples(st.text(max_size=300), st.floats(0.0, 100.0)), max_size=200))
def test_any_names_of_sources_take_little_memory(sent):
    sources, time_s = CommandSources(), 0.0
    for name, passed_s in sent:
        time_s += passed_s
        source = sources.identify(name, time_s)
        sources.note(source, time_s)
        assert len(source) <= NAME_LENGTH and sources.silence_s(source, time_s) == 0.0
        assert len(sources._last_s) <= COMMAND_SOURCES + 1
