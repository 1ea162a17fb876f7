"""The contract of smoothing/base.py, for every smoother."""
import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.plugins import available, load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk

SPEC = load_spec('ameca')
PERIOD_S = 1 / 30


@pytest.fixture(params=available('smoothing'))
def name(request):
    return request.param


@pytest.fixture
def smoother(name):
    return load('smoothing', name, {}, SPEC)


def chunk(values, stamp_s, names=SPEC.names):
    return ActionChunk(names, np.atleast_2d(np.asarray(values, float)), PERIOD_S, stamp_s)


def other_pose(seed=0):
    pose = np.random.default_rng(seed).uniform(SPEC.low, SPEC.high)
    pose[:13] = SPEC.neutral[:13]
    pose[15], pose[17], pose[23], pose[25] = 0.9, 0.8, 0.6, 0.7  # the lips' limits allow it
    return pose


def test_starts_at_rest_at_neutral(smoother):
    command = smoother.sample(12.0)
    assert command.names == SPEC.names
    np.testing.assert_allclose(command.position, SPEC.neutral)
    assert not command.velocity.any()
    assert not command.acceleration.any()


def test_reaches_a_pose_and_names_the_frame_that_it_answers(smoother):
    pose = other_pose()
    for k in range(60):
        smoother.push(chunk(pose, k * PERIOD_S), k * PERIOD_S)
        command = smoother.sample((k + 0.9) * PERIOD_S)
    assert command.stamp_s == 59 * PERIOD_S
    np.testing.assert_allclose(command.position, pose, atol=0.02)


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_drops_and_counts_non_finite_chunks(smoother, bad):
    pose = other_pose()
    pose[3] = bad
    smoother.push(chunk(pose, 1.0), 1.0)
    smoother.push(chunk(other_pose(), bad), 1.0)
    assert smoother.dropped == 2
    np.testing.assert_allclose(smoother.sample(2.0).position, SPEC.neutral)


def test_drops_and_counts_chunks_older_than_the_last(smoother):
    smoother.push(chunk(SPEC.neutral, 1.0), 1.0)
    smoother.push(chunk(other_pose(), 0.9), 1.01)
    assert smoother.dropped == 1
    np.testing.assert_allclose(smoother.sample(2.0).position, SPEC.neutral, atol=1e-9)


def test_keeps_ranges_and_coupled_limits_of_the_target(smoother):
    smoother.push(chunk(np.full(30, -1e3), 0.0), 0.0)
    for k in range(1, 200):
        command = smoother.sample(k * 0.01)
    assert (command.position >= SPEC.low - 1e-9).all()
    depress = command.position[SPEC.index('Lip Bottom Depress Middle')]
    assert command.position[SPEC.index('Lip Bottom Curl')] >= 0.1 + 0.75 * depress - 1e-9


def test_takes_columns_by_name(smoother):
    order = np.random.default_rng(1).permutation(30)
    names = tuple(SPEC.names[i] for i in order)
    pose = other_pose()
    for k in range(60):
        smoother.push(chunk(pose[order], k * PERIOD_S, names), k * PERIOD_S)
        command = smoother.sample((k + 0.9) * PERIOD_S)
    np.testing.assert_allclose(command.position, pose, atol=0.02)


def test_names_the_controls_that_a_chunk_lacks(smoother):
    with pytest.raises(ConfigurationError, match='Brow Outer Right'):
        smoother.push(chunk(np.zeros(3), 0.0, SPEC.names[:3]), 0.0)


def test_preview_changes_nothing(smoother):
    smoother.push(chunk(other_pose(), 0.0), 0.0)
    smoother.sample(0.01)
    ahead = smoother.preview([0.02, 0.1, 0.3])
    assert len(ahead) == 3
    smoother.push(chunk(other_pose(1), PERIOD_S), PERIOD_S)
    later = smoother.sample(0.3).position
    assert np.abs(later - ahead[2].position).max() > 0.05


def assert_same(command, other):
    for array in ('position', 'velocity', 'acceleration'):
        np.testing.assert_allclose(getattr(command, array), getattr(other, array), rtol=1e-9,
                                   atol=1e-9)
    assert command.stamp_s == other.stamp_s


@pytest.mark.parametrize('horizon_s', [0.05, 1.0, 20.0])  # the Bézier smoother keeps 2.6 s
def test_preview_equals_later_samples_and_changes_none(name, smoother, horizon_s):
    other = load('smoothing', name, {}, SPEC)  # never asked for a preview
    ahead_s = np.linspace(0.1, 1, 5) * horizon_s
    for k in range(120):
        now_s, pose = k * PERIOD_S, other_pose(k % 5 if k < 100 else 0)
        for each in (smoother, other):
            each.push(chunk(pose, now_s), now_s)
        assert_same(smoother.sample(now_s + 0.01), other.sample(now_s + 0.01))
        preview = smoother.preview(now_s + 0.01 + ahead_s)
    for command, time_s in zip(preview, now_s + 0.01 + ahead_s, strict=True):
        assert_same(command, smoother.sample(time_s))


def test_preview_of_a_new_smoother_does_not_start_it(smoother):
    smoother.preview([100.0, 200.0])
    for k in range(60):
        smoother.push(chunk(other_pose(), k * PERIOD_S), k * PERIOD_S)
        command = smoother.sample((k + 0.9) * PERIOD_S)
    assert smoother.dropped == 0
    np.testing.assert_allclose(command.position, other_pose(), atol=0.02)


def test_reset_is_a_new_start(smoother):
    smoother.push(chunk(other_pose(), 5.0), 5.0)
    smoother.sample(6.0)
    smoother.reset()
    np.testing.assert_allclose(smoother.sample(0.0).position, SPEC.neutral)
    smoother.push(chunk(other_pose(), 0.5), 0.5)
    assert smoother.dropped == 0
