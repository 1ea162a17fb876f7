"""The virtual Ameca's lips are as far apart as the person's: what no correlation shows.

A constant offset leaves every correlation as it is, so the opening itself is compared.
"""
from __future__ import annotations

import numpy as np
import pytest

from ros_animate.camera.sources.demo import PERSON, Demo, scene_muscles
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.plugins import load
from ros_animate.policy.policies.blendshape_map import BlendshapeMap
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.types import Motion

SPEC = load_spec('ameca')
CAMERA = Camera((384, 384), 27.0)
# What the tracker reports for a man who presses and pushes out his lips, and for shut lips in a
# long face.
PRESSED = {'mouthPucker': 0.99, 'mouthRollUpper': 0.72, 'mouthRollLower': 0.55, 'jawOpen': 0.52,
           'mouthClose': 0.45, 'mouthShrugLower': 0.11}
SHUT = {'jawOpen': 0.33, 'mouthClose': 0.31, 'mouthPucker': 0.25, 'mouthRollUpper': 0.08}
OPEN = {'jawOpen': 0.5, 'mouthClose': 0.02}


def opening(landmarks):
    """Distance of the lips at three places, in distances of the eyes."""
    eyes = np.linalg.norm(landmarks[33, :2] - landmarks[263, :2])
    return np.mean([np.linalg.norm(landmarks[a, :2] - landmarks[b, :2])
                    for a, b in ((13, 14), (82, 87), (312, 317))]) / eyes


def robot_opening(expression, policy=None):
    policy = policy or BlendshapeMap(BlendshapeMap.Config(), SPEC)
    pose = policy.act(Motion('mediapipe', 0.0, expression=expression)).values[0]
    CoupledSet(SPEC, SPEC.low, SPEC.high).project(pose)
    face = FaceMap(SPEC)
    return opening(VirtualFace(face.appearance, CAMERA).landmarks(face.muscles(pose)))


@pytest.mark.parametrize('expression', [PRESSED, SHUT, {}], ids=['pressed', 'shut', 'relaxed'])
def test_shut_lips_are_shut(expression):
    assert robot_opening(expression) < 0.02


def test_an_open_mouth_is_open():
    assert robot_opening(OPEN) > 0.1


def test_the_lips_of_the_demo_are_those_of_its_person():
    source, extractor = Demo(Demo.Config(fps=10.0)), load('motion', 'mediapipe')
    policy = BlendshapeMap(BlendshapeMap.Config(), SPEC)
    person = VirtualFace(PERSON, CAMERA)
    errors = []
    with source:
        for k in range(50):
            motion = extractor.extract(source.read())
            errors.append(robot_opening(motion.expression, policy)
                          - opening(person.landmarks(scene_muscles(k / 10))))
    extractor.close()
    assert abs(np.median(errors)) < 0.01
    assert np.mean(np.abs(errors)) < 0.02
