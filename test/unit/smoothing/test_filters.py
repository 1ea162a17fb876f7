"""A still face is held still, a moving one is not held back."""
import numpy as np
import pytest

from ros_animate.robot.descriptions import load_spec
from ros_animate.smoothing.filters import OneEuroFilter, StillnessFilter

SPEC = load_spec('ameca')
SPAN = SPEC.high - SPEC.low
PERIOD_S = 1 / 30


def filtered(targets, strength=1.0):
    stillness = StillnessFilter(SPEC, strength)
    return np.array([stillness.step(target, k * PERIOD_S) for k, target in enumerate(targets)])


@pytest.mark.parametrize('seed', range(5))
def test_noise_of_a_still_face_does_not_pass(seed):
    rng = np.random.default_rng(seed)
    targets = SPEC.neutral + rng.normal(0, 1.0, (150, 30)) * SPEC.jitter
    drift = np.linspace(0, 1, 150)[:, np.newaxis] * SPEC.jitter
    output = filtered(targets + drift)[30:]
    assert (output.std(axis=0) <= 0.002 * SPAN).all()


def test_a_face_that_moves_passes_unchanged():
    rng = np.random.default_rng(0)
    targets = SPEC.neutral + np.cumsum(rng.normal(0, 0.06, (60, 30)), axis=0) * SPAN
    output = filtered(targets)
    assert np.median(np.abs(output - targets) / SPAN) < 1e-6
    assert np.abs(output - targets).max() <= 3 * SPEC.jitter.max()


def test_one_control_that_moves_far_passes_in_the_same_frame():
    targets = np.tile(SPEC.neutral, (40, 1))
    targets[20:23, SPEC.index('Eyelid Upper Left')] = 0.0
    output = filtered(targets)
    assert output[20, SPEC.index('Eyelid Upper Left')] == pytest.approx(0.0, abs=0.05)
    assert np.abs(np.delete(output, SPEC.index('Eyelid Upper Left'), axis=1)
                  - SPEC.neutral[np.arange(30) != SPEC.index('Eyelid Upper Left')]).max() < 1e-9


@pytest.mark.parametrize('jitters', [1, 3, 5, 7, 8, 10])
def test_one_control_that_moves_a_little_stays_within_the_dead_band(jitters):
    targets = np.tile(SPEC.neutral, (40, 1))
    targets[10:, 0] += jitters * SPEC.jitter[0]
    left = np.abs(filtered(targets)[10:, 0] - targets[-1, 0]) / SPEC.jitter[0]
    assert left.max() <= 7
    assert jitters < 10 or left.max() < 1e-6


def test_slow_movement_is_followed_within_the_dead_band():
    ramp = np.linspace(0, 0.4, 300)[:, np.newaxis] * SPAN  # in ten seconds
    output = filtered(SPEC.neutral + ramp)
    assert (np.abs(output - SPEC.neutral - ramp) <= 9 * SPEC.jitter).all()


def test_strength_zero_is_no_filter():
    targets = SPEC.neutral + np.random.default_rng(0).normal(0, 0.01, (20, 30))
    np.testing.assert_array_equal(filtered(targets, strength=0.0), targets)


def test_one_euro_smooths_what_is_slow_and_lets_pass_what_is_fast():
    rng = np.random.default_rng(0)
    noise = SPEC.neutral + rng.normal(0, 0.01, (200, 30)) * SPAN
    one_euro = OneEuroFilter(SPEC, 1.0, 20.0)
    output = np.array([one_euro.step(target, k * PERIOD_S) for k, target in enumerate(noise)])
    assert (output[50:].std(axis=0) < 0.7 * noise[50:].std(axis=0)).all()
    step = one_euro.step(SPEC.neutral + 0.5 * SPAN, 200 * PERIOD_S)
    assert (step > SPEC.neutral + 0.35 * SPAN).all()
