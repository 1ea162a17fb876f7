"""Options that may change while a plug-in runs: the next call uses them, its state stays."""
import dataclasses

import numpy as np
import pytest

from ros_animate.plugins import STAGES, Changeable, available, find, load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import ActionChunk, Frame, Motion

SPEC = load_spec('ameca')
CHANGEABLE = [(stage, name) for stage in STAGES for name in available(stage)
              if getattr(find(stage, name), 'changeable', ())]
OPEN = Motion('mediapipe', 1.0, expression={'jawOpen': 0.3, 'browInnerUp': 0.3})


@pytest.mark.parametrize('stage, name', CHANGEABLE)
def test_changeable_options_are_options(stage, name):
    cls = find(stage, name)
    assert set(cls.changeable) <= {f.name for f in dataclasses.fields(cls.Config)}
    assert cls.configure is not Changeable.configure


@pytest.mark.parametrize('options', [{'gain': 0.5}, {'mouth': 2.0, 'brow': 0.0}])
def test_a_policy_with_other_gains_is_as_one_that_had_them_from_the_start(options):
    policy = load('policy', 'blendshape_map', {'adapt_s': 0.0}, SPEC)
    fresh = load('policy', 'blendshape_map', {'adapt_s': 0.0, **options}, SPEC)
    before = policy.act(OPEN).values
    policy.configure(fresh._config)
    np.testing.assert_array_equal(policy.act(OPEN).values, fresh.act(OPEN).values)
    assert np.abs(policy.act(OPEN).values - before).max() > 1e-3


def test_other_gains_keep_the_persons_neutral():
    policy = load('policy', 'blendshape_map', {}, SPEC)
    policy.calibrate(OPEN)
    policy.configure(dataclasses.replace(policy._config, gain=2.0, adapt_s=10.0))
    np.testing.assert_allclose(policy.act(OPEN).values[0], SPEC.neutral, atol=1e-9)


def test_a_learned_policy_has_other_gains():
    policy, fresh = (load('policy', 'bc_z', {'gain': gain}, SPEC) for gain in (1.0, 0.25))
    image = np.random.default_rng(1).integers(0, 255, (128, 128, 3)).astype(np.uint8)
    before = policy.act(Frame(image, 1.0)).values
    policy.configure(find('policy', 'bc_z').Config(gain=0.25))
    after = policy.act(Frame(image, 1.0)).values
    np.testing.assert_allclose(after, fresh.act(Frame(image, 1.0)).values, atol=1e-6)
    assert np.abs(after - before).max() > 1e-3


def test_stillness_changes_without_a_jump():
    smoother = load('smoothing', 'bezier', {'stillness': 0.0}, SPEC)
    rng, positions = np.random.default_rng(0), []
    for k in range(120):
        values = SPEC.neutral + 0.5 * SPEC.jitter * rng.normal(size=len(SPEC.names))
        smoother.push(ActionChunk(SPEC.names, values[None], 1 / 30, k / 30), k / 30)
        if k == 60:
            smoother.configure(find('smoothing', 'bezier').Config(stillness=1.0))
        positions.append(smoother.sample(k / 30).position)
    steps = np.abs(np.diff(positions, axis=0)) / SPEC.jitter
    assert steps[80:].mean() < 0.2 * steps[:60].mean()
    assert steps[58:64].max() < 3 * steps[:58].max()
