"""Frames of iFacialMocap and Facemotion3D, apps for phones: text over UDP or TCP."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from ros_animate.errors import shown
from ros_animate.face.streams.values import (
    SPELLING,
    Angles,
    FaceValues,
    PacketError,
    checked,
)

FRAME_BYTES = 16_384  # a frame has about 1,200
PARTS = 500
SEPARATOR = b'___iFacialMocap'  # behind each frame over TCP


@dataclass(frozen=True)
class App:
    """One of the apps.

    Attributes:
        port: UDP port of the phone, and ours.
        tcp_port: TCP port at which the phone listens; 0 for none.
        start: Text that makes the phone send.
    """

    port: int
    tcp_port: int
    start: bytes


APPS = {
    'ifacialmocap': App(49983, 49896, b'iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719'),
    'facemotion3d': App(49993, 0, b'FACEMOTION3D_OtherStreaming')}


def parse(data: bytes) -> FaceValues:
    """The face in a frame of either app.

    The angles are positive to the person's left, down and to the right ear. Facemotion3D has `&`
    between name and value, and values that begin with FM_, which are ignored.

    Raises:
        PacketError: It is no such frame.
    """
    if len(data) > FRAME_BYTES:
        raise PacketError(f'{len(data)} bytes, at most {FRAME_BYTES} are taken')
    try:
        parts = data.decode('ascii').strip().split('|', PARTS)
    except UnicodeDecodeError as error:
        raise PacketError(f'no text: {shown(data, 20)}') from error
    if len(parts) > PARTS:
        raise PacketError(f'more than {PARTS} values')
    face = FaceValues()
    for part in filter(None, parts):
        face = _with_part(face, part)
    if not face.expression:
        raise PacketError(f'no blendshapes: {shown(data, 40)}')
    return checked(face)


class FrameSplitter:
    """Cuts a stream of bytes (TCP) into frames; what is longer than a frame is dropped.

    Attributes:
        dropped: Number of parts that were too long to be a frame.
    """

    def __init__(self) -> None:
        self._rest = b''
        self.dropped = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yields the frames that are complete after `data`."""
        *frames, self._rest = (self._rest + data).split(SEPARATOR)
        yield from filter(None, frames)
        if len(self._rest) > FRAME_BYTES:
            # The end may be the beginning of a separator.
            self._rest = self._rest[-len(SEPARATOR):]
            self.dropped += 1


def _with_part(face: FaceValues, part: str) -> FaceValues:
    """The face with one part of a frame; parts of unknown names are ignored."""
    if '#' in part:
        name, _, text = part.partition('#')
        return _with_angles(face, name.lstrip('='), text)
    for sign in ('&', '-'):
        name, found, text = part.partition(sign)
        if found:
            spelled = _spelled(name)
            if spelled is None:
                return face
            expression = {**face.expression, spelled: _number(text) / 100.0}
            return dataclasses.replace(face, expression=expression)
    return face


def _with_angles(face: FaceValues, name: str, text: str) -> FaceValues:
    if name not in ('head', 'leftEye', 'rightEye'):
        return face
    numbers = [_number(item) for item in text.split(',', 8)]
    if len(numbers) < 3:
        raise PacketError(f'{name}: expected three angles, got {shown(text, 40)}')
    x, y, z = numbers[:3]
    if name == 'head':
        head: Angles = (y, x, z)
        place = (numbers[3], numbers[4], numbers[5]) if len(numbers) >= 6 else None
        return dataclasses.replace(face, head_deg=head, translation=place)
    left, right = face.eyes_deg or ((0.0, 0.0), (0.0, 0.0))
    return dataclasses.replace(
        face, eyes_deg=((y, x), right) if name == 'leftEye' else (left, (y, x)))


def _spelled(name: str) -> str | None:
    """ARKit's name for `mouthSmile_R` or `mouthSmileRight`, None if there is none."""
    for short, side in (('_L', 'Left'), ('_R', 'Right')):
        if name.endswith(short):
            name = name.removesuffix(short) + side
    return SPELLING.get(name.lower())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise PacketError(f'{shown(text, 40)} is not a number') from error
