"""Gains that follow a person: bounded, nothing while off, neutral to neutral, towards the usual."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate import plugins
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.policy.person_range import STILL, USUAL, PersonRange, RangeOptions
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Motion

SPEC = load_spec('mock')
RELAXED = dict(SPEC.rig['baseline'])
MOUTH = [at for at, name in enumerate(BLENDSHAPES) if name.startswith(('jaw', 'mouth', 'cheek'))]
DT_S = 1 / 30


def motion(stamp_s=0.0, **shapes):
    return Motion('mediapipe', stamp_s, expression={**RELAXED, **shapes}, rotation=np.eye(3))


def shown(expression, stamp_s):
    return Motion('mediapipe', stamp_s, expression=expression, rotation=np.eye(3))


def smiling(policy, seconds, strength):
    """The last answer to a smile that comes and goes."""
    for frame in range(round(seconds / DT_S)):
        smile = strength * (frame // 15 % 2 == 0)
        policy.act(motion(frame * DT_S, mouthSmileLeft=smile, mouthSmileRight=smile))
    for frame in range(20):
        chunk = policy.act(motion(seconds + frame * DT_S, mouthSmileLeft=0.3, mouthSmileRight=0.3))
    return chunk.values[0]


def loaded(name, **options):
    return plugins.load('policy', name, {'adapt_s': 0.0, **options}, SPEC)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2 ** 32 - 1), st.floats(0.01, 100), st.floats(1, 3))
def test_factors_are_bounded(seed, range_s, limit):
    rng, person = np.random.default_rng(seed), PersonRange(BLENDSHAPES)
    for _ in range(50):
        moved = rng.uniform(-1, 1, len(BLENDSHAPES)) * rng.choice([0.0, 0.2, 1.0])
        factors = person.step(moved, rng.choice([DT_S, 0.1]), RangeOptions(range_s, limit))
    assert (factors <= limit + 1e-9).all() and (factors >= 1 / limit - 1e-9).all()
    others = [at for at, name in enumerate(BLENDSHAPES) if name.startswith('eye')]
    assert (factors[others] == 1).all()


@given(st.floats(STILL + 0.01, 1.0))
@settings(max_examples=25, deadline=None)
def test_a_person_is_shown_as_much_as_usual_in_the_end(strength):
    person, moved = PersonRange(BLENDSHAPES), np.zeros(len(BLENDSHAPES))
    moved[MOUTH[0]] = strength
    for _ in range(600):
        factors = person.step(moved, DT_S, RangeOptions(2.0, 3.0))
    expected = np.clip(USUAL / strength, 1 / 3, 3)
    assert factors[MOUTH] == pytest.approx(np.full(len(MOUTH), expected), rel=0.02)
    assert factors[BLENDSHAPES.index('browDownLeft')] == 1


def test_a_still_face_tells_nothing():
    person = PersonRange(BLENDSHAPES)
    for _ in range(1000):
        factors = person.step(np.full(len(BLENDSHAPES), 0.9 * STILL), DT_S, RangeOptions(0.1))
    assert (factors == 1).all()


@pytest.mark.parametrize('name', ['blendshape_map', 'calibrated'])
def test_somebody_who_shows_little_is_shown_more_and_reset_forgets(name):
    corner = SPEC.index('Lip Corner Raise Left')
    usual = smiling(loaded(name), 1.0, 0.2)[corner] - SPEC.neutral[corner]
    policy = loaded(name, range_s=1.0, range_limit=1.5)
    more = smiling(policy, 5.0, 0.2)[corner] - SPEC.neutral[corner]
    assert more > 1.15 * usual > 0
    policy.reset()
    first = policy.act(motion(mouthSmileLeft=0.3, mouthSmileRight=0.3)).values[0, corner]
    policy.reset()
    fresh = loaded(name, range_s=1.0)
    assert first == fresh.act(motion(mouthSmileLeft=0.3, mouthSmileRight=0.3)).values[0, corner]


@pytest.mark.parametrize('name', ['blendshape_map', 'calibrated'])
def test_off_nothing_changes_and_neutral_stays_neutral(name):
    off, usual = loaded(name, range_s=0.0, range_limit=3.0), loaded(name)
    assert (smiling(off, 3.0, 0.2) == smiling(usual, 3.0, 0.2)).all()
    policy = loaded(name, range_s=0.5)
    smiling(policy, 3.0, 0.2)
    own = dict(zip(BLENDSHAPES, np.random.default_rng(0).uniform(0, 0.4, len(BLENDSHAPES))))
    policy.calibrate(shown(own, 7.0))
    twin = loaded(name, range_s=0.5)
    twin.calibrate(shown(own, 7.0))
    slight = {**own, 'mouthSmileLeft': own['mouthSmileLeft'] + 0.2}
    for frame in range(150):
        policy.act(shown(slight if frame // 15 % 2 else own, 7.0 + frame * DT_S))
    for frame in range(150, 190):  # the inverse comes from the smile
        poses = [p.act(shown(own, 7.0 + frame * DT_S)).values[0] for p in (policy, twin)]
    assert poses[0] == pytest.approx(SPEC.neutral, abs=1e-3)
    assert poses[1] == pytest.approx(SPEC.neutral, abs=1e-3)
