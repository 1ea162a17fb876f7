"""Action units of the Facial Action Coding System from blendshapes and head angles, and back.

A unit has no side here: of a pair of blendshapes it is the mean. It is 0 in a relaxed face,
whatever a tracker reports of it. Codes and names: Ekman, Friesen and Hager, "Facial Action Coding
System", 2002.
"""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.types import Array

COUNT = 99  # entries of a message, indexed by the code
_SIDES = ('Left', 'Right')
# Unit: blendshapes of which it is the mean; each gets its value on the way back.
_PAIRS = {2: 'browOuterUp', 4: 'browDown', 5: 'eyeWide', 6: 'cheekSquint', 7: 'eyeSquint',
          9: 'noseSneer', 10: 'mouthUpperUp', 12: 'mouthSmile', 14: 'mouthDimple',
          15: 'mouthFrown', 16: 'mouthLowerDown', 20: 'mouthStretch', 24: 'mouthPress'}
_MEANS = {1: ('browInnerUp',), 17: ('mouthShrugLower',), 18: ('mouthPucker',),
          22: ('mouthFunnel',), 28: ('mouthRollLower', 'mouthRollUpper'), 29: ('jawForward',),
          34: ('cheekPuff',),
          61: ('eyeLookOutLeft', 'eyeLookInRight'), 62: ('eyeLookInLeft', 'eyeLookOutRight'),
          63: ('eyeLookUpLeft', 'eyeLookUpRight'), 64: ('eyeLookDownLeft', 'eyeLookDownRight'),
          **{unit: tuple(f'{name}{side}' for side in _SIDES) for unit, name in _PAIRS.items()}}
LIPS_PART, JAW_DROP, MOUTH_STRETCH, JAW_SIDEWAYS = 25, 26, 27, 30
EYES_CLOSED, BLINK, WINK = 43, 45, 46
# The jaw drops at first, and then the mouth is stretched open.
_STRETCH_FROM = 0.7
# (left, right), (up, down), (tilt left, tilt right) of the head, at 1 for this angle.
_TURNS, _TURN_DEG = ((51, 52), (54, 53), (55, 56)), 45.0
_UPS = (1.0, 1.0, -1.0)  # yaw to the left, pitch down, roll to the right ear


def action_units(expression: Mapping[str, float], angles_deg: Array | None,
                 relaxed: Mapping[str, float]) -> Array:
    """(COUNT,) intensities, 0 to 1; NaN for what the blendshapes do not tell.

    Args:
        expression: Blendshapes by name; missing ones are 0.
        angles_deg: (3,) result of `head_angles_deg`, None if unknown.
        relaxed: Blendshapes of a relaxed face; missing ones are 0.
    """
    expression = {name: max(value - relaxed.get(name, 0.0), 0.0) / (1 - relaxed.get(name, 0.0))
                  for name, value in expression.items()}
    units = np.full(COUNT, np.nan)
    for unit, names in _MEANS.items():
        units[unit] = sum(expression.get(name, 0.0) for name in names) / len(names)
    jaw = expression.get('jawOpen', 0.0)
    units[JAW_DROP] = jaw
    units[MOUTH_STRETCH] = max(jaw - _STRETCH_FROM, 0.0) / (1 - _STRETCH_FROM)
    units[LIPS_PART] = jaw - expression.get('mouthClose', 0.0)
    units[JAW_SIDEWAYS] = max(expression.get('jawLeft', 0.0), expression.get('jawRight', 0.0))
    lids = [expression.get(f'eyeBlink{side}', 0.0) for side in _SIDES]
    units[EYES_CLOSED] = units[BLINK] = min(lids)
    units[WINK] = max(lids) - min(lids)
    if angles_deg is not None:
        for (positive, negative), up, angle in zip(_TURNS, _UPS, angles_deg, strict=True):
            units[positive] = up * angle / _TURN_DEG
            units[negative] = -up * angle / _TURN_DEG
    return np.clip(units, 0.0, 1.0)


def blendshapes(units: Array, relaxed: Mapping[str, float]) -> dict[str, float]:
    """Blendshapes of intensities, the same on both sides; the inverse of `action_units`.

    Args:
        units: (COUNT,) intensities, 0 to 1; NaN for unknown ones.
        relaxed: Blendshapes of a relaxed face; missing ones are 0.
    """
    known = np.clip(np.nan_to_num(units), 0.0, 1.0)
    shapes = {name: float(known[unit]) for unit, names in _MEANS.items() for name in names}
    stretch = known[MOUTH_STRETCH]
    jaw = max(known[JAW_DROP], _STRETCH_FROM + (1 - _STRETCH_FROM) * stretch if stretch else 0.0)
    shapes['jawOpen'] = float(jaw)
    if not np.isnan(units[LIPS_PART]):
        shapes['mouthClose'] = float(max(jaw - known[LIPS_PART], 0.0))
    lids = max(known[EYES_CLOSED], known[BLINK])
    shapes.update({f'eyeBlink{side}': float(lids) for side in _SIDES})
    return {name: relaxed.get(name, 0.0) + (1 - relaxed.get(name, 0.0)) * value
            for name, value in shapes.items()}


def turn_deg(units: Array) -> Array | None:
    """(3,) yaw, pitch and roll as `head_angles_deg` gives them; None if no unit tells them."""
    pairs = np.array([(units[positive], units[negative]) for positive, negative in _TURNS])
    if np.isnan(pairs).all():
        return None
    pairs = np.nan_to_num(pairs)
    return np.array(_UPS) * (pairs[:, 0] - pairs[:, 1]) * _TURN_DEG
