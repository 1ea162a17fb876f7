"""Control values from landmarks."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.collection.fitting import ControlFit
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap

SPEC = load_spec('mock')
FACE_MAP = FaceMap(SPEC)
FIT = ControlFit(SPEC, FACE_MAP)
SAMPLER = ControlSampler(SPEC)
FACE = VirtualFace(FACE_MAP.appearance, Camera((400, 400), 30.0, 90.0))
RANGE = SPEC.high - SPEC.low


def landmarks(position):
    return FACE.landmarks(FACE_MAP.muscles(position))


REST = landmarks(SPEC.neutral)


@pytest.mark.parametrize('seed', range(6))
def test_a_face_of_the_robots_own_is_found_again(seed):
    pose = SAMPLER.sample(np.random.default_rng(seed))
    found = FIT(REST, landmarks(pose), SPEC.neutral)
    points = list(FEATURE_POINTS)
    moved, apart = (np.linalg.norm((a - landmarks(pose))[points, :2], axis=1).mean()
                    for a in (REST, landmarks(found)))
    assert apart < 0.2 * moved


def test_controls_that_a_image_tells_are_found_exactly():
    pose = SPEC.neutral.copy()
    for name, value in (('Jaw Pitch', 0.5), ('Brow Inner Left', 0.9), ('Eyelid Upper Right', 0.4)):
        pose[SPEC.index(name)] = value
    found = FIT(REST, landmarks(pose), SPEC.neutral)
    assert np.abs((found - pose) / RANGE).max() < 0.12
    assert np.abs((found - pose) / RANGE).mean() < 0.02


def test_a_portrait_at_rest_is_the_robot_at_rest():
    assert FIT(REST, REST, SPEC.neutral) == pytest.approx(SPEC.neutral, abs=1e-6)


def test_another_size_and_place_of_the_portrait_do_not_count():
    pose = SAMPLER.sample(np.random.default_rng(3))
    found = FIT(REST, landmarks(pose), SPEC.neutral)
    away = np.array([40.0, -25.0, 0.0])
    other = FIT(1.7 * REST + away, 1.7 * landmarks(pose) + away, SPEC.neutral)
    assert np.abs((other - found) / RANGE).max() < 1e-3


@pytest.mark.parametrize(('nearer', 'shift_cm'), [(1.03, 0.0), (1.0, 0.5)])
def test_a_person_who_comes_nearer_or_steps_aside_moves_little(nearer, shift_cm):
    centre, away = REST.mean(0), np.array([shift_cm, shift_cm, 0.0]) * 400 / 30.0
    found = FIT(REST, centre + nearer * (REST - centre) + away, SPEC.neutral)
    assert np.abs((found - SPEC.neutral) / RANGE).mean() < 0.02


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10 ** 6), st.floats(0.0, 6.0))
def test_whatever_is_shown_the_values_are_in_range(seed, strength):
    rng = np.random.default_rng(seed)
    target = landmarks(SAMPLER.sample(rng)) + strength * rng.standard_normal(REST.shape)
    found = FIT(REST, REST + strength * (target - REST), SAMPLER.sample(rng))
    assert ((found >= SPEC.low) & (found <= SPEC.high)).all()
