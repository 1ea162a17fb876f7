"""The rig: what a person does, the robot does, in range, on its side, from its neutral."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate import plugins
from ros_animate.configuration import ConfigurationError
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.tracker_scale import tracker_scale
from ros_animate.face.virtual.muscles import rotation
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame, Motion

SPEC = load_spec('mock')
RELAXED = dict(SPEC.rig['baseline'])


def policy(**options):
    return plugins.load('policy', 'blendshape_map', options, SPEC)


def motion(stamp_s=0.0, rotated=None, **shapes):
    return Motion('test', stamp_s, expression={**RELAXED, **shapes},
                  rotation=np.eye(3) if rotated is None else rotated)


def share(chunk, name):
    """Way from neutral towards the end of the range, -1 to 1."""
    k = SPEC.index(name)
    value, neutral = chunk.values[0, k], SPEC.neutral[k]
    end = SPEC.high[k] if value > neutral else SPEC.low[k]
    return 0.0 if value == neutral else (value - neutral) / abs(end - neutral)


def test_a_relaxed_person_is_a_neutral_robot():
    chunk = policy().act(motion())
    assert chunk.names == SPEC.names
    assert np.allclose(chunk.values, SPEC.neutral, atol=1e-9)


@pytest.mark.parametrize(('shapes', 'control', 'least'), [
    ({'browInnerUp': .8}, 'Brow Inner Left', .4), ({'browDownRight': .8}, 'Brow Inner Right', -.3),
    ({'browOuterUpLeft': .8}, 'Brow Outer Left', .4), ({'jawOpen': .8}, 'Jaw Pitch', -.5),
    ({'mouthSmileLeft': .8}, 'Lip Corner Raise Left', .3),
    ({'mouthFrownRight': .5}, 'Lip Corner Raise Right', -.2),
    ({'mouthUpperUpLeft': .5}, 'Lip Top Raise Left', .3),
    ({'mouthLowerDownRight': .5}, 'Lip Bottom Depress Right', .2),
    ({'mouthPucker': .8}, 'Lip Corner Stretch Left', -.2),
    ({'mouthRollUpper': .5}, 'Lip Top Curl', -.2), ({'noseSneerLeft': .8}, 'Nose Wrinkle', .2),
    ({'jawLeft': .5}, 'Jaw Yaw', .3), ({'eyeWideLeft': .5}, 'Eyelid Upper Left', .2),
    ({'eyeLookOutLeft': .6, 'eyeLookInRight': .6}, 'Gaze Target Phi', .1),
    ({'eyeLookUpLeft': .6, 'eyeLookUpRight': .6}, 'Gaze Target Theta', .1),
], ids=str)
def test_each_expression_moves_its_control(shapes, control, least):
    got = share(policy().act(motion(**shapes)), control)
    assert got >= least if least > 0 else got <= least


def test_a_blink_closes_the_lids():
    eyes = {f'{n}{side}': v for side in ('Left', 'Right')
            for n, v in (('eyeBlink', .7), ('eyeSquint', .7), ('eyeLookDown', .5))}
    chunk = policy().act(motion(**eyes))
    for side in ('Left', 'Right'):
        assert chunk.values[0, SPEC.index(f'Eyelid Upper {side}')] < .2


def test_left_stays_left():
    chunk = policy().act(motion(mouthSmileLeft=.9, eyeBlinkLeft=.8, browDownLeft=.5))
    for name in SPEC.names:
        if name.endswith('Right'):
            assert abs(share(chunk, name)) < .05, name


@pytest.mark.parametrize(('angles', 'control'), [
    ((15, 0, 0), 'Head Yaw'), ((0, 10, 0), 'Head Pitch'), ((0, 0, 10), 'Head Roll'),
    ((0, 10, 0), 'Neck Pitch'), ((0, 0, 10), 'Neck Roll')])
@pytest.mark.parametrize('sign', [1, -1])
def test_the_head_follows_to_the_same_side(angles, control, sign):
    chunk = policy().act(motion(rotated=rotation(*(sign * a for a in angles))))
    assert sign * chunk.values[0, SPEC.index(control)] > 3


def test_calibration_makes_any_face_the_neutral_one():
    person = policy()
    tired = motion(browDownLeft=.6, eyeBlinkLeft=.3, rotated=rotation(10, 5, 2))
    assert not np.allclose(person.act(tired).values, SPEC.neutral, atol=.05)
    person.calibrate(tired)
    assert np.allclose(person.act(tired).values, SPEC.neutral, atol=1e-3)
    person.reset()
    assert not np.allclose(person.act(tired).values, SPEC.neutral, atol=.05)


def test_neutral_follows_slowly_and_not_far():
    person = policy(adapt_s=5.0, adapt_limit=.2)
    brows = [share(person.act(motion(k / 30, browDownLeft=.4)), 'Brow Inner Left')
             for k in range(900)]
    assert abs(brows[30] - brows[0]) < .15
    assert brows[-1] == pytest.approx(brows[0] / 2, abs=.05)
    fixed = policy(adapt_s=0.0)
    assert np.ptp([share(fixed.act(motion(k / 30, browDownLeft=.4)), 'Brow Inner Left')
                   for k in range(60)]) == 0


def test_gains_scale_their_region_alone():
    calm = policy(mouth=0.0).act(motion(mouthSmileLeft=.8, browInnerUp=.8))
    assert share(calm, 'Lip Corner Raise Left') == 0
    assert share(calm, 'Brow Inner Left') > .4
    frozen = policy(gain=0.0).act(motion(mouthSmileLeft=.8, rotated=rotation(20, 0, 0)))
    assert np.allclose(frozen.values, SPEC.neutral)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=len(BLENDSHAPES), max_size=len(BLENDSHAPES)),
       st.floats(0, 3))
def test_always_in_range(values, gain):
    chunk = policy(gain=gain).act(motion(**dict(zip(BLENDSHAPES, values, strict=True))))
    assert ((chunk.values >= SPEC.low) & (chunk.values <= SPEC.high)).all()


def test_the_frame_interval_is_that_of_the_stamps():
    person = policy()
    person.act(motion(0.0))
    assert person.act(motion(0.04)).dt_s == pytest.approx(0.04)
    assert person.act(motion(9.0)).dt_s == pytest.approx(0.1)
    assert person.act(motion(8.0)).dt_s == pytest.approx(0.1)


@pytest.mark.parametrize(('rig', 'message'), [
    ({}, 'missing'), ({'control': {}}, 'controls'),
    ({'controls': {'Jaw Pich': {'jawOpen': 1}}}, 'Jaw Pitch'),
    ({'controls': {'Jaw Pitch': {'jawOpn': 1}}}, 'jawOpen'),
    ({'controls': {'Jaw Pitch': {'jawOpen': 'much'}}}, 'much'),
    ({'baseline': {'jawOpen': True}, 'controls': {}}, 'number'),
])
def test_mistakes_in_the_rig_are_named(rig, message):
    with pytest.raises(ConfigurationError, match=message):
        plugins.load('policy', 'blendshape_map', {}, dataclasses.replace(SPEC, rig=rig))


def test_pictures_are_refused():
    with pytest.raises(TypeError, match='motion'):
        policy().act(Frame(np.zeros((4, 4, 3), np.uint8), 0.0))


ARKIT = tracker_scale('arkit')


def arkit_motion(stamp_s=0.0, **shapes):
    return Motion('arkit', stamp_s, expression={**ARKIT.baseline, **shapes}, rotation=np.eye(3))


def test_a_relaxed_face_before_a_phone_is_a_neutral_robot():
    got = policy().act(arkit_motion())
    assert np.allclose(got.values, SPEC.neutral, atol=1e-9)
    # A tracker with the other scale would move the robot.
    assert not np.allclose(policy().act(motion(**ARKIT.baseline)).values, SPEC.neutral, atol=0.02)


def test_a_phones_full_smile_is_the_robots_full_smile():
    full = {'mouthSmileLeft': 0.95, 'mouthSmileRight': 0.95}
    got = policy().act(arkit_motion(**full))
    assert 0.6 <= share(got, 'Lip Corner Raise Left') <= 1.0
    assert 0.6 <= share(got, 'Lip Corner Stretch Left') <= 1.0


@pytest.mark.parametrize(('shapes', 'control'), [
    ({'browInnerUp': 1}, 'Brow Inner Left'), ({'browDownLeft': .95}, 'Brow Inner Left'),
    ({'noseSneerLeft': .85, 'noseSneerRight': .85}, 'Nose Wrinkle'),
    ({'browOuterUpLeft': .95}, 'Brow Outer Left'), ({'eyeWideLeft': .9}, 'Eyelid Upper Left'),
    ({'jawOpen': .85}, 'Jaw Pitch')], ids=str)
def test_a_phones_full_movements_use_the_range_and_do_not_exceed_it(shapes, control):
    assert 0.6 <= abs(share(policy().act(arkit_motion(**shapes)), control)) < 1.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=len(BLENDSHAPES), max_size=len(BLENDSHAPES)),
       st.floats(-25, 25), st.floats(-20, 20))
def test_no_face_before_a_phone_holds_a_control_at_an_end(values, yaw, pitch):
    shapes = dict(zip(BLENDSHAPES, values, strict=True))
    got = policy().act(Motion('arkit', 0.0, expression=shapes, rotation=rotation(yaw, pitch, 0.0)))
    margin = np.minimum(got.values[0] - SPEC.low, SPEC.high - got.values[0])
    ends = np.isclose(SPEC.neutral, SPEC.low) | np.isclose(SPEC.neutral, SPEC.high)
    assert (margin[~ends] > 0.003 * (SPEC.high - SPEC.low)[~ends]).all()


def test_larger_movements_stay_larger_beyond_the_knee():
    smiles = [share(policy(adapt_s=0.0).act(arkit_motion(mouthSmileLeft=v)),
                    'Lip Corner Raise Left') for v in np.linspace(0.1, 1.0, 10)]
    assert (np.diff(smiles) > 0.01).all()
    # Below the knee nothing is compressed.
    assert smiles[1] == pytest.approx(2 * smiles[0], abs=1e-6)


def test_another_tracker_begins_with_its_own_neutral_face():
    p = policy()
    p.calibrate(motion(browInnerUp=0.5))
    p.act(motion(stamp_s=0.0, browInnerUp=0.5))
    assert np.allclose(p.act(arkit_motion(stamp_s=0.1)).values, SPEC.neutral, atol=1e-9)


def test_calibration_takes_a_phones_face():
    p = policy(adapt_s=0.0)
    p.calibrate(arkit_motion(mouthFrownLeft=0.4, mouthFrownRight=0.3))
    got = p.act(arkit_motion(stamp_s=0.1, mouthFrownLeft=0.4, mouthFrownRight=0.3))
    assert np.allclose(got.values, SPEC.neutral, atol=1e-9)


def test_a_robot_file_may_have_a_baseline_and_gains_for_a_tracker():
    rig = {**SPEC.rig, 'trackers': {'arkit': {'baseline': {'jawOpen': 0.3},
                                              'gain': {'browInnerUp': 0.1}}}}
    spec = dataclasses.replace(SPEC, rig=rig)
    p = plugins.load('policy', 'blendshape_map', {}, spec)
    assert np.allclose(p.act(arkit_motion(jawOpen=0.3)).values, spec.neutral, atol=1e-9)
    assert share(p.act(arkit_motion(jawOpen=0.3, browInnerUp=1)), 'Brow Inner Left') < 0.15


@pytest.mark.parametrize(('trackers', 'reason'), [
    ({'arkit': {'baseline': {'jawOpn': 1}}}, 'jawOpen'), ({'arkit': {'gains': {}}}, 'gain'),
    ({'arkit': {'gain': {'jawOpen': 'much'}}}, 'expected a number'), ({'arkit': 3}, 'keys')])
def test_mistakes_in_a_trackers_section_are_named(trackers, reason):
    spec = dataclasses.replace(SPEC, rig={**SPEC.rig, 'trackers': trackers})
    with pytest.raises(ConfigurationError, match=reason):
        plugins.load('policy', 'blendshape_map', {}, spec)


def test_weights_may_differ_for_a_tracker():
    blink = {'eyeBlinkLeft': 0.9, 'eyeBlinkRight': 0.9}
    assert abs(share(policy().act(arkit_motion(**blink)), 'Gaze Target Theta')) < 1e-9
    assert share(policy().act(motion(**blink)), 'Gaze Target Theta') > 0.1
    rig = {**SPEC.rig, 'trackers': {'arkit': {'controls': {'No Such': {'jawOpen': 1}}}}}
    with pytest.raises(ConfigurationError, match='No Such'):
        plugins.load('policy', 'blendshape_map', {}, dataclasses.replace(SPEC, rig=rig))
