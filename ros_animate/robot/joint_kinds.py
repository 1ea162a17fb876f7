"""Parts of a face that a joint's name can tell, with their limits, rig and virtual muscles."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SIDES = ('left', 'right')

# Limits of the groups, in degrees per second (and squared): what a micro servo with linkage and
# skin sustains.
GROUPS = {
    'brow': (350, 8000), 'lid': (450, 14000), 'gaze': (400, 12000), 'mouth': (350, 8000),
    'nose': (350, 8000), 'head': (180, 1500)}
OTHER_GROUP, OTHER_LIMITS = 'other', (180, 1500)


@dataclass(frozen=True)
class JointKind:
    """A part of the face that one joint moves, in degrees. {S} and {s} stand for the side.

    Attributes:
        pattern: Regular expression of the joint's words, joined by spaces, in lower case.
        group: Group of the control.
        span: (lower end, neutral, upper end).
        rig: Degrees per blendshape, or per degree of a head angle.
        face: Muscles at the lower end, at neutral and at the upper end.
        comment: Direction of the joint, for people.
        park: Value when the hardware is shut down; None for neutral.
    """

    pattern: str
    group: str
    span: tuple[float, float, float]
    rig: Mapping[str, float]
    face: Mapping[str, tuple[float, float, float]]
    comment: str
    park: float | None = None


def _gaze(axis: str) -> str:
    return rf'\b(eyes?|eyeballs?|gaze|pupils?)\b.*\b({axis})\b'


_PAN = 'pan|yaw|turn|x|horizontal|lr|phi|azimuth'
_TILT = 'tilt|pitch|nod|y|vertical|ud|theta|elevation'
_ROLL = 'roll|lean'
_LEFT_RIGHT = {'eyeLookOutLeft': 12.7, 'eyeLookInRight': 23.1, 'eyeLookOutRight': -12.7,
               'eyeLookInLeft': -23.1}
_UP_DOWN = {'eyeLookUpLeft': 14.9, 'eyeLookUpRight': 14.9, 'eyeLookDownLeft': -15.2,
            'eyeLookDownRight': -15.2}
# The first kind whose pattern is found in the name is taken.
KINDS: tuple[JointKind, ...] = (
    JointKind(r'\b(eye)?lids?\b.*\b(lower|bottom)\b|\b(lower|bottom)\b.*\b(eye)?lids?\b', 'lid',
              (-20, 0, 15), {'eyeSquint{S}': -12, 'eyeWide{S}': 10},
              {'eyelid_lower_{s}': (0, 1, 2)}, 'positive opens'),
    JointKind(r'\b(eye)?lids?\b|\bblink\b', 'lid', (0, 32, 45),
              {'eyeBlink{S}': -40, 'eyeWide{S}': 20, 'eyeLookUp{S}': 10, 'eyeLookDown{S}': -6},
              {'eyelid_upper_{s}': (0, 1, 1.6), 'eyelid_lower_{s}': (0.7, 1, 1)},
              '0 is closed, 32 open', park=0),
    JointKind(r'\b(eye)?brows?\b.*\binner\b|\binner\b.*\b(eye)?brows?\b', 'brow', (-20, 0, 20),
              {'browInnerUp': 20, 'browDown{S}': -26}, {'brow_inner_{s}': (-1, 0, 1)},
              'positive is up'),
    JointKind(r'\b(eye)?brows?\b.*\bouter\b|\bouter\b.*\b(eye)?brows?\b', 'brow', (-20, 0, 20),
              {'browOuterUp{S}': 26, 'browDown{S}': -26}, {'brow_outer_{s}': (-1, 0, 1)},
              'positive is up'),
    JointKind(r'\b(eye)?brows?\b|\bforehead\b', 'brow', (-20, 0, 20),
              {'browInnerUp': 14, 'browOuterUp{S}': 18, 'browDown{S}': -26},
              {'brow_inner_{s}': (-1, 0, 1), 'brow_outer_{s}': (-1, 0, 1)}, 'positive is up'),
    JointKind(_gaze(_TILT), 'gaze', (-20, 0, 20), _UP_DOWN, {'gaze_elevation': (-20, 0, 20)},
              'positive is up'),
    JointKind(rf'{_gaze(_PAN)}|\b(eyes?|eyeballs?|gaze|pupils?)\b', 'gaze', (-30, 0, 30),
              _LEFT_RIGHT, {'gaze_azimuth': (-30, 0, 30)}, "positive is the robot's left"),
    JointKind(rf'\bjaw\b.*\b({_PAN}|sideways)\b', 'mouth', (-10, 0, 10),
              {'jawLeft': 12, 'jawRight': -12}, {'jaw_sideways': (-1, 0, 1)},
              "positive is the robot's left"),
    JointKind(r'\b(smile|mouth corner|lip corner|corner)\b', 'mouth', (-15, 0, 25),
              {'mouthSmile{S}': 24, 'mouthStretch{S}': 10, 'mouthFrown{S}': -30,
               'mouthPucker': -10},
              {'lip_corner_raise_{s}': (-0.7, 0, 0.9), 'lip_corner_stretch_{s}': (-0.6, 0, 0.7)},
              'positive is up'),
    JointKind(r'\blips?\b.*\b(lower|bottom)\b|\b(lower|bottom)\b.*\blips?\b', 'mouth',
              (-10, 0, 15), {'mouthLowerDown{S}': 18, 'mouthRollLower': -10},
              {'lip_bottom_depress_{s}': (-0.7, 0, 1), 'lip_bottom_depress_middle': (-0.7, 0, 1)},
              'positive is down, and opens'),
    JointKind(r'\blips?\b', 'mouth', (-10, 0, 15), {'mouthUpperUp{S}': 18, 'mouthRollUpper': -10},
              {'lip_top_raise_{s}': (-0.7, 0, 1), 'lip_top_raise_middle': (-0.7, 0, 1)},
              'positive is up, and opens'),
    JointKind(r'\b(jaw|mouth|chin)\b', 'mouth', (0, 0, 25), {'jawOpen': 24, 'mouthClose': -24},
              {'jaw_open': (0, 0, 0.8)}, '0 is closed'),
    JointKind(r'\bcheeks?\b', 'mouth', (0, 0, 20), {'cheekSquint{S}': 20, 'mouthSmile{S}': 12},
              {'cheek_raise_{s}': (0, 0, 1)}, 'positive is up'),
    JointKind(r'\b(nose|sneer)\b', 'nose', (0, 0, 20),
              {'noseSneerLeft': 10, 'noseSneerRight': 10}, {'nose_wrinkle': (0, 0, 1)},
              'positive wrinkles it'),
    JointKind(rf'\bneck\b.*\b({_ROLL})\b', 'head', (-20, 0, 20), {'headRoll': 1.0},
              {'neck_roll': (-20, 0, 20)}, "positive is to the robot's right ear"),
    JointKind(rf'\bneck\b.*\b({_TILT})\b', 'head', (-25, 0, 25), {'headPitch': 1.15},
              {'neck_pitch': (-25, 0, 25)}, 'positive is down'),
    JointKind(rf'\b({_ROLL})\b', 'head', (-20, 0, 20), {'headRoll': 1.0},
              {'head_roll': (-20, 0, 20)}, "positive is to the robot's right ear"),
    JointKind(rf'\b({_TILT})\b', 'head', (-25, 0, 25), {'headPitch': 1.15},
              {'head_pitch': (-25, 0, 25)}, 'positive is down'),
    JointKind(rf'\b({_PAN}|neck|head)\b', 'head', (-60, 0, 60), {'headYaw': 1.15},
              {'head_yaw': (-60, 0, 60)}, "positive is the robot's left"),
)
UNKNOWN = JointKind('', OTHER_GROUP, (-30, 0, 30), {}, {},
                    'nothing could be told from its name: it stays at neutral')


@dataclass(frozen=True)
class Joint:
    """A joint of a new robot.

    Attributes:
        name: Name that the user gave.
        kind: Kind that its name tells.
        sides: 'left', 'right' or both.
        share: Part of the motion that it takes, if several joints make the same movement.
    """

    name: str
    kind: JointKind
    sides: tuple[str, ...]
    share: float = 1.0

    @property
    def is_known(self) -> bool:
        """True if its name tells what it moves."""
        return self.kind is not UNKNOWN

    @property
    def rig(self) -> dict[str, float]:
        """Its row of the rig. A joint that moves both sides takes the mean of both."""
        row = {}
        for feature, gain in self.kind.rig.items():
            sides = self.sides if '{S}' in feature else ('',)
            for side in sides:
                row[feature.format(S=side.capitalize())] = round(
                    self.share * gain / len(sides), 2)
        return row

    @property
    def face(self) -> dict[str, tuple[float, float, float]]:
        """Its muscles."""
        return {muscle.format(s=side): values for muscle, values in self.kind.face.items()
                for side in (self.sides if '{s}' in muscle else ('',))}


def recognised(names: Sequence[str]) -> list[Joint]:
    """The joints of these names. Those that make the same movement share it."""
    joints = [Joint(name, _kind(words), _sides(words))
              for name, words in ((name, words_of(name)) for name in names)]
    features = [frozenset(j.rig) for j in joints]
    return [Joint(j.name, j.kind, j.sides, 1 / features.count(own) if j.kind.group == 'head' else 1)
            for j, own in zip(joints, features)]


def words_of(name: str) -> str:
    """The words of a joint's name: 'HeadPan_L' to 'head pan l'."""
    parted = re.sub(r'(?<=[a-z0-9])(?=[A-Z])', ' ', name)
    return ' '.join(re.findall(r'[a-z]+|\d+', parted.lower()))


def _kind(words: str) -> JointKind:
    return next((kind for kind in KINDS if re.search(kind.pattern, words)), UNKNOWN)


def _sides(words: str) -> tuple[str, ...]:
    found = tuple(side for side in SIDES if re.search(rf'\b({side}|{side[0]})\b', words))
    return found or SIDES
