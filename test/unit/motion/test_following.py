"""The face that is followed: by each rule, with hysteresis, with a pause when it is lost."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError
from ros_animate.motion.following import (
    RULES,
    Follower,
    FollowOptions,
    VisibleFace,
    check_in_sight,
    check_rule,
)

IMAGE = (640, 480)


def seen(face_id, size, x=320.0):
    return VisibleFace(face_id, np.array([x, 240.0]), size)


A, B = seen('f00000', 100.0, 200.0), seen('f00001', 120.0, 330.0)


def follower(rule='largest', wait_s=1.0):
    return Follower(FollowOptions(rule, 1.25, wait_s))


@pytest.mark.parametrize('rule, followed', [
    ('largest', 'f00001'), ('first', 'f00000'), ('centre', 'f00001'), ('f00000', 'f00000'),
    ('f00077', 'f00001')])
def test_the_face_that_a_rule_selects(rule, followed):
    assert follower(rule).update([A, B], IMAGE, 0.0) == followed


def test_nobody_is_followed_where_nobody_is():
    assert follower().update([], IMAGE, 0.0) == ''


@given(st.sampled_from(RULES), st.lists(st.tuples(st.floats(50, 200), st.floats(0, 640)),
                                        min_size=2, max_size=5), st.floats(1, 3))
def test_the_followed_face_stays_unless_another_is_clearly_better(rule, faces, takeover):
    faces = [seen(f'f{k:05d}', size, x) for k, (size, x) in enumerate(faces)]
    selecting = Follower(FollowOptions(rule, takeover, 1.0))
    first = selecting.update(faces, IMAGE, 0.0)
    moved = [seen(face.id, face.size * 0.95, face.centre[0]) for face in faces]
    again = selecting.update(moved, IMAGE, 0.03)
    assert again == first  # it was the best, and still is
    others = [face for face in faces if face.id != first]
    if rule == 'largest':
        giant = seen('f99999', takeover * 1.01 * max(face.size for face in faces))
        assert selecting.update([*moved, giant], IMAGE, 0.06) == 'f99999'
    if rule == 'first':
        assert selecting.update(others, IMAGE, 2.0) == others[0].id


def test_the_middle_is_left_to_who_is_clearly_nearer_to_it():
    selecting = follower('centre')
    assert selecting.update([seen('a', 100, 480), seen('b', 100, 640)], IMAGE, 0.0) == 'a'
    assert selecting.update([seen('a', 100, 480), seen('b', 100, 180)], IMAGE, 0.1) == 'a'
    assert selecting.update([seen('a', 100, 480), seen('b', 100, 240)], IMAGE, 0.2) == 'b'


@pytest.mark.parametrize('rule', ['largest', 'first', 'centre', 'f00001'])
def test_a_lost_face_is_waited_for_and_then_the_next_is_followed(rule):
    one, other = seen('f00001', 120.0), seen('f00002', 110.0, 100.0)
    selecting = follower(rule)
    for now_s in (0.0, 0.1):
        assert selecting.update([one, other], IMAGE, now_s) == 'f00001'
    for now_s in (0.2, 0.6, 1.0):
        assert selecting.update([other], IMAGE, now_s) == 'f00001', 'hold'
    assert selecting.update([one, other], IMAGE, 1.05) == 'f00001', 'it came back'
    assert selecting.update([], IMAGE, 1.5) == 'f00001'
    assert selecting.update([other], IMAGE, 1.6) == 'f00001', 'both were lost'
    assert selecting.update([other], IMAGE, 2.1) == 'f00002'


def test_who_appears_where_nobody_else_is_need_not_wait():
    selecting = follower()
    assert selecting.update([A], IMAGE, 0.0) == A.id
    assert selecting.update([seen('f00009', 50.0, 600.0)], IMAGE, 0.03) == 'f00009'


def test_a_clearly_larger_face_takes_over_while_the_followed_one_is_hidden():
    selecting = follower()
    selecting.update([A], IMAGE, 0.0)
    assert selecting.update([A, seen('b', 110.0)], IMAGE, 0.1) == A.id
    assert selecting.update([seen('b', 130.0)], IMAGE, 0.2) == 'b'


def test_another_rule_selects_at_once():
    selecting = follower('first')
    selecting.update([A, B], IMAGE, 0.0)
    selecting.configure(FollowOptions(), ['f00000'])
    assert selecting.update([A, B], IMAGE, 0.1) == B.id


@pytest.mark.parametrize('rule', ['', 'a b', 'grösste', 'x' * 41, 'left;right'])
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(ConfigurationError, match='largest, first, centre'):
        check_rule(rule)


def test_an_id_that_is_not_in_sight_is_refused_with_those_that_are():
    check_in_sight('first', [])
    check_in_sight('f00001', ['f00001'])
    with pytest.raises(ConfigurationError, match=r"'f00003' is in sight; in sight: f00000, f00001"):
        check_in_sight('f00003', ['f00001', 'f00000'])
