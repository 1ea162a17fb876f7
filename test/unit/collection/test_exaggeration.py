"""Faces that show more than the robot can."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.collection.exaggeration import MAX_FACTOR, Exaggeration
from ros_animate.collection.sampling import ControlSampler
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap

SPEC = load_spec('mock')
SAMPLER, FACE_MAP = ControlSampler(SPEC), FaceMap(SPEC)
POSE = np.array([control.group in ('head', 'gaze') for control in SPEC.controls])
SEEDS = st.integers(0, 2 ** 32)


@given(SEEDS)
def test_without_exaggeration_a_face_is_what_its_values_say(seed):
    rng = np.random.default_rng(seed)
    values = SAMPLER.sample(rng)
    same, muscles = Exaggeration(SPEC, FACE_MAP, SAMPLER, 0.0)(rng, values)
    assert np.array_equal(same, values) and muscles == FACE_MAP.muscles(values)


@given(SEEDS)
def test_what_the_robot_can_make_too_has_the_values_that_make_it(seed):
    rng = np.random.default_rng(seed)
    room = np.minimum(SPEC.high - SPEC.neutral, SPEC.neutral - SPEC.low) / MAX_FACTOR
    values = SPEC.neutral + 0.3 * room * rng.uniform(-1, 1, len(room))
    made, muscles = Exaggeration(SPEC, FACE_MAP, SAMPLER, 1.0)(rng, values)
    moved = (np.abs(made - values) > 1e-4) & ~POSE
    assert moved.any() and not (np.abs(made - values)[POSE] > 1e-6).any()
    # Lips and jaw are coupled: what is asked of them may not be allowed.
    upper = [name for name in muscles if name.startswith(('brow', 'eyelid', 'nose'))]
    expected = FACE_MAP.muscles(made)
    assert [muscles[n] for n in upper] == pytest.approx([expected[n] for n in upper], abs=1e-4)


@given(SEEDS)
def test_beyond_its_range_the_robot_stays_at_the_end(seed):
    rng = np.random.default_rng(seed)
    values = SPEC.neutral.copy()
    brow = SPEC.index('Brow Outer Left')
    values[brow] = SPEC.high[brow]
    made, muscles = Exaggeration(SPEC, FACE_MAP, SAMPLER, 1.0)(rng, values)
    assert (made >= SPEC.low).all() and (made <= SPEC.high).all()
    assert made[brow] == SPEC.high[brow]
    most = FACE_MAP.muscles(values)
    highest = most['brow_outer_left']
    assert highest < muscles['brow_outer_left'] <= MAX_FACTOR * highest


def test_groups_are_exaggerated_apart_from_each_other():
    exaggerate, kinds = Exaggeration(SPEC, FACE_MAP, SAMPLER, 0.5), set()
    values = SPEC.neutral + 0.2 * (SPEC.high - SPEC.neutral)
    brow, lid = SPEC.index('Brow Inner Left'), SPEC.index('Eyelid Upper Left')
    for seed in range(40):
        made, _ = exaggerate(np.random.default_rng(seed), values)
        kinds.add(tuple((made - values)[[brow, lid]] > 1e-4))
    assert len(kinds) == 4
