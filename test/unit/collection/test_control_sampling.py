"""Random poses: allowed, varied, reproducible."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.collection.expressions import EXPRESSIONS, random_expression
from ros_animate.collection.pairs import CONTROLS, random_stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import descriptions, load_spec

AMECA = load_spec('ameca')
ROBOTS = {**{name: load_spec(name) for name in descriptions()},
          'without_rig_and_face': dataclasses.replace(AMECA, rig={}, face={})}
SAMPLERS = {name: ControlSampler(spec) for name, spec in ROBOTS.items()}
ROUNDING = 1e-5


def draw(name, seed, count):
    return np.array([SAMPLERS[name].sample(random_stream(seed, CONTROLS, i)) for i in range(count)])


@pytest.mark.parametrize('name', ROBOTS)
@given(seed=st.integers(0, 2 ** 32))
@settings(max_examples=100)
def test_every_pose_keeps_ranges_and_coupled_limits(name, seed):
    spec, pose = ROBOTS[name], SAMPLERS[name].sample(np.random.default_rng(seed))
    assert pose.shape == spec.neutral.shape
    assert (pose >= spec.low).all() and (pose <= spec.high).all()
    allowed = CoupledSet(spec, spec.low, spec.high)
    assert (allowed.matrix @ pose <= allowed.bound + ROUNDING).all()


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('name', ROBOTS)
def test_every_control_is_exercised(name, seed):
    spec = ROBOTS[name]
    spread = draw(name, seed, 600).std(0) / (spec.high - spec.low)
    assert spread.min() >= 0.11, spec.names[spread.argmin()]


@pytest.fixture(scope='module')
def away():
    """(T, N) distances of Ameca's face controls from neutral, of their ranges."""
    face = [c.group not in ('gaze', 'head') for c in AMECA.controls]
    poses = draw('ameca', 0, 600)
    return (np.abs(poses - AMECA.neutral) / (AMECA.high - AMECA.low))[:, face]


def test_many_faces_are_near_neutral(away):
    assert 0.2 < (away.mean(1) < 0.05).mean() < 0.5


def test_small_movements_are_common(away):
    """Else a policy learns to take them for none."""
    small = ((away > 0.03) & (away < 0.1)).mean(0)
    assert np.median(small) > 0.22 and small.min() > 0.12


def test_a_pose_depends_on_seed_and_index_alone():
    alone = SAMPLERS['ameca'].sample(random_stream(3, CONTROLS, 5))
    assert np.array_equal(draw('ameca', 3, 9)[5], alone)
    assert not np.array_equal(draw('ameca', 3, 1), draw('ameca', 4, 1))


def test_expressions_name_blendshapes():
    known = {name.removesuffix('Left').removesuffix('Right') for name in BLENDSHAPES}
    for shapes in EXPRESSIONS.values():
        assert {n.removesuffix('Left').removesuffix('Right') for n in shapes} <= known
    drawn = random_expression(np.random.default_rng(0))
    assert set(drawn) == set(BLENDSHAPES) and all(0 <= v <= 1 for v in drawn.values())
