"""URDF of a robot: its controls as joints, its head as links, posed like the virtual face.

Joints have the names and the values of `joint_states`. A control that turns a rigid part by its own
value is the revolute joint of that part. Any other control is a *value joint*: a revolute joint of
a link without extent, whose position is the control's value; rigid parts that it moves follow as
mimic joints (`<muscle>_<joint>`), skin does not. Axes are those of REP-103: x forward out of the
face, y to the robot's left, z up; lengths in metres.
"""
from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ros_animate.face.virtual import anatomy, body
from ros_animate.face.virtual.muscle_handles import JAW_HINGE_CM, JAW_OPEN_DEG
from ros_animate.face.virtual.muscles import JAW_SHIFT_CM, JAW_TURN_DEG
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

BASE, HEAD, JAW, NECK = 'base_link', 'head', 'jaw', 'neck'
FACE = 'face'  # origin of the face mesh, in the middle of the face
EYES = ('left_eye', 'right_eye')
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
DEG = math.pi / 180


@dataclass(frozen=True)
class Axis:
    """One axis of a rigid part.

    Attributes:
        muscle: Muscle of the virtual face that moves the part.
        direction: Axis in REP-103.
        gain: Radians (metres for a slide) for one unit of the muscle.
        slides: True for a translation.
    """

    muscle: str
    direction: tuple[float, float, float]
    gain: float = DEG
    slides: bool = False


# Axes from the parent link to the part, as `muscles.Pose` composes them.
NECK_AXES = (Axis('neck_pitch', Y), Axis('neck_roll', X))
HEAD_AXES = (Axis('head_yaw', Z), Axis('head_pitch', Y), Axis('head_roll', X))
EYE_AXES = (Axis('gaze_azimuth', Z), Axis('gaze_elevation', (0.0, -1.0, 0.0)))
JAW_AXES = (Axis('jaw_sideways', Y, JAW_SHIFT_CM / 100, slides=True),
            Axis('jaw_sideways', Z, JAW_TURN_DEG * DEG), Axis('jaw_open', Y, JAW_OPEN_DEG * DEG))


@dataclass(frozen=True)
class Drive:
    """Linear map of a control to a muscle: muscle = slope * joint position + offset.

    Attributes:
        control: Index of the control.
        slope, offset: In units of the muscle; the joint's position is in SI units.
        is_exact: False where the map of the robot file is bent.
    """

    control: int
    slope: float
    offset: float
    is_exact: bool


@dataclass
class Urdf:
    """A URDF that is being written.

    Attributes:
        text: The finished document.
        bent: Controls whose map to a rigid part is bent: the joint follows it at neutral alone.
    """

    spec: RobotSpec
    meshes: str
    text: str = ''
    bent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._root = ET.Element('robot', name=self.spec.name.replace(' ', '_'))
        self._drives = drives(self.spec)
        self._driven: set[int] = set()
        self._links: set[str] = set()
        shape = np.asarray(FaceMap(self.spec).appearance.shape)
        top, base = body.NECK_TOP_CM, body.NECK_BASE_CM
        self._link(BASE, 'torso')
        self._part(BASE, NECK, NECK_AXES, np.zeros(3), 'neck')
        self._part(NECK, HEAD, HEAD_AXES, top - base, 'head')
        self._part(HEAD, JAW, JAW_AXES, JAW_HINGE_CM * shape - top, 'jaw')
        for eye, centre in zip(EYES, anatomy.canonical_anatomy().eyes, strict=True):
            self._part(HEAD, eye, EYE_AXES, centre * shape - top, 'eye')
        self._fixed(HEAD, FACE, -top)
        self._add_value_joints()
        self._root.insert(0, ET.Comment(f' {(__doc__ or "").strip()} '))
        ET.indent(self._root)
        self.text = ET.tostring(self._root, 'unicode', xml_declaration=True) + '\n'

    def _part(self, parent: str, link: str, axes: Sequence[Axis], offset_cm: Array,
              mesh: str) -> None:
        """Adds a rigid part with the joints that move it."""
        self._fixed(parent, f'{link}_mount', offset_cm)
        last = f'{link}_mount'
        for number, axis in enumerate(axes):
            for drive in self._drives.get(axis.muscle, ()):
                last = self._moving_joint(last, link, number, axis, drive)
        self._fixed(last, link, np.zeros(3), mesh)

    def _moving_joint(self, parent: str, link: str, number: int, axis: Axis, drive: Drive) -> str:
        """Adds a joint for a control and an axis; returns the name of its link."""
        control = self.spec.controls[drive.control]
        slope, offset = axis.gain * drive.slope, axis.gain * drive.offset
        is_direct = (not axis.slides and abs(slope - 1) < 1e-9 and abs(offset) < 1e-9
                     and drive.control not in self._driven)
        name = control.joint if is_direct else f'{link}_{axis.muscle}_{control.joint}' + (
            '_slide' if axis.slides else '')
        if not drive.is_exact and control.name not in self.bent:
            self.bent.append(control.name)
        joint = self._joint(name, 'prismatic' if axis.slides else 'revolute', parent,
                            f'{name}_link', np.zeros(3))
        ET.SubElement(joint, 'axis', xyz=_numbers(axis.direction))
        self._limit(joint, drive.control, slope, offset)
        if is_direct:
            self._driven.add(drive.control)
        else:
            ET.SubElement(joint, 'mimic', joint=control.joint, multiplier=_number(slope),
                          offset=_number(offset))
        return f'{name}_link'

    def _add_value_joints(self) -> None:
        """Adds a joint for each control that is no joint of a rigid part."""
        for index, control in enumerate(self.spec.controls):
            if index not in self._driven:
                joint = self._joint(control.joint, 'revolute', HEAD, f'{control.joint}_value',
                                    np.zeros(3))
                ET.SubElement(joint, 'axis', xyz=_numbers(Z))
                self._limit(joint, index, 1.0, 0.0)

    def _limit(self, joint: ET.Element, index: int, slope: float, offset: float) -> None:
        control, si = self.spec.controls[index], float(self.spec.si[index])
        ends = sorted(slope * end * si + offset for end in (control.low, control.high))
        ET.SubElement(joint, 'limit', lower=_number(ends[0]), upper=_number(ends[1]), effort='1',
                      velocity=_number(abs(slope) * control.max_velocity * si))

    def _fixed(self, parent: str, link: str, offset_cm: Array, mesh: str = '') -> None:
        self._joint(f'{link}_fixed', 'fixed', parent, link, offset_cm, mesh)

    def _joint(self, name: str, kind: str, parent: str, child: str, offset_cm: Array,
               mesh: str = '') -> ET.Element:
        """Adds a joint and its child link, `offset_cm` (3,) in the axes of the face."""
        self._link(child, mesh)
        joint = ET.SubElement(self._root, 'joint', name=name, type=kind)
        ET.SubElement(joint, 'parent', link=parent)
        ET.SubElement(joint, 'child', link=child)
        ET.SubElement(joint, 'origin', xyz=_numbers(rep103(offset_cm)), rpy='0 0 0')
        return joint

    def _link(self, name: str, mesh: str = '') -> None:
        link = ET.SubElement(self._root, 'link', name=name)
        if mesh:
            geometry = ET.SubElement(ET.SubElement(link, 'visual'), 'geometry')
            ET.SubElement(geometry, 'mesh', filename=f'{self.meshes}/{mesh}.obj')


def drives(spec: RobotSpec) -> dict[str, list[Drive]]:
    """The controls that move each muscle of the virtual face."""
    found: dict[str, list[Drive]] = {}
    for index, muscle, arguments, values in FaceMap(spec).curves:
        control, si = spec.controls[index], float(spec.si[index])
        slope = float(values[-1] - values[0]) / float(arguments[-1] - arguments[0])
        neutral = float(np.interp(control.neutral, arguments, values))
        line = neutral + slope * (arguments - control.neutral)
        found.setdefault(muscle, []).append(Drive(
            index, slope / si, neutral - slope * control.neutral,
            bool(np.allclose(line, values, atol=1e-9))))
    return found


def rep103(point_cm: Array) -> Array:
    """(…, 3) metres in REP-103 for cm in the axes of the face (x left, y up, z forward)."""
    return np.asarray(point_cm)[..., [2, 0, 1]] / 100


def _numbers(values: Sequence[float] | Array) -> str:
    return ' '.join(map(_number, values))


def _number(value: float) -> str:
    return f'{float(value):.10g}'
