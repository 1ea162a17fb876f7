"""Packets of Live Link Face, Epic's app: UDP, big endian, 60 a second."""
from __future__ import annotations

import math
import struct

from ros_animate.errors import shown
from ros_animate.face.streams.values import ARKIT, FaceValues, PacketError, checked
from ros_animate.limits import NAME_LENGTH

PORT = 11111
VERSION = 6
ANGLES = ('headYaw', 'headPitch', 'headRoll', 'leftEyeYaw', 'leftEyePitch', 'leftEyeRoll',
          'rightEyeYaw', 'rightEyePitch', 'rightEyeRoll')
COUNT = len(ARKIT) + len(ANGLES)
_LENGTH = struct.Struct('>I')
_TIMING = struct.Struct('>ifiiB')


def _live_order() -> tuple[str, ...]:
    """Names of the blendshapes in a packet: left before right, also of jaw and mouth."""
    order = list(ARKIT)
    for name in ('jaw', 'mouth'):
        left, right = order.index(f'{name}Left'), order.index(f'{name}Right')
        order[left], order[right] = order[right], order[left]
    return tuple(order)


ORDER = (*_live_order(), *ANGLES)


def parse(data: bytes) -> FaceValues:
    """The face in a packet.

    The angles of eyes are positive to the person's right and down, yaw of the head to the left,
    its pitch up, its roll to the right ear, in radians.

    Raises:
        PacketError: It is no such packet.
    """
    if not data or data[0] != VERSION:
        raise PacketError(f'no packet of version {VERSION}: {shown(data, 20)}')
    _, at = _text(data, 1, 'device id')
    subject, at = _text(data, at, 'subject name')
    if len(data) < at + _TIMING.size:
        raise PacketError(f'cut off after {len(data)} bytes')
    frame, sub_frame, numerator, denominator, count = _TIMING.unpack_from(data, at)
    at += _TIMING.size
    if len(data) != at + 4 * count:
        raise PacketError(f'{len(data) - at} bytes for {count} values')
    time_s = _time_s(frame, sub_frame, numerator, denominator)
    if not count:
        return FaceValues(subject=subject, time_s=time_s, has_face=False)
    if count != COUNT:
        raise PacketError(f'{count} values, not {COUNT}')
    values = dict(zip(ORDER, struct.unpack_from(f'>{count}f', data, at)))
    return face_values(values, subject, time_s)


def face_values(values: dict[str, float], subject: str = '',
                time_s: float = math.nan) -> FaceValues:
    """The face for blendshapes and ANGLES in radians by name; raises PacketError."""
    deg = {name: math.degrees(values[name]) for name in ANGLES if name in values}
    head = eyes = None
    if all(f'head{axis}' in deg for axis in ('Yaw', 'Pitch', 'Roll')):
        head = (deg['headYaw'], -deg['headPitch'], deg['headRoll'])
    if all(f'{side}Eye{axis}' in deg for side in ('left', 'right') for axis in ('Yaw', 'Pitch')):
        eyes = ((-deg['leftEyeYaw'], deg['leftEyePitch']),
                (-deg['rightEyeYaw'], deg['rightEyePitch']))
    expression = {name: value for name, value in values.items() if name not in ANGLES}
    return checked(FaceValues(expression, head, eyes, None, subject, time_s))


def angle_values(face: FaceValues) -> dict[str, float]:
    """ANGLES in radians by name, those that are not known 0: the opposite of `face_values`."""
    yaw, pitch, roll = face.head_deg or (0.0, 0.0, 0.0)
    (left_yaw, left_pitch), (right_yaw, right_pitch) = face.eyes_deg or ((0.0, 0.0), (0.0, 0.0))
    degrees = (yaw, -pitch, roll, -left_yaw, left_pitch, 0.0, -right_yaw, right_pitch, 0.0)
    return dict(zip(ANGLES, map(math.radians, degrees)))


def encode(face: FaceValues, frame: int, rate: int = 60, device: str = 'ros_animate') -> bytes:
    """A packet of a face; blendshapes that it does not have are 0."""
    head = bytes([VERSION]) + b''.join(
        _LENGTH.pack(len(text)) + text for text in (device.encode(), face.subject.encode()))
    if not face.has_face:
        return head + _TIMING.pack(frame, 0.0, rate, 1, 0)
    values = {**dict.fromkeys(ORDER, 0.0), **face.expression, **angle_values(face)}
    return head + _TIMING.pack(frame, 0.0, rate, 1, COUNT) + struct.pack(
        f'>{COUNT}f', *(values[name] for name in ORDER))


def _text(data: bytes, at: int, what: str) -> tuple[str, int]:
    """A text with its length before it, and the place behind it."""
    if len(data) < at + _LENGTH.size:
        raise PacketError(f'cut off before the {what}')
    length, = _LENGTH.unpack_from(data, at)
    at += _LENGTH.size
    if length > NAME_LENGTH or len(data) < at + length:
        raise PacketError(f'a {what} of {length} bytes in a packet of {len(data)}')
    return data[at:at + length].decode('utf-8', 'replace'), at + length


def _time_s(frame: int, sub_frame: float, numerator: int, denominator: int) -> float:
    """Time of a frame on the phone, NaN if its rate is impossible."""
    if numerator <= 0 or denominator <= 0 or not math.isfinite(sub_frame):
        return math.nan
    return (frame + sub_frame) * denominator / numerator
