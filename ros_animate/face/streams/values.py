"""Values of one face in ARKit's terms, which all formats of this folder carry."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ros_animate.face.blendshapes import BLENDSHAPES

# (yaw to the person's left, pitch down, roll to the right ear) in degrees.
Angles = tuple[float, float, float]

# ARKit's blendshapes in the order of the app's CSV. The Face Landmarker has all but tongueOut.
ARKIT = (
    'eyeBlinkLeft', 'eyeLookDownLeft', 'eyeLookInLeft', 'eyeLookOutLeft', 'eyeLookUpLeft',
    'eyeSquintLeft', 'eyeWideLeft', 'eyeBlinkRight', 'eyeLookDownRight', 'eyeLookInRight',
    'eyeLookOutRight', 'eyeLookUpRight', 'eyeSquintRight', 'eyeWideRight', 'jawForward',
    'jawRight', 'jawLeft', 'jawOpen', 'mouthClose', 'mouthFunnel', 'mouthPucker', 'mouthRight',
    'mouthLeft', 'mouthSmileLeft', 'mouthSmileRight', 'mouthFrownLeft', 'mouthFrownRight',
    'mouthDimpleLeft', 'mouthDimpleRight', 'mouthStretchLeft', 'mouthStretchRight',
    'mouthRollLower', 'mouthRollUpper', 'mouthShrugLower', 'mouthShrugUpper', 'mouthPressLeft',
    'mouthPressRight', 'mouthLowerDownLeft', 'mouthLowerDownRight', 'mouthUpperUpLeft',
    'mouthUpperUpRight', 'browDownLeft', 'browDownRight', 'browInnerUp', 'browOuterUpLeft',
    'browOuterUpRight', 'cheekPuff', 'cheekSquintLeft', 'cheekSquintRight', 'noseSneerLeft',
    'noseSneerRight', 'tongueOut')
# Spelling of a blendshape, whatever its capital letters.
SPELLING = {name.lower(): name for name in (*ARKIT, *BLENDSHAPES)}
# Rotation of an eyeball at which its blendshape reaches 1, in degrees: (sideways, up or down).
EYE_FULL_DEG = (32.0, 35.0)
_LARGEST_DEG = 180.0


class PacketError(ValueError):
    """A packet or a row that is no face of its format; the message says why."""


@dataclass(frozen=True)
class FaceValues:
    """One face, as another program has measured it.

    Attributes:
        expression: Blendshapes by ARKit's names in [0, 1]. Left and right are the person's own.
        head_deg: Angles of the head, None if the sender has none.
        eyes_deg: (yaw to the person's left, pitch down) of the left and the right eye.
        translation: Place of the head in metres, camera at the origin: x right in its image, y
            up, z towards it.
        subject: Name by which the sender tells its faces apart.
        time_s: Time on the sender's clock, NaN if it has none.
        has_face: False if the sender sees no face at present.
    """

    expression: Mapping[str, float] = field(default_factory=dict)
    head_deg: Angles | None = None
    eyes_deg: tuple[tuple[float, float], tuple[float, float]] | None = None
    translation: tuple[float, float, float] | None = None
    subject: str = ''
    time_s: float = math.nan
    has_face: bool = True


def checked(values: FaceValues) -> FaceValues:
    """The values with blendshapes within [0, 1], and those that its eyes' angles give.

    Raises:
        PacketError: A value is not finite, or no angle of a head.
    """
    angles = [*(values.head_deg or ()), *(angle for eye in values.eyes_deg or () for angle in eye)]
    numbers = [*values.expression.values(), *angles, *(values.translation or ())]
    if not all(map(math.isfinite, numbers)):
        raise PacketError('a value is not finite')
    if any(abs(angle) > _LARGEST_DEG for angle in angles):
        raise PacketError(f'an angle is larger than {_LARGEST_DEG:g} degrees')
    expression = {name: min(max(float(value), 0.0), 1.0)
                  for name, value in values.expression.items()}
    if values.eyes_deg is not None and not any(n.startswith('eyeLook') for n in expression):
        expression.update(eye_blendshapes(values.eyes_deg))
    return FaceValues(expression, values.head_deg, values.eyes_deg, values.translation,
                      values.subject, values.time_s, values.has_face)


def eye_blendshapes(eyes_deg: tuple[tuple[float, float], tuple[float, float]]
                    ) -> dict[str, float]:
    """The eight blendshapes of the gaze for the angles of the left and the right eye."""
    result = {}
    for side, outwards, (yaw, pitch) in zip(('Left', 'Right'), (1, -1), eyes_deg):
        sideways = outwards * yaw / EYE_FULL_DEG[0]
        down = pitch / EYE_FULL_DEG[1]
        for name, value in (('Out', sideways), ('In', -sideways), ('Down', down), ('Up', -down)):
            result[f'eyeLook{name}{side}'] = min(max(value, 0.0), 1.0)
    return result
