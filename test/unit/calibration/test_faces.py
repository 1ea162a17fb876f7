"""Random faces as people show them."""
import dataclasses

import numpy as np

from ros_animate.calibration.faces import PersonFaces
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')


def poses(spec, count=150):
    faces = PersonFaces(spec)
    return np.array([faces.sample(np.random.default_rng((1, k))) for k in range(count)])


def test_every_control_moves_within_its_limits():
    drawn = poses(SPEC)
    assert (drawn >= SPEC.low).all() and (drawn <= SPEC.high).all()
    spread = drawn.std(axis=0) / (SPEC.high - SPEC.low)
    assert (spread > 0.05).all()
    for pose in drawn:
        allowed = pose.copy()
        CoupledSet(SPEC, SPEC.low, SPEC.high).project(allowed)
        np.testing.assert_allclose(pose, allowed, atol=1e-5)


def test_faces_are_those_of_a_seed():
    np.testing.assert_array_equal(poses(SPEC, 5), poses(SPEC, 5))


def test_a_robot_without_a_rig_has_poses_too():
    drawn = poses(dataclasses.replace(SPEC, rig={}), 40)
    assert (drawn.std(axis=0) > 0).all()
