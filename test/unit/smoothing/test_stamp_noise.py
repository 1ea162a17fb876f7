"""Targets that arrive a little early or late give nearly the same commands."""
import numpy as np
import pytest
from helpers.arkit_faces import moving_face
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.motion.drawn_face import face_motion
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.smoothing.filters import BAND, CLOSING_S, StillnessFilter
from ros_animate.types import ActionChunk

SPEC = load_spec('ameca')
SPAN = SPEC.high - SPEC.low
TICK_S = 1 / 60
NOISE_S = 1e-3
RATE_HZ = 240  # of the samples: four a tick
START_S = 1.0  # in which the first target is held


def stamps(count, seed, noise_s):
    """(T,) stamps at 60 Hz, each up to `noise_s` early or late."""
    exact_s = START_S + np.arange(count) * TICK_S
    return exact_s + np.random.default_rng(seed).uniform(-noise_s, noise_s, count)


def wandering(rng, count, speed):
    """(T, N) targets whose speeds in jitters per second are up to `speed`; some rest for a time."""
    size = len(SPEC.names)
    waves = np.sin(rng.uniform(0.3, 6.0, size) * np.arange(count)[:, np.newaxis] * TICK_S
                   + rng.uniform(0, 2 * np.pi, size))
    steps = np.where(np.abs(waves) > rng.uniform(0, 0.8, size), waves, 0.0)
    steps += rng.uniform(0, 0.5) * rng.normal(size=steps.shape)
    steps *= rng.uniform(size=size) < rng.uniform(0.1, 1.0)
    steps *= speed * TICK_S / max(np.abs(steps).max(), 1.0)
    return SPEC.neutral + np.cumsum(steps, axis=0) * SPEC.jitter


@given(st.integers(0, 2**32 - 1), st.floats(1.0, 100.0))
def test_noise_of_the_stamps_counts_less_than_a_tick(seed, speed):
    """The bound that the filter's docstring derives, and what a band widens in twice the noise."""
    rng = np.random.default_rng(seed)
    targets = wandering(rng, 150, speed)
    exact, noisy = StillnessFilter(SPEC), StillnessFilter(SPEC)
    bound = (speed * TICK_S + 2 * NOISE_S / CLOSING_S * BAND) * SPEC.jitter
    for target, at_s, noisy_s in zip(targets, stamps(150, seed, 0.0),
                                     stamps(150, seed, NOISE_S), strict=True):
        assert (np.abs(exact.step(target, at_s) - noisy.step(target, noisy_s)) <= bound).all()


def commands(targets, stamps_s):
    """(S, N) positions of the smoother at its defaults, from a second before the first target."""
    smoother, result = load('smoothing', 'bezier', {}, SPEC), []
    held_s = np.arange(0.0, START_S - TICK_S / 2, TICK_S)
    for target, stamp_s in zip([*[targets[0]] * len(held_s), *targets], [*held_s, *stamps_s],
                               strict=True):
        while len(result) / RATE_HZ < stamp_s:
            result.append(smoother.sample(len(result) / RATE_HZ).position)
        smoother.push(ActionChunk(SPEC.names, target[np.newaxis], TICK_S, stamp_s), stamp_s)
    return np.array(result)


def outside(found, reference, reach):
    """Largest distance from what the reference commands up to `reach` samples before or after."""
    count = min(len(found), len(reference))
    padded = np.pad(reference[:count], ((reach, reach), (0, 0)), mode='edge')
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    over = np.maximum(found[:count] - near.max(axis=-1), near.min(axis=-1) - found[:count])
    return float((over / SPAN).max())


@pytest.fixture(scope='module')
def targets():
    """(T, N) targets of a face that moves slowly and quickly."""
    policy = load('policy', 'blendshape_map', {'adapt_s': 0.0}, SPEC)
    return np.array([policy.act(face_motion(moving_face(k * TICK_S), 'arkit', k * TICK_S)).values[0]
                     for k in range(240)])


@pytest.mark.parametrize('noise_ms', [0.5, 1.0, 2.0])
def test_commands_are_those_of_exact_stamps_within_a_tick(targets, noise_ms):
    reference = commands(targets, stamps(240, 0, 0.0))
    for seed in range(3):
        found = commands(targets, stamps(240, seed, noise_ms / 1e3))
        assert outside(found, reference, RATE_HZ // 60) < 1e-3
