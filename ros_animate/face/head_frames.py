"""Frames of a person's head and gaze in the axes of the camera, as REP-155 defines them.

The camera's optical frame has x to the right, y down and z forward. The frame of a face lies in the
head with x out of the face, y to its left, z up. The frame of a gaze lies between the eyes with z
along the line of sight.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ros_animate.types import Array, Motion

# Rotation of the eyes at a value 1 of their blendshapes, in degrees: sideways, up, down.
LOOK_SIDE_DEG, LOOK_UP_DEG, LOOK_DOWN_DEG = 38.0, 32.0, 28.0
# Middle between the eyeballs of the canonical face, in metres: x left, y up, z out of the face.
BETWEEN_EYES_M = np.array([0.0, 0.0268, 0.0261])
_TO_OPTICAL = np.diag([1.0, -1.0, -1.0])
# Columns: axes of a face in REP-103, in those of `Motion` (x left of the face, y up, z out of it).
_FACE_AXES = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


@dataclass(frozen=True)
class Frame3D:
    """A frame in the optical frame of the camera.

    Attributes:
        rotation: (3, 3).
        translation: (3,) metres.
    """

    rotation: Array
    translation: Array

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """(x, y, z, w) of the rotation, w >= 0."""
        return quaternion(self.rotation)


def face_frame(motion: Motion) -> Frame3D | None:
    """Frame of the head; None if the extractor does not tell its pose."""
    if motion.rotation is None or motion.translation is None:
        return None
    return Frame3D(_TO_OPTICAL @ motion.rotation @ _FACE_AXES, _TO_OPTICAL @ motion.translation)


def gaze_frame(motion: Motion) -> Frame3D | None:
    """Frame of the gaze; None without the pose of the head or the blendshapes of the eyes."""
    if motion.rotation is None or motion.translation is None:
        return None
    angles = gaze_angles_deg(motion.expression)
    if angles is None:
        return None
    azimuth, elevation = np.radians(angles)
    sight = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation),
                      np.cos(azimuth) * np.cos(elevation)])
    # x to the right of who looks, y down.
    right = np.array([-np.cos(azimuth), 0.0, np.sin(azimuth)])
    turn = np.column_stack([right, np.cross(sight, right), sight])
    eyes = motion.rotation @ BETWEEN_EYES_M + motion.translation
    return Frame3D(_TO_OPTICAL @ motion.rotation @ turn, _TO_OPTICAL @ eyes)


def gaze_angles_deg(expression: Mapping[str, float]) -> tuple[float, float] | None:
    """Mean direction of both eyes in the head: to the person's left, and up; None if unknown."""
    if 'eyeLookOutLeft' not in expression:
        return None

    def look(direction: str, side: str) -> float:
        return expression.get(f'eyeLook{direction}{side}', 0.0)
    left = look('Out', 'Left') - look('In', 'Left')
    right = look('In', 'Right') - look('Out', 'Right')
    up, down = (0.5 * (look(name, 'Left') + look(name, 'Right')) for name in ('Up', 'Down'))
    return LOOK_SIDE_DEG * 0.5 * (left + right), LOOK_UP_DEG * up - LOOK_DOWN_DEG * down


def quaternion(rotation: Array) -> tuple[float, float, float, float]:
    """(x, y, z, w) of a rotation (3, 3), w >= 0 (Shepperd's method, 1978)."""
    trace = float(np.trace(rotation))
    squares = np.array([*(1 + 2 * np.diag(rotation) - trace), 1 + trace])
    largest = int(np.argmax(squares))
    differences = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0],
                            rotation[1, 0] - rotation[0, 1]])
    if largest == 3:
        values = np.append(differences, squares[3])
    else:
        values = np.append(rotation[largest] + rotation[:, largest], differences[largest])
        values[largest] = squares[largest]
    values = values / np.linalg.norm(values) * (-1 if values[3] < 0 else 1)
    x, y, z, w = map(float, values)
    return x, y, z, w
