"""Muscles of the virtual face: names and resting values, and the poses of head, jaw and eyes."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import shown
from ros_animate.face.virtual import body
from ros_animate.face.virtual.muscle_handles import JAW_HINGE_CM, JAW_OPEN_DEG
from ros_animate.types import Array

SIDES = ('left', 'right')
# Every muscle with its resting value. Fields run from -1 to 1 and rest at 0; lids: -1 squeezed,
# 0 closed, 1 open (rest), 2 wide; jaw_open 0 to 1; angles in degrees: yaw and gaze positive to the
# face's left, pitch positive down, gaze_elevation positive up, roll positive to the right ear.
MUSCLES: dict[str, float] = {
    **{f'{name}_{side}': rest for name, rest in (
        ('brow_inner', 0), ('brow_outer', 0), ('cheek_raise', 0), ('eyelid_upper', 1),
        ('eyelid_lower', 1), ('lip_corner_raise', 0), ('lip_corner_stretch', 0),
        ('lip_top_raise', 0), ('lip_bottom_depress', 0)) for side in SIDES},
    **dict.fromkeys((
        'lip_top_raise_middle', 'lip_bottom_depress_middle', 'lip_top_curl', 'lip_bottom_curl',
        'nose_wrinkle', 'jaw_open', 'jaw_sideways', 'gaze_azimuth', 'gaze_elevation',
        'head_yaw', 'head_pitch', 'head_roll', 'neck_pitch', 'neck_roll'), 0.0)}
JAW_TURN_DEG, JAW_SHIFT_CM = 2.5, 1.0  # of the jaw at jaw_sideways = 1
EYE_RANGE_DEG = (42.0, 30.0)  # largest rotation of the eyeballs, sideways and up or down


@dataclass(frozen=True)
class Pose:
    """Rigid motions for one state of the muscles.

    Attributes:
        head: (3, 3) rotation of the head.
        head_at: (3,) translation of the head in cm.
        jaw: (3, 3) rotation of the jaw about its hinge.
        jaw_shift: (3,) sideways shift of the jaw in cm.
        eyes: (3, 3) rotation of the eyeballs, the head's included.
    """

    head: Array
    head_at: Array
    jaw: Array
    jaw_shift: Array
    eyes: Array

    @classmethod
    def of(cls, state: Mapping[str, float]) -> Pose:
        """The pose for a value of every muscle."""
        neck = rotation(0, state['neck_pitch'], state['neck_roll'])
        turn = rotation(state['head_yaw'], state['head_pitch'], state['head_roll'])
        joint = body.NECK_TOP_CM - body.NECK_BASE_CM
        offset = body.NECK_BASE_CM + neck @ (joint - turn @ body.NECK_TOP_CM)
        sideways = state['jaw_sideways']
        jaw = rotation(JAW_TURN_DEG * sideways, JAW_OPEN_DEG * state['jaw_open'], 0)
        head = neck @ turn
        shift = np.array([JAW_SHIFT_CM * sideways, 0, 0])
        return cls(head, offset, jaw, shift, head @ _gaze(state))

    def move_head(self, points: Array) -> Array:
        """(N, 3) cm in head axes to the camera's axes."""
        return points @ self.head.T + self.head_at

    def move_jaw(self, points: Array) -> Array:
        """(N, 3) cm in head axes, moved with the jaw."""
        return (points - JAW_HINGE_CM) @ self.jaw.T + JAW_HINGE_CM + self.jaw_shift


def complete_state(muscles: Mapping[str, float]) -> dict[str, float]:
    """A value of every muscle: those that are not named rest.

    Raises:
        ConfigurationError: An unknown muscle.
    """
    for name in muscles:
        if name not in MUSCLES:
            raise ConfigurationError(f'the virtual face has no muscle {shown(name)}; '
                                     f'{suggest(name, MUSCLES)}')
    return {**MUSCLES, **muscles}


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    """Head to camera: yaw to the head's left, pitch down, roll to its right ear, (3, 3)."""
    y, p, r = np.radians([yaw_deg, pitch_deg, roll_deg])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return turn @ nod @ tilt


def _gaze(state: Mapping[str, float]) -> Array:
    """(3, 3) rotation of the eyeballs in the head, within their range."""
    azimuth = np.clip(state['gaze_azimuth'], -EYE_RANGE_DEG[0], EYE_RANGE_DEG[0])
    elevation = np.clip(state['gaze_elevation'], -EYE_RANGE_DEG[1], EYE_RANGE_DEG[1])
    return rotation(azimuth, -elevation, 0)
