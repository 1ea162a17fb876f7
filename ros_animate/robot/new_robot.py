"""Robot files for a new robot, from the names of its joints or from another description."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import shown
from ros_animate.limits import NAME_LENGTH
from ros_animate.robot.joint_kinds import (
    GROUPS,
    OTHER_GROUP,
    OTHER_LIMITS,
    Joint,
    recognised,
    words_of,
)
from ros_animate.robot.reader import is_file_name, is_name

WIDTH = 100  # of a line of the file
HEAD = """\
# {title}. Written by `ros_animate robots new`: ranges, limits and directions are guesses.
# Every key: docs/bring_your_own_robot.md. After each change: `ros_animate robots check FILE`.
name: {name}
title: {title}
# The virtual face. For motors on a ros2_control system:
#   transport: joint_trajectory
#   options: {{controller: /head_controller}}
transport: mock

# What the joints of a part sustain for hours, in degrees per second and per second squared.
groups:
"""
CONTROLS = """
# In the robot's index order. range: what the linkage allows. neutral: the relaxed face. Values in
# degrees; for others leave `unit` out. `park`: where it goes when the hardware is shut down.
controls:
"""
RIG = """
# What moves each joint: degrees for a blendshape of the tracker at its full strength, and for one
# degree of the person's head. A negative number turns the direction round.
rig:
  baseline:                # a relaxed face; those that are not named: 0
    eyeBlinkLeft: 0.05
    eyeBlinkRight: 0.05
    eyeLookDownLeft: 0.11
    eyeLookDownRight: 0.11
    eyeSquintLeft: 0.35
    eyeSquintRight: 0.35
  controls:
"""
FACE = """
# What each joint does to the virtual face (`transport: mock`, and every offline run): muscles at
# the lower end of the range, at neutral and at the upper end.
face:
  controls:
"""


def robot_file(name: str, joints: Sequence[str]) -> str:
    """Text of a commented robot file with rig and face, as far as the joints' names tell them.

    Raises:
        ConfigurationError: A name that cannot be used, or two joints that differ by no letter or
            digit.
    """
    _check_names(name, joints)
    found = recognised(joints)
    used = [group for group in (*GROUPS, OTHER_GROUP) if any(j.kind.group == group for j in found)]
    count = f'{len(found)} joint{"s" if len(found) > 1 else ""}'
    parts = [HEAD.format(name=_text(name), title=_text(f'{name} with {count}'))]
    parts += [_group_line(group) for group in used]
    parts += [CONTROLS, *map(_control_lines, found)]
    parts += [RIG, *_rows((j.name, j.rig) for j in found)]
    parts += [FACE, *_rows((j.name, {m: list(v) for m, v in j.face.items()}) for j in found)]
    return ''.join(parts)


def renamed_file(text: str, name: str) -> str:
    """Text of another robot's file under a new name; its comments stay.

    Raises:
        ConfigurationError: A name that cannot be used.
    """
    _check_names(name, ())
    return re.sub(r'^name:.*$', lambda _: f'name: {_text(name)}', text, count=1, flags=re.MULTILINE)


def unknown_joints(joints: Sequence[str]) -> list[str]:
    """The joints whose names do not tell what they move."""
    return [joint.name for joint in recognised(joints) if not joint.is_known]


def _check_names(robot: str, joints: Sequence[str]) -> None:
    if not is_file_name(robot):
        raise ConfigurationError(f'{shown(robot)} is not a name of a robot: expected letters, '
                                 'digits, blanks and _ . - + ( ), a letter or digit first')
    names: dict[str, str] = {}
    for joint in joints:
        words = words_of(joint)
        if not words or not is_name(joint):
            raise ConfigurationError('a joint has a name with letters or digits, of at most '
                                     f'{NAME_LENGTH} characters, got {shown(joint)}')
        if words in names:
            raise ConfigurationError(f'two joints have the same name: {shown(names[words])} and '
                                     f'{shown(joint)}')
        names[words] = joint


def _group_line(group: str) -> str:
    velocity, acceleration = GROUPS.get(group, OTHER_LIMITS)
    return f'  {group}: {{max_velocity: {velocity}, max_acceleration: {acceleration}}}\n'


def _control_lines(joint: Joint) -> str:
    """Comment and control of a joint."""
    low, neutral, high = joint.kind.span
    park = '' if joint.kind.park is None else f', park: {joint.kind.park:g}'
    return (f'  # {joint.kind.comment}\n'
            f'  - {{name: {_text(joint.name)}, range: [{low:g}, {high:g}], neutral: {neutral:g}'
            f'{park}, unit: deg, group: {joint.kind.group}}}\n')


def _rows(rows: Iterator[tuple[str, Mapping[str, object]]]) -> Iterator[str]:
    """Lines of a part that has a row for each joint."""
    for name, row in rows:
        items = [f'{key}: {json.dumps(value)}' for key, value in row.items()]
        yield from _wrapped(f'    {_text(name)}: {{', items)


def _wrapped(start: str, items: Sequence[str]) -> Iterator[str]:
    """A flow mapping on as many lines as it needs."""
    line = start
    for number, item in enumerate(items):
        end = '}' if number == len(items) - 1 else ','
        if len(line) + len(item) + 2 > WIDTH:
            yield line.rstrip() + '\n'
            line = '      '
        line += f'{item}{end} '
    yield (line.rstrip() if items else f'{line}}}') + '\n'


def _text(value: str) -> str:
    """A text as YAML that may stand inside braces."""
    is_plain = re.fullmatch(r'\w[\w ()/.+-]*', value, re.ASCII) and yaml.safe_load(value) == value
    return value if is_plain else json.dumps(value, ensure_ascii=False)
