"""Random human expressions, as blendshapes and head angles."""
from __future__ import annotations

import numpy as np

from ros_animate.face.blendshapes import BLENDSHAPES

# Names without a side stand for both sides.
EXPRESSIONS: dict[str, dict[str, float]] = {
    'smile': {'mouthSmile': .8, 'cheekSquint': .4, 'eyeSquint': .3},
    'laugh': {'mouthSmile': .9, 'mouthUpperUp': .5, 'mouthLowerDown': .5, 'jawOpen': .35,
              'eyeSquint': .5, 'cheekSquint': .6},
    'frown': {'mouthFrown': .6, 'browDown': .5},
    'sad': {'browInnerUp': .7, 'mouthFrown': .5, 'mouthShrugLower': .4, 'eyeLookDown': .4},
    'angry': {'browDown': .9, 'mouthPress': .5, 'noseSneer': .4, 'eyeSquint': .5},
    'surprise': {'browInnerUp': .8, 'browOuterUp': .8, 'eyeWide': .7, 'jawOpen': .5},
    'disgust': {'noseSneer': .8, 'mouthUpperUp': .7, 'browDown': .5, 'eyeSquint': .4},
    'fear': {'browInnerUp': .8, 'eyeWide': .8, 'mouthStretch': .7, 'jawOpen': .2},
    'ah': {'jawOpen': .6, 'mouthLowerDown': .3},
    'oh': {'jawOpen': .4, 'mouthFunnel': .7},
    'oo': {'mouthPucker': .9, 'mouthFunnel': .3},
    'ee': {'mouthStretch': .5, 'mouthUpperUp': .4, 'mouthLowerDown': .5, 'jawOpen': .15},
    'mm': {'mouthRollLower': .6, 'mouthRollUpper': .6, 'mouthPress': .4},
    'fv': {'mouthRollLower': .7, 'mouthUpperUp': .3, 'jawOpen': .1},
    'blink': {'eyeBlink': .95},
    'half_closed': {'eyeBlink': .45},
    'brows_up': {'browInnerUp': .8, 'browOuterUp': .7},
    'brows_down': {'browDown': .8},
    'squint': {'eyeSquint': .8},
    'wide_eyes': {'eyeWide': .9},
    'wink_left': {'eyeBlinkLeft': .95, 'mouthSmileLeft': .4},
    'wink_right': {'eyeBlinkRight': .95, 'mouthSmileRight': .4},
    'smirk_left': {'mouthSmileLeft': .8, 'mouthLeft': .2},
    'smirk_right': {'mouthSmileRight': .8, 'mouthRight': .2},
    'one_brow_left': {'browOuterUpLeft': .9, 'browDownRight': .4},
    'one_brow_right': {'browOuterUpRight': .9, 'browDownLeft': .4},
    'jaw_left': {'jawLeft': .6},
    'jaw_right': {'jawRight': .6},
    'sneer': {'noseSneer': .7},
    'upper_teeth': {'mouthUpperUp': .8},
    'lower_teeth': {'mouthLowerDown': .8},
    'look_up': {'eyeLookUp': .7},
    'look_down': {'eyeLookDown': .7},
    'look_left': {'eyeLookOutLeft': .7, 'eyeLookInRight': .7},
    'look_right': {'eyeLookInLeft': .7, 'eyeLookOutRight': .7},
}
_NAMES = tuple(EXPRESSIONS)
# Standard deviations: of all blendshapes at rest, and of a side's relative strength.
BACKGROUND, ASYMMETRY = 0.04, 0.15


def random_expression(rng: np.random.Generator) -> dict[str, float]:
    """Blendshapes in [0, 1]: one to three expressions of random strength, slightly asymmetric."""
    shapes = dict(zip(BLENDSHAPES, np.abs(BACKGROUND * rng.standard_normal(len(BLENDSHAPES)))))
    for k in rng.choice(len(_NAMES), rng.integers(1, 4), replace=False):
        strength = rng.uniform(0.0, 1.15)
        for name, value in EXPRESSIONS[_NAMES[k]].items():
            for shape in _sides(name):
                shapes[shape] += strength * value * (1 + ASYMMETRY * rng.standard_normal())
    return {name: float(np.clip(value, 0.0, 1.0)) for name, value in shapes.items()}


def random_head_deg(rng: np.random.Generator) -> np.ndarray:
    """(3,) yaw, pitch and roll in degrees of a person in front of a camera."""
    reach = np.array([34.0, 30.0, 30.0])
    return reach * rng.uniform(-1, 1, 3) * rng.choice((0.5, 1.0))


def _sides(name: str) -> tuple[str, ...]:
    return (name,) if name in BLENDSHAPES else (name + 'Left', name + 'Right')
