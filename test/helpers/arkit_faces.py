"""Faces in ARKit's terms for tests: moving ones, and the formats that carry them."""
from __future__ import annotations

import math

from ros_animate.face.streams.live_link_face import COUNT, ORDER
from ros_animate.face.streams.take import take_header, take_row
from ros_animate.face.streams.values import ARKIT, FaceValues

NAMES = ORDER[:len(ARKIT)]


def moving_face(time_s: float, subject: str = 'phone') -> FaceValues:
    """A face that smiles, blinks, raises its brows, opens its mouth and turns, each in its time."""
    def wave(rate: float) -> float:
        return 0.5 - 0.5 * math.cos(2 * math.pi * rate * time_s)
    expression = dict.fromkeys(ARKIT, 0.0)
    for name, rate in (('mouthSmile', 0.31), ('eyeBlink', 0.43), ('browDown', 0.17),
                       ('noseSneer', 0.23)):
        expression.update({f'{name}Left': 0.8 * wave(rate), f'{name}Right': 0.8 * wave(rate)})
    expression.update(browInnerUp=0.8 * wave(0.37), jawOpen=0.7 * wave(0.29),
                      eyeLookOutLeft=0.6 * wave(0.19), eyeLookInRight=0.6 * wave(0.19))
    head = (15.0 * math.sin(time_s), 8.0 * math.sin(0.7 * time_s), 6.0 * math.sin(0.9 * time_s))
    return FaceValues(expression, head, ((5.0, -2.0), (5.0, -2.0)), None, subject)


def take_text(faces: list[FaceValues], fps: float = 60.0) -> str:
    """A take as the app writes it."""
    rows = [take_header(), *(take_row(36_000 + i / fps, face) for i, face in enumerate(faces))]
    return '\n'.join(','.join(row) for row in rows) + '\n'


def ifacialmocap_text(face: FaceValues, sign: str = '-') -> bytes:
    """A frame of iFacialMocap (`-`) or Facemotion3D (`&`)."""
    def spelled(name: str) -> str:
        if sign == '-':
            for side in ('Left', 'Right'):
                if name.endswith(side) and name not in ('jawLeft', 'jawRight', 'mouthLeft',
                                                        'mouthRight'):
                    return name.removesuffix(side) + f'_{side[0]}'
        return name
    yaw, pitch, roll = face.head_deg or (0.0, 0.0, 0.0)
    parts = [f'{spelled(name)}{sign}{round(100 * value)}'
             for name, value in face.expression.items()]
    left, right = face.eyes_deg or ((0.0, 0.0), (0.0, 0.0))
    parts += [f'=head#{pitch},{yaw},{roll},0.0,0.0,-0.5', f'rightEye#{right[1]},{right[0]},0.0',
              f'leftEye#{left[1]},{left[0]},0.0']
    return ('|'.join(parts) + '|').encode()


__all__ = ['COUNT', 'NAMES', 'ifacialmocap_text', 'moving_face', 'take_text']
