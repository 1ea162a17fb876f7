"""Hands and strangers are told from the robot, by the real tracker on rendered faces."""
import contextlib

import cv2
import numpy as np
import pytest

from ros_animate.calibration.sighting import Reference, Sighting, steady
from ros_animate.collection.appearances import random_person
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame

pytestmark = pytest.mark.slow
HANDS = {'mouth': ((192, 250), (70, 50)), 'half': ((250, 190), (60, 120)),
         'forehead': ((192, 110), (90, 40)), 'eye': ((150, 170), (40, 30))}


class Watched:
    """The virtual robot before the tracker."""

    def __init__(self, tracker):
        self.spec = load_spec('ameca')
        self.robot = load('hardware', 'mock', {}, self.spec)
        self._tracker, self._now_s = tracker, 0.0

    def image(self, values):
        self.robot._position = values
        return self.robot.render()

    def see(self, image):
        def track():
            self._now_s += 0.1
            return Sighting.of(self._tracker.extract(Frame(image, self._now_s)), image)
        return steady(track, 8)


@pytest.fixture(scope='module')
def watched():
    with contextlib.closing(load('motion', 'mediapipe', {'faces': 1})) as tracker:
        yield Watched(tracker)


@pytest.fixture(scope='module')
def reference(watched):
    return Reference(watched.see(watched.image(watched.spec.neutral)))


@pytest.mark.parametrize('colour', [(214, 160, 130), (90, 60, 45)])
@pytest.mark.parametrize('place', HANDS)
def test_a_hand_is_seen(watched, reference, place, colour):
    image = watched.image(watched.spec.neutral)
    watched.see(image)
    centre, axes = HANDS[place]
    hand = cv2.ellipse(image.copy(), centre, axes, 20, 0, 360, colour, -1)
    seen = watched.see(hand)
    assert seen is None or 'something before the camera' in reference.stranger(seen)
    assert not reference.disturbance(watched.see(image))


def test_poses_of_the_robot_are_not_strange(watched, reference):
    sampler, rng = ControlSampler(watched.spec), np.random.default_rng(1)
    for _ in range(20):
        seen = watched.see(watched.image(sampler.sample(rng)))
        assert seen is None or not reference.stranger(seen)


def test_a_person_in_its_place_is_a_disturbance(watched, reference):
    for seed in range(3):
        face = VirtualFace(random_person(np.random.default_rng(seed)), Camera((384, 384), 30.0))
        assert reference.disturbance(watched.see(face.render({})))
