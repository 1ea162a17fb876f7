"""A robot that is not Ameca, from the tracker's blendshapes to the image of its face."""
import numpy as np
import pytest

from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Motion

SPEC = load_spec('servo_head')
RELAXED = {'eyeBlinkLeft': 0.05, 'eyeBlinkRight': 0.05, 'eyeLookDownLeft': 0.11,
           'eyeLookDownRight': 0.11, 'jawOpen': 0.05}


def shown(expression, seconds=1.5):
    """(sent position (N,), image) after a face has shown an expression for a while."""
    policy = load('policy', 'blendshape_map', {'adapt_s': 0.0}, SPEC)
    smoother, safety = load('smoothing', 'bezier', {}, SPEC), Safety(SafetyConfig(), SPEC)
    with load('hardware', 'mock', {'size': 128}, SPEC) as robot:
        for k in range(round(60 * seconds)):
            now_s = k / 60
            if k % 2 == 0:
                motion = Motion('test', now_s, expression={**RELAXED, **expression},
                                rotation=np.eye(3))
                smoother.push(policy.act(motion), now_s)
            sent = robot.write(safety.step(smoother.sample(now_s), now_s), now_s)
        robot.read(seconds)
        return sent.position, robot.render().astype(int)


def test_a_relaxed_face_is_neutral():
    position, _ = shown({})
    np.testing.assert_allclose(position, SPEC.neutral, atol=0.5)


@pytest.mark.parametrize(('expression', 'control', 'degrees'), [
    ({'jawOpen': 0.8}, 'Jaw', 18), ({'mouthSmileLeft': 0.8}, 'Smile Left', 19),
    ({'eyeBlinkLeft': 1.0}, 'Lid Left', 0), ({'browDownRight': 0.7}, 'Brow Right', -18)])
def test_an_expression_moves_its_servo_and_is_seen(expression, control, degrees):
    relaxed, before = shown({})
    position, after = shown(expression)
    i = SPEC.index(control)
    assert position[i] == pytest.approx(degrees, abs=3)
    side = {'Left': 'Right', 'Right': 'Left'}
    word = control.split()[-1]
    if word in side:
        other = SPEC.index(control.replace(word, side[word]))
        assert position[other] == pytest.approx(relaxed[other], abs=0.5)
    assert (np.abs(after - before).max(axis=2) > 20).sum() > 30


def test_lids_close_where_the_eyes_look_down():
    position, _ = shown({'eyeLookDownLeft': 0.8, 'eyeLookDownRight': 0.8, 'eyeWideLeft': 1.0})
    tilt, lid = position[SPEC.index('Eye Tilt')], position[SPEC.index('Lid Left')]
    assert tilt < -12
    assert lid <= np.interp(tilt, [-20, 0], [26, 45]) + 1e-6
