"""Schedule of a calibration: every control alone, one half of the face, neutral in between."""
import numpy as np
import pytest

from ros_animate.calibration.poses import schedule
from ros_animate.face.virtual.muscles import EYE_RANGE_DEG
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.sides import mirror_pairs

ROBOTS = ('ameca', 'servo_head')


@pytest.mark.parametrize('name', ROBOTS)
def test_it_depends_on_the_seed_alone(name):
    spec = load_spec(name)
    first, again, other = (schedule(spec, seed, 150) for seed in (1, 1, 2))
    values = [np.array([p.values for block in blocks for p in block])
              for blocks in (first, again, other)]
    assert np.array_equal(values[0], values[1]) and not np.array_equal(values[0], values[2])


@pytest.mark.parametrize('name', ROBOTS)
@pytest.mark.parametrize('count', [150, 600])
def test_it_has_the_length_that_was_asked_for(name, count):
    assert sum(map(len, schedule(load_spec(name), 0, count))) == pytest.approx(count, abs=1)


@pytest.mark.parametrize('name', ROBOTS)
def test_all_poses_are_allowed(name):
    spec = load_spec(name)
    allowed = CoupledSet(spec, spec.low, spec.high)
    for block in schedule(spec, 3, 200):
        for pose in block:
            projected = pose.values.copy()
            allowed.project(projected)
            assert np.allclose(projected, pose.values, atol=2e-6)


@pytest.mark.parametrize('name', ROBOTS)
def test_every_control_is_watched_on_its_way_to_an_end_and_repeated(name):
    spec = load_spec(name)
    poses = [p for block in schedule(spec, 0, 600) for p in block]
    assert sorted(p.control for p in poses if p.kind == 'step') == list(range(len(spec.names)))
    levels = [(p.control, p.level) for p in poses if p.kind in ('step', 'single')]
    assert all(levels.count(level) >= 2 for level in levels)
    for before, pose in zip(poses, poses[1:]):
        assert pose.kind != 'step' or before.kind == 'neutral'


def test_neutral_comes_after_every_few_poses():
    blocks = schedule(load_spec('ameca'), 0, 600)
    assert all(block[-1].kind == 'neutral' and len(block) < 10 for block in blocks)


def test_halves_of_the_face_move_alone():
    spec = load_spec('ameca')
    left, right = mirror_pairs(spec).T
    poses = np.array([p.values for block in schedule(spec, 0, 600) for p in block
                      if p.kind == 'random'])
    still = np.isclose(poses, spec.neutral, atol=0.02 * (spec.high - spec.low))
    halves = [still[:, side].mean(axis=1) > 0.9 for side in (left, right)]
    assert (halves[0] & ~halves[1]).sum() > 10 and (halves[1] & ~halves[0]).sum() > 10


def test_a_single_control_ends_where_the_eyeballs_do():
    spec = load_spec('ameca')
    gaze = spec.index('Gaze Target Phi')
    ways = [p.values[gaze] for block in schedule(spec, 0, 150) for p in block if p.control == gaze]
    assert np.abs(ways).max() == pytest.approx(EYE_RANGE_DEG[0], abs=0.01)
