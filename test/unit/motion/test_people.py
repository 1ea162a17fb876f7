"""Several people in one video: identities stay, also when people cross; one of them is followed."""
import dataclasses

import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.evaluation.people_scenes import (
    Place,
    id_at,
    meeting,
    people_image,
    random_meeting,
)
from ros_animate.motion.face_appearance import colour_distance, face_colours
from ros_animate.motion.face_tracks import FaceTrack, Sighting, is_same_face, is_swapped
from ros_animate.plugins import load
from ros_animate.types import Frame

LEFT, RIGHT = Place(1, 180, 76), Place(2, 470, 70)


@pytest.fixture(scope='module')
def shared():
    extractor = load('motion', 'mediapipe')
    yield extractor
    extractor.close()


@pytest.fixture
def extractor(shared):
    shared.reset()
    shared.configure(shared.Config())
    return shared


def set_options(extractor, **options):
    extractor.configure(dataclasses.replace(extractor.config, **options))


def meet(extractor, one, other, duration_s, swing=1.0):
    """Two people meet; identities of both at the start and at the end, and all that there were."""
    every, ends = set(), []
    for time_s, places in meeting(one, other, duration_s, 20.0, swing):
        extractor.extract(Frame(people_image(places, time_s), time_s))
        faces = extractor.faces()
        every |= {face.face_id for face in faces}
        ends.append([id_at(faces, place.x) for place in places])
    return ends[3], ends[-1], every


def test_every_face_has_an_id_and_one_is_followed(extractor):
    image = people_image([LEFT, RIGHT])
    followed = extractor.extract(Frame(image, 0.0))
    faces = extractor.faces()
    assert followed.landmarks[:, 0].mean() > 320  # the larger one
    ids = [face.face_id for face in faces]
    assert len(set(ids)) == 2 and ids == sorted(ids) and followed.face_id in ids
    assert {face.stamp_s for face in faces} == {0.0}
    for face in faces:
        assert len(face.expression) == 52 and face.landmarks.shape == (478, 3)


def test_a_single_face_is_tracked_as_if_there_were_no_ids(extractor):
    images = [people_image([RIGHT], k / 20) for k in range(6)]
    motions = [extractor.extract(Frame(image, k / 20)) for k, image in enumerate(images)]
    assert len({motion.face_id for motion in motions}) == 1
    assert [len(extractor.faces())] == [1]
    extractor.reset()
    again = extractor.extract(Frame(images[0], 0.0))
    np.testing.assert_array_equal(again.landmarks, motions[0].landmarks)
    assert again.face_id > motions[0].face_id, 'an id is not used again'


def test_people_who_cross_do_not_swap(extractor):
    start, end, every = meet(extractor, LEFT, RIGHT, 1.4)
    assert None not in start and start == end and len(every) == 2


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(12))
def test_people_who_cross_or_turn_back_do_not_swap(extractor, seed):
    one, other, duration_s, swing = random_meeting(seed)
    start, end, every = meet(extractor, one, other, duration_s, swing)
    assert None not in start and start == end and len(every) == 2


def test_the_followed_person_is_the_same_after_crossing(extractor):
    followed = []
    for k in range(24):
        share = min(k / 20, 1)
        places = [LEFT._replace(x=180 + 290 * share), RIGHT._replace(x=470 - 290 * share)]
        motion = extractor.extract(Frame(people_image(places, k / 20), k / 20))
        followed.append(motion and motion.face_id)
    assert followed[-1] == followed[0] and abs(motion.landmarks[:, 0].mean() - 180) < 40
    assert {f for f in followed if f} == {followed[0]}


def test_the_next_is_followed_after_a_pause(extractor):
    both, one = people_image([LEFT, RIGHT]), people_image([LEFT])
    first = extractor.extract(Frame(both, 0.0)).face_id
    waiting = [extractor.extract(Frame(one, t)) for t in (0.2, 0.5, 0.9)]
    assert waiting == [None] * 3
    following = extractor.extract(Frame(one, 1.3))
    assert following.face_id != first and following.landmarks[:, 0].mean() < 320


def test_the_rule_may_change_while_it_runs(extractor):
    image = people_image([LEFT, RIGHT])
    large = extractor.extract(Frame(image, 0.0)).face_id
    small = next(face.face_id for face in extractor.faces() if face.face_id != large)
    set_options(extractor, follow=small)
    for time_s in (0.1, 0.2):
        motion = extractor.extract(Frame(image, time_s))
    assert motion.face_id == small and motion.landmarks[:, 0].mean() < 320
    with pytest.raises(ConfigurationError, match=f'in sight: {min(large, small)}'):
        set_options(extractor, follow='f98765')
    assert extractor.extract(Frame(image, 0.3)).face_id == small


def test_no_more_faces_are_tracked_than_allowed(extractor):
    crowd = people_image([Place(k, 100 + 145 * k, 80) for k in range(4)])
    limited = load('motion', 'mediapipe', {'faces': 2})
    try:
        for tracker, count in ((extractor, 4), (limited, 2)):
            tracker.extract(Frame(crowd, 0.0))
            assert len(tracker.faces()) == count
    finally:
        limited.close()


def sighting(x, colours=None, stamp_s=0.0, size=100.0):
    return Sighting(stamp_s, np.array([x, 200.0]), size, colours)


def moving(face_id, x, velocity, colours=None):
    track = FaceTrack(face_id, sighting(x - velocity, colours, -1.0))
    for k in range(1, 11):
        track.last = sighting(x - velocity * (1 - k / 10), colours, k / 10 - 1)
        track.settle()
    return track


def test_alike_people_are_told_apart_by_how_they_walked():
    one, other = moving('a', 300, 400), moving('b', 340, -400)
    one.last = sighting(420, stamp_s=0.3)
    assert not is_swapped(one, other, sighting(220, stamp_s=0.3))
    one.last = sighting(220, stamp_s=0.3)
    assert is_swapped(one, other, sighting(420, stamp_s=0.3))


def test_different_people_who_turn_back_are_told_apart_by_their_colours():
    dark, light = np.full((16, 3), 30.0), np.full((16, 3), 60.0)
    one, other = moving('a', 300, 400, dark), moving('b', 340, -400, light)
    one.last = sighting(220, dark, 0.3)
    assert not is_swapped(one, other, sighting(420, light, 0.3))
    one.last = sighting(220, light, 0.3)
    assert is_swapped(one, other, sighting(420, dark, 0.3))


def test_who_appears_elsewhere_in_other_colours_is_somebody_else():
    dark, light = np.full((16, 3), 30.0), np.full((16, 3), 60.0)
    track = moving('a', 300, 0, dark)
    assert track.may_be(sighting(310, dark, 0.2)) and track.may_be(sighting(310, None, 0.2))
    assert not track.may_be(sighting(310, light, 0.2))
    assert track.may_be(sighting(900, dark, 0.2))
    assert not track.may_be(sighting(900, None, 0.2))


def test_two_faces_in_one_place_are_one():
    assert is_same_face(sighting(300), sighting(320))
    assert not is_same_face(sighting(300), sighting(360))


def test_colours_tell_people_apart_and_survive_expressions(extractor):
    def colours(place, time_s):
        image = people_image([place], time_s)
        extractor.reset()
        return face_colours(image, extractor.extract(Frame(image, 0.0)).landmarks)
    here, later = colours(LEFT, 0.0), colours(LEFT._replace(x=300), 2.0)
    other = colours(RIGHT, 0.0)
    assert colour_distance(here, later) < 0.5 * colour_distance(here, other)
    edge = face_colours(np.zeros((9, 9, 3), np.uint8), np.full((478, 3), 50.0))
    assert np.isnan(edge).all() and np.isnan(colour_distance(edge, here))
