"""Expressions above the imitation, idle life below it: smooth, within limits, the same by seed."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError
from ros_animate.face.expressions import read_expressions
from ros_animate.policy.easing import Ease
from ros_animate.policy.expression_request import affect_request, read_request
from ros_animate.policy.face_layers import PERIOD_S, FaceLayers, LayerOptions
from ros_animate.policy.idle_life import IdleLife
from ros_animate.policy.rig_map import RigMap
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.rig import HEAD_ANGLES
from ros_animate.types import ActionChunk

SPEC = load_spec('ameca')
SMILE, JAW, YAW = (SPEC.index(n) for n in ('Lip Corner Raise Left', 'Jaw Pitch', 'Head Yaw'))
LIDS = SPEC.index('Eyelid Upper Left')
EXPRESSIONS = read_expressions()
HAPPY, SAD = EXPRESSIONS.named('happy'), EXPRESSIONS.named('sad')
STEP_S = 1 / 30


def chunk(stamp_s, **values):
    """What a policy says: neutral but for some controls."""
    position = SPEC.neutral.copy()
    for name, value in values.items():
        position[SPEC.index(name.replace('_', ' '))] = value
    return ActionChunk(SPEC.names, position[None], STEP_S, stamp_s)


def layers(**options):
    return FaceLayers(SPEC, LayerOptions(**options))


def imitated(face, seconds, start_s=0.0, **values):
    """(T, N) what is shown while a policy goes on saying the same."""
    times = start_s + np.arange(round(seconds / STEP_S)) * STEP_S
    return np.array([face.imitate(chunk(t, **values), t).values[0] for t in times])


def filled(face, seconds, start_s=0.0, has_tracker=True):
    """(T, N) what is shown while nobody is in sight; NaN where nothing is."""
    rows = []
    for t in start_s + np.arange(round(seconds / PERIOD_S)) * PERIOD_S:
        if has_tracker:
            face.note_tracker(False, t)
        given = face.fill(t)
        rows.append(np.full(len(SPEC.names), np.nan) if given is None else given.values[0])
    return np.array(rows)


def test_without_layers_the_policy_passes_untouched():
    face = layers()
    given = chunk(0.0, Jaw_Pitch=0.4)
    assert face.imitate(given, 0.0) is given
    assert face.fill(10.0) is None


def test_an_expression_comes_stays_and_goes_smoothly():
    face = layers(expression_s=2.0, blend_s=0.5)
    imitated(face, 1.0, Jaw_Pitch=0.5)
    face.express(HAPPY, 1.0, 1.0)
    shown = imitated(face, 4.0, 1.0, Jaw_Pitch=0.5)
    happy = RigMap(SPEC).position(HAPPY.shapes)
    np.testing.assert_allclose(shown[0], chunk(0, Jaw_Pitch=0.5).values[0], atol=1e-9)
    middle = shown[round(1.5 / STEP_S)]
    assert middle[SMILE] == pytest.approx(happy[SMILE]) and happy[SMILE] > SPEC.neutral[SMILE] + 0.1
    assert middle[JAW] == pytest.approx(happy[JAW])
    np.testing.assert_array_equal(shown[-1], chunk(0, Jaw_Pitch=0.5).values[0])
    steps = np.abs(np.diff(shown[:, SMILE]))
    assert steps.max() < 1.6 * (happy[SMILE] - SPEC.neutral[SMILE]) * STEP_S / 0.5
    assert not face.is_expressing(5.0)


def test_the_head_stays_with_the_person_unless_the_expression_moves_it():
    face = layers(blend_s=0.0)
    face.express(HAPPY, 1.0, 0.0)
    shown = imitated(face, 0.1, Head_Yaw=20.0)[-1]
    assert shown[YAW] == 20.0 and shown[SMILE] > SPEC.neutral[SMILE]
    face.express(EXPRESSIONS.named('rejected'), 1.0, 0.2)
    assert imitated(face, 0.1, 0.2, Head_Yaw=20.0)[-1][YAW] == pytest.approx(11.5)


def test_one_expression_goes_straight_into_the_next():
    face = layers(expression_s=10.0, blend_s=0.4)
    face.express(HAPPY, 1.0, 0.0)
    imitated(face, 2.0)
    face.express(SAD, 1.0, 2.0)
    shown = imitated(face, 1.0, 2.0)
    rig = RigMap(SPEC)
    np.testing.assert_allclose(shown[0][SMILE], rig.position(HAPPY.shapes)[SMILE])
    np.testing.assert_allclose(shown[-1][SMILE], rig.position(SAD.shapes)[SMILE])
    assert (np.diff(shown[:, SMILE]) <= 1e-12).all()
    face.release(3.0)
    np.testing.assert_array_equal(imitated(face, 1.0, 3.0)[-1], SPEC.neutral)


def test_an_expression_that_is_repeated_only_lasts_longer():
    once, often = layers(expression_s=1.0), layers(expression_s=1.0)
    once.express(HAPPY, 1.0, 0.0, duration_s=2.0)
    for k in range(60):
        if k <= 30:
            often.express(HAPPY, 1.0, k * STEP_S)
        a, b = (face.imitate(chunk(k * STEP_S), k * STEP_S).values for face in (once, often))
        np.testing.assert_array_equal(a, b)


def test_an_expression_is_shown_without_anybody_in_sight():
    face = layers(expression_s=1.0, blend_s=0.2)
    face.express(HAPPY, 0.5, 0.0)
    shown = filled(face, 2.0, has_tracker=False)
    half = RigMap(SPEC).position({k: 0.5 * v for k, v in HAPPY.shapes.items()})
    np.testing.assert_allclose(shown[20], half)
    assert np.isnan(shown[-1]).all(), 'the hardware goes to neutral by itself'
    ended = np.flatnonzero(np.isnan(shown[:, 0]))[0]
    np.testing.assert_allclose(shown[ended - 1], SPEC.neutral, atol=0.06)


commands = st.lists(st.tuples(st.sampled_from(('imitate', 'fill', 'nobody', 'release',
                                               *EXPRESSIONS.names)),
                              st.floats(0.0, 1.5)), max_size=40)


@given(commands, st.booleans(), st.floats(0, 2))
def test_whatever_happens_the_face_stays_within_its_ranges(commands, idle, blend_s):
    face = layers(idle=idle, idle_after_s=0.5, blend_s=blend_s, expression_s=1.0)
    now_s = 0.0
    for what, wait_s in commands:
        now_s += wait_s
        given = None
        if what == 'imitate':
            face.note_tracker(True, now_s)
            given = face.imitate(chunk(now_s, Jaw_Pitch=0.0, Head_Yaw=30.0), now_s)
        elif what == 'nobody':
            face.note_tracker(False, now_s)
        elif what == 'release':
            face.release(now_s)
        elif what != 'fill':
            face.express(EXPRESSIONS.named(what), 1.0, now_s)
        given = given or face.fill(now_s)
        if given is not None:
            assert (given.values >= SPEC.low - 1e-9).all()
            assert (given.values <= SPEC.high + 1e-9).all()
            assert np.isfinite(given.values).all()


def test_idle_life_begins_when_nobody_is_in_sight_and_ends_when_somebody_is():
    face = layers(idle=True, idle_after_s=2.0, blend_s=0.5)
    face.note_tracker(True, 0.0)
    imitated(face, 1.0, Jaw_Pitch=0.3)
    shown = filled(face, 20.0, 1.0)
    began = np.flatnonzero(~np.isnan(shown[:, 0]))
    assert began[0] * PERIOD_S == pytest.approx(2.0, abs=0.05) and len(began) > 500
    alive = shown[began]
    assert alive[0][JAW] == pytest.approx(0.3, abs=0.01), 'from where the person left it'
    assert alive[-1][JAW] == pytest.approx(SPEC.neutral[JAW], abs=0.05)
    assert np.ptp(alive[:, LIDS]) > 0.5, 'it blinks'
    assert 1.0 < np.ptp(alive[100:, YAW]) < 25.0, 'it looks about a little'
    face.note_tracker(True, 21.0)
    back = imitated(face, 1.0, 21.0, Jaw_Pitch=0.3)
    assert back[0][JAW] == pytest.approx(SPEC.neutral[JAW], abs=0.01)
    assert (np.diff(back[:, JAW]) <= 1e-9).all(), 'and from there to the person'
    np.testing.assert_array_equal(back[-1], chunk(0, Jaw_Pitch=0.3).values[0])


def test_a_silent_tracker_ends_idle_life():
    face = layers(idle=True, idle_after_s=1.0)
    assert not np.isnan(filled(face, 5.0)[-1]).any()
    assert np.isnan(filled(face, 5.0, 5.0, has_tracker=False)[-1]).all()


def test_idle_life_is_off_unless_asked_for():
    face = layers()
    assert np.isnan(filled(face, 5.0)).all() and not face.wants_filling
    face.configure(LayerOptions(idle=True))
    assert face.wants_filling and not np.isnan(filled(face, 5.0, 5.0)[-1]).any()


def test_idle_life_is_the_same_by_seed():
    times = np.linspace(0, 60, 1801)
    once, again, other = (
        [IdleLife(seed).features(t) for t in times] for seed in (3, 3, 4))
    assert once == again and once != other
    backwards = IdleLife(3)
    assert [backwards.features(t) for t in times[::-1]][::-1] == once
    lids = np.array([f['eyeBlinkLeft'] for f in once])
    blinks = np.count_nonzero((lids[1:] > 0.5) & (lids[:-1] <= 0.5))
    assert 8 < blinks < 40 and lids.min() == 0.0 and lids.max() > 0.9
    for name, most in zip(HEAD_ANGLES, (12, 8, 4), strict=True):
        angles = np.array([f[name] for f in once])
        assert np.ptp(angles) > 0.3 and np.abs(angles).max() < most
        assert np.abs(np.diff(angles)).max() < 1.5
    assert all(0 <= v <= 1 for f in once for name, v in f.items() if name not in HEAD_ANGLES)


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from((0.0, 1.0))), max_size=10))
def test_an_ease_never_jumps(changes):
    ease, now_s = Ease(0.5), 0.0
    for wait_s, target in changes:
        before = ease.value(now_s + wait_s)
        now_s += wait_s
        ease.go(target, now_s)
        assert ease.value(now_s) == pytest.approx(before) and 0 <= ease.value(now_s) <= 1
    assert ease.value(now_s + 0.5) == ease.target


@pytest.mark.parametrize('text, name, strength, duration_s', [
    ('happy', 'happy', 1.0, None), (' sad 0.5 ', 'sad', 0.5, None), ('angry 1 12.5', 'angry', 1.0,
                                                                     12.5)])
def test_texts(text, name, strength, duration_s):
    request = read_request(text, EXPRESSIONS)
    assert request.expression.name == name
    assert (request.strength, request.duration_s) == (strength, duration_s)


def test_nothing_hands_back():
    assert read_request('  ', EXPRESSIONS).expression is None
    assert affect_request('', 0.0, 0.0, 0.0, EXPRESSIONS).expression is None
    assert affect_request('', float('nan'), 0.0, 0.0, EXPRESSIONS).expression is None


@pytest.mark.parametrize('text', ['hapy', 'happy 2', 'happy -1', 'happy nan', 'happy 1 0',
                                  'happy x', 'happy 1 2 3', 'x' * 10 ** 6])
def test_wrong_texts_are_refused_in_one_short_line(text):
    with pytest.raises(ConfigurationError) as error:
        read_request(text, EXPRESSIONS)
    assert '\n' not in str(error.value) and len(str(error.value)) < 1000


def test_valence_and_arousal_without_a_name():
    pleasant = affect_request('', 0.8, 0.3, 0.0, EXPRESSIONS)
    assert pleasant.strength == 1.0 and pleasant.expression.shapes['mouthSmileLeft'] > 0.4
    assert affect_request('sad', 0.8, 0.3, 0.4, EXPRESSIONS).expression.name == 'sad'
    with pytest.raises(ConfigurationError, match='valence: 2'):
        affect_request('', 2.0, 0.0, 0.0, EXPRESSIONS)


def test_a_robot_without_a_rig_says_so():
    bare = dataclasses.replace(SPEC, rig={})
    with pytest.raises(ConfigurationError, match='rig: missing'):
        FaceLayers(bare, LayerOptions(idle=True))
    face = FaceLayers(bare, LayerOptions())
    with pytest.raises(ConfigurationError, match='rig: missing'):
        face.express(HAPPY, 1.0, 0.0)
