"""Muscles of the virtual face for blendshapes and head angles: a face that shows a motion."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.face.tracker_scale import tracker_scale
from ros_animate.face.virtual.muscles import MUSCLES, SIDES

# Muscle of each side: weights of the blendshapes of that side, and (below) of the middle.
_SIDED: dict[str, dict[str, float]] = {
    'brow_inner': {'browDown': -1.0}, 'brow_outer': {'browOuterUp': 1.2, 'browDown': -0.8},
    'cheek_raise': {'cheekSquint': 1.0, 'mouthSmile': 0.4},
    'eyelid_upper': {'eyeBlink': -1.1, 'eyeWide': 1.0, 'eyeSquint': -0.25, 'eyeLookDown': -0.35,
                     'eyeLookUp': 0.3},
    'eyelid_lower': {'eyeBlink': -0.15, 'eyeWide': 0.4, 'eyeSquint': -0.7},
    'lip_corner_raise': {'mouthSmile': 0.9, 'mouthFrown': -1.2},
    'lip_corner_stretch': {'mouthSmile': 0.6, 'mouthStretch': 1.0, 'mouthDimple': 0.4},
    'lip_top_raise': {'mouthUpperUp': 1.2, 'noseSneer': 0.3},
    'lip_bottom_depress': {'mouthLowerDown': 1.0, 'mouthPress': -0.3}}
_SHARED: dict[str, dict[str, float]] = {
    'brow_inner': {'browInnerUp': 1.0},
    'lip_corner_raise': {'mouthPucker': -0.2},
    'lip_corner_stretch': {'mouthPucker': -0.9, 'mouthFunnel': -0.5},
    'lip_top_raise': {'mouthFunnel': 0.3, 'mouthClose': -0.5},
    'lip_bottom_depress': {'mouthFunnel': 0.3, 'mouthClose': -0.5, 'mouthShrugLower': -0.4}}
_MIDDLE: dict[str, dict[str, float]] = {
    'lip_top_raise_middle': {'mouthUpperUpLeft': 0.6, 'mouthUpperUpRight': 0.6,
                             'mouthFunnel': 0.3, 'mouthClose': -0.5},
    'lip_bottom_depress_middle': {'mouthLowerDownLeft': 0.5, 'mouthLowerDownRight': 0.5,
                                  'mouthFunnel': 0.3, 'mouthClose': -0.5},
    'lip_top_curl': {'mouthRollUpper': -1.2, 'mouthFunnel': 0.6, 'mouthPucker': 0.4},
    'lip_bottom_curl': {'mouthRollLower': -1.2, 'mouthFunnel': 0.6, 'mouthPucker': 0.4},
    'nose_wrinkle': {'noseSneerLeft': 0.5, 'noseSneerRight': 0.5},
    'jaw_open': {'jawOpen': 0.9, 'mouthClose': -0.6},
    'jaw_sideways': {'jawLeft': 1.0, 'jawRight': -1.0},
    'gaze_azimuth': {'eyeLookOutLeft': 16.0, 'eyeLookInRight': 16.0, 'eyeLookOutRight': -16.0,
                     'eyeLookInLeft': -16.0},
    'gaze_elevation': {'eyeLookUpLeft': 15.0, 'eyeLookUpRight': 15.0, 'eyeLookDownLeft': -15.0,
                       'eyeLookDownRight': -15.0}}
_UNBOUNDED = ('gaze', 'head', 'neck')


def _weights() -> dict[str, dict[str, float]]:
    """Weights of the blendshapes for every muscle that they move."""
    weights = dict(_MIDDLE)
    for name, row in _SIDED.items():
        for side in SIDES:
            sided = {shape + side.capitalize(): value for shape, value in row.items()}
            weights[f'{name}_{side}'] = {**sided, **_SHARED.get(name, {})}
    return weights


_WEIGHTS = _weights()


def expression_muscles(expression: Mapping[str, float], tracker: str,
                       head_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
                       ) -> dict[str, float]:
    """All muscles of a face with an expression.

    Args:
        expression: Blendshapes.
        tracker: Whose scale they have.
        head_deg: Yaw to the left, pitch down, roll to the right ear.
    """
    scale = tracker_scale(tracker)
    moved = {name: scale.gain.get(name, 1.0) * (value - scale.baseline.get(name, 0.0))
             for name, value in expression.items()}
    muscles = dict(MUSCLES)
    for muscle, row in _WEIGHTS.items():
        value = MUSCLES[muscle] + sum(weight * moved.get(shape, 0.0)
                                      for shape, weight in row.items())
        low, high = (-1.0, 2.0) if muscle.startswith('eyelid') else (-1.0, 1.0)
        if not muscle.startswith(_UNBOUNDED):
            value = float(np.clip(value, low, high))
        muscles[muscle] = value
    muscles['jaw_open'] = max(muscles['jaw_open'], 0.0)
    muscles['head_yaw'], muscles['head_pitch'], muscles['head_roll'] = head_deg
    return muscles
