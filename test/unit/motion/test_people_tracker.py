"""Identities of faces by a tracker whose networks are stand-ins: they find what the test says."""
from types import SimpleNamespace

import numpy as np
import pytest

from ros_animate.motion.people_tracker import PeopleTracker

SIDE = 100.0
GRID = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 22), np.linspace(-0.5, 0.5, 22)), -1)
POINTS = GRID.reshape(-1, 2)[:478]
SHAPE = (400, 800)


class Scene:
    """Columns of the faces in the image, and what finds them."""

    def __init__(self):
        self.columns = []

    def detect(self, image):
        return np.array([(x, 200.0, SIDE) for x in self.columns]).reshape(-1, 3)

    def close(self):
        pass


class StandIn:
    """A landmarker that finds the face nearest to where it was; else the first that is not grey."""

    def __init__(self, scene):
        self._scene, self._x = scene, None

    def detect(self, image, stamp_s):
        columns = self._scene.columns
        if self._x is None:  # faces that are painted over are grey
            columns = [x for x in columns if (image[200, int(x)] != 128).any()]
        near = min(columns, key=lambda x: abs(x - (self._x or 0.0)), default=None)
        if near is None or (self._x is not None and abs(near - self._x) > 0.5 * SIDE):
            self._x = None
            return SimpleNamespace(face_landmarks=[])
        self._x = near
        pixels = POINTS * SIDE + (near, 200.0)
        return SimpleNamespace(face_landmarks=[[
            SimpleNamespace(x=x / SHAPE[1], y=y / SHAPE[0], z=0.0) for x, y in pixels]])

    def forget(self):
        self._x = None

    def close(self):
        pass


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def see(scene):
    """Function: shows faces in some columns, in a colour; gives {id: column}."""
    tracker = PeopleTracker(lambda: StandIn(scene), scene, 4)
    tracker.look_around_s, tracker.remember_s = 0.0, 2.0
    times = iter(np.arange(1000) / 10)

    def show(*columns, colour=60):
        scene.columns = list(columns)
        tracker.begin(np.full((*SHAPE, 3), colour, np.uint8), next(times), '')
        tracker.complete()
        assert not tracker.complete(), 'a frame is completed once'
        return {track.id: round(float(track.last.centre[0])) for track in tracker.tracks}
    return show


def test_ids_are_given_in_order_and_kept(see):
    assert see(200) == {'f00000': 200}
    assert see(210, 500) == {'f00000': 210, 'f00001': 500}
    assert see(220, 480) == {'f00000': 220, 'f00001': 480}


def test_who_leaves_is_remembered_for_a_while(see):
    see(200, 500)
    assert see(200) == {'f00000': 200}
    assert see(200, 520) == {'f00000': 200, 'f00001': 520}
    for _ in range(22):
        see(200)
    assert see(200, 520) == {'f00000': 200, 'f00002': 520}


def test_who_comes_out_from_behind_a_face_is_whom_it_hid_whatever_is_seen_of_them(see):
    see(300, 500)
    for k in range(1, 4):
        see(300 + 20 * k, 500 - 20 * k)
    assert see(380) == {'f00000': 380}
    assert see(380, 520, colour=250) == {'f00000': 380, 'f00001': 520}


def test_who_appears_elsewhere_in_other_colours_is_new(see):
    see(100, 600)
    assert see(100) == {'f00000': 100}
    assert set(see(100, 350, colour=250)) == {'f00000', 'f00002'}


def test_two_trackers_on_one_face_are_parted(see):
    see(300, 420)
    for k in range(1, 4):
        see(300 + 15 * k, 420 - 15 * k)
    assert len(see(360)) == 1
    assert len(see(300, 420)) == 2
