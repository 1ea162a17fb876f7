"""The VMC protocol: blendshapes and bones over OSC, as VSeeFace, Warudo and Unity speak it.

Axes are Unity's: left-handed, x right, y up, z forward of the character. Needs python-osc.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import shown
from ros_animate.face.euler_angles import euler_angles_deg
from ros_animate.face.streams.values import (
    ARKIT,
    SPELLING,
    Angles,
    FaceValues,
    PacketError,
    checked,
)
from ros_animate.face.virtual.muscles import rotation
from ros_animate.limits import EXPRESSION_NAMES, NAME_LENGTH

PORT = 39539
PACKET_BYTES = 65_536
BONES = ('Head', 'Neck', 'LeftEye', 'RightEye')
BLEND, APPLY, BONE = '/VMC/Ext/Blend/Val', '/VMC/Ext/Blend/Apply', '/VMC/Ext/Bone/Pos'
BUNDLES = 16  # in one datagram, most of them within each other
# Blendshapes of ARKit for those of a VRM avatar, which senders without perfect sync have.
PRESETS: dict[str, dict[str, float]] = {
    'a': {'jawOpen': 0.7, 'mouthLowerDownLeft': 0.3, 'mouthLowerDownRight': 0.3},
    'i': {'mouthStretchLeft': 0.5, 'mouthStretchRight': 0.5, 'jawOpen': 0.15},
    'u': {'mouthPucker': 0.8, 'mouthFunnel': 0.2},
    'e': {'mouthSmileLeft': 0.3, 'mouthSmileRight': 0.3, 'jawOpen': 0.3},
    'o': {'mouthFunnel': 0.7, 'jawOpen': 0.4},
    'blink': {'eyeBlinkLeft': 1.0, 'eyeBlinkRight': 1.0},
    'blink_l': {'eyeBlinkLeft': 1.0}, 'blink_r': {'eyeBlinkRight': 1.0},
    'joy': {'mouthSmileLeft': 0.9, 'mouthSmileRight': 0.9, 'cheekSquintLeft': 0.5,
            'cheekSquintRight': 0.5},
    'fun': {'mouthSmileLeft': 0.6, 'mouthSmileRight': 0.6},
    'angry': {'browDownLeft': 0.9, 'browDownRight': 0.9, 'noseSneerLeft': 0.3,
              'noseSneerRight': 0.3},
    'sorrow': {'browInnerUp': 0.8, 'mouthFrownLeft': 0.6, 'mouthFrownRight': 0.6},
    'surprised': {'browInnerUp': 0.8, 'browOuterUpLeft': 0.8, 'browOuterUpRight': 0.8,
                  'eyeWideLeft': 0.7, 'eyeWideRight': 0.7},
    'lookup': {'eyeLookUpLeft': 1.0, 'eyeLookUpRight': 1.0},
    'lookdown': {'eyeLookDownLeft': 1.0, 'eyeLookDownRight': 1.0},
    'lookleft': {'eyeLookOutLeft': 1.0, 'eyeLookInRight': 1.0},
    'lookright': {'eyeLookInLeft': 1.0, 'eyeLookOutRight': 1.0}}


def require_osc() -> None:
    """Raises ConfigurationError if python-osc, an optional dependency, is not installed."""
    try:
        import pythonosc.osc_packet  # noqa: F401
    except ImportError as error:
        raise ConfigurationError('VMC needs python-osc: pip install python-osc') from error


class Decoder:
    """Collects the values of a sender until it says that they are complete."""

    def __init__(self) -> None:
        self._blends: dict[str, float] = {}
        self._bones: dict[str, np.ndarray] = {}

    def decode(self, data: bytes) -> FaceValues | None:
        """The face that is complete after a datagram, None if none is; raises PacketError."""
        complete = False
        for address, values in messages(data):
            if address == BLEND:
                self._add_blend(values)
            elif address == BONE:
                self._add_bone(values)
            complete |= address == APPLY
        return self._face() if complete else None

    def _add_blend(self, values: list[Any]) -> None:
        name, value = _named(values, 1, BLEND)
        if len(self._blends) >= EXPRESSION_NAMES and name not in self._blends:
            raise PacketError(f'more than {EXPRESSION_NAMES} blendshapes')
        self._blends[name] = value[0]

    def _add_bone(self, values: list[Any]) -> None:
        name, numbers = _named(values, 7, BONE)
        if name in BONES:
            self._bones[name] = _matrix(numbers[3:])

    def _face(self) -> FaceValues:
        """The face of what was collected; a sender repeats all that it has."""
        shapes = {SPELLING[name.lower()]: value for name, value in self._blends.items()
                  if name.lower() in SPELLING}
        if not shapes:
            shapes = _from_presets(self._blends)
        self._blends = {}
        head = None
        if 'Head' in self._bones or 'Neck' in self._bones:
            turn = self._bones.get('Neck', np.eye(3)) @ self._bones.get('Head', np.eye(3))
            head = euler_angles_deg(turn)
        eyes = None
        if 'LeftEye' in self._bones and 'RightEye' in self._bones:
            left, right = (euler_angles_deg(self._bones[name]) for name in ('LeftEye', 'RightEye'))
            eyes = ((left[0], left[1]), (right[0], right[1]))
        return checked(FaceValues(shapes, head, eyes))


def messages(data: bytes) -> Iterator[tuple[str, list[Any]]]:
    """(address, values) of every message in a datagram; raises PacketError."""
    from pythonosc.osc_bundle import OscBundle
    from pythonosc.osc_message import OscMessage
    if len(data) > PACKET_BYTES:
        raise PacketError(f'{len(data)} bytes, at most {PACKET_BYTES} are taken')
    _check_nesting(data)
    try:
        if OscBundle.dgram_is_bundle(data):
            pending = list(OscBundle(data))
            while pending:
                content = pending.pop(0)
                if isinstance(content, OscBundle):
                    pending[:0] = list(content)
                else:
                    yield content.address, list(content)
        elif OscMessage.dgram_is_message(data):
            message = OscMessage(data)
            yield message.address, list(message)
        else:
            raise PacketError(f'neither message nor bundle: {shown(data, 20)}')
    except PacketError:
        raise
    except Exception as error:  # the library raises of what it stumbles over
        raise PacketError(f'no OSC: {shown(data, 20)}') from error


def encode(expression: Mapping[str, float], head_deg: Angles | None = None,
           eyes_deg: tuple[tuple[float, float], tuple[float, float]] | None = None) -> bytes:
    """A bundle of a face: all 52 blendshapes ("perfect sync"), bones, and that it is complete."""
    from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
    bundle = OscBundleBuilder(IMMEDIATELY)
    bundle.add_content(_message('/VMC/Ext/OK', 1))
    turns: dict[str, Angles] = {} if head_deg is None else {'Head': head_deg}
    for name, eye in zip(('LeftEye', 'RightEye'), eyes_deg or ()):
        turns[name] = (*eye, 0.0)
    for name, angles in turns.items():
        bundle.add_content(_message(BONE, name, 0.0, 0.0, 0.0, *_quaternion(angles)))
    for name in ARKIT:
        spelled = name[0].upper() + name[1:]
        bundle.add_content(_message(BLEND, spelled, float(expression.get(name, 0.0))))
    bundle.add_content(_message(APPLY))
    return bytes(bundle.build().dgram)


def _message(address: str, *values: str | float) -> Any:
    from pythonosc.osc_message_builder import OscMessageBuilder
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build()


def _check_nesting(data: bytes) -> None:
    """Refuses bundles within bundles that would exhaust the stack of the library."""
    if data.count(b'#bundle\0') > BUNDLES:
        raise PacketError(f'more than {BUNDLES} bundles in one packet')


def _named(values: list[Any], count: int, address: str) -> tuple[str, list[float]]:
    """Name and numbers of a message; raises PacketError."""
    name, numbers = (values[0] if values else None), values[1:]
    if not isinstance(name, str) or len(name) > NAME_LENGTH or len(numbers) != count or not all(
            isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
        raise PacketError(f'{address}: expected a name and {count} numbers, got '
                          f'{shown(values, 60)}')
    return name, [float(n) for n in numbers]


def _from_presets(blends: Mapping[str, float]) -> dict[str, float]:
    """ARKit's blendshapes for those of a VRM avatar."""
    shapes: dict[str, float] = {}
    for name, value in blends.items():
        for shape, share in PRESETS.get(name.lower(), {}).items():
            shapes[shape] = shapes.get(shape, 0.0) + share * value
    return shapes


# x of Unity's character points to its right, x of the image to the person's left.
_UNITY = np.diag([-1.0, 1.0, 1.0])


def _matrix(quaternion: list[float]) -> np.ndarray:
    """(3, 3) rotation in our axes of a bone's (x, y, z, w)."""
    length = math.sqrt(sum(part * part for part in quaternion))
    if not 0.5 < length < 2.0:
        raise PacketError(f'{BONE}: no rotation: {shown(quaternion, 60)}')
    x, y, z, w = (part / length for part in quaternion)
    unity = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
    turned: np.ndarray = _UNITY @ unity @ _UNITY
    return turned


def _quaternion(angles: Angles) -> tuple[float, float, float, float]:
    """Unity's (x, y, z, w) for angles in degrees."""
    m = _UNITY @ rotation(*angles) @ _UNITY
    w = 0.5 * math.sqrt(max(1.0 + m[0, 0] + m[1, 1] + m[2, 2], 1e-12))
    return ((m[2, 1] - m[1, 2]) / (4 * w), (m[0, 2] - m[2, 0]) / (4 * w),
            (m[1, 0] - m[0, 1]) / (4 * w), w)
