"""Reader of robot files: YAML to RobotSpec, reporting all mistakes at once, each by its line."""
from __future__ import annotations

import contextlib
import dataclasses
import math
import pathlib
import re
from collections.abc import Callable, Collection
from typing import Any

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.documents import DocumentError, read_text
from ros_animate.errors import shown
from ros_animate.limits import CONTROLS, MISTAKES, NAME_LENGTH
from ros_animate.robot.coupled_limits import coupling_mistake
from ros_animate.robot.located_yaml import LocatedMapping, LocatedSequence, load_located
from ros_animate.robot.mistakes import is_number
from ros_animate.robot.rig import drive_noise
from ros_animate.robot.sections import section_mistakes
from ros_animate.robot.spec import SI, Control, CoupledLimit, RobotSpec

KEYS = {'name', 'title', 'transport', 'groups', 'controls', 'coupled', 'rig', 'face', 'options'}
GROUP_KEYS = {'max_velocity', 'max_acceleration', 'jitter', 'delay_s'}
LONGEST_DELAY_S = 0.5  # of an actuator: nobody's face can be foreseen for longer
DEFAULT_JITTER = (0.001, 0.01)  # least and greatest part of the range
GREATEST_JITTER_DEG = 0.4  # of an angle: a tracked head is no noisier, however far a joint turns
CONTROL_KEYS = {'name', 'joint', 'range', 'neutral', 'park', 'unit', 'group', *GROUP_KEYS}
COUPLED_KEYS = {'limiting', 'limited', 'side', 'map'}


def read_spec(path: pathlib.Path, transport: str | None = None) -> RobotSpec:
    """The robot of a file; raises ConfigurationError with all mistakes, a line each.

    Args:
        path: The YAML file.
        transport: Replaces the file's transport.
    """
    spec, mistakes = check_spec(path)
    if spec is None or mistakes:
        raise ConfigurationError('\n'.join(mistakes))
    if transport is None:
        return spec
    return RobotSpec(spec.name, spec.title, transport, spec.controls, spec.coupled, spec.rig,
                     spec.face, spec.options if transport == spec.transport else {})


def check_spec(path: pathlib.Path, *, sections: bool = False
               ) -> tuple[RobotSpec | None, list[str]]:
    """Checks a robot file: (the robot or None, 'file:line: mistake' for every mistake).

    Args:
        path: The YAML file.
        sections: Also check the parts that only single stages read: rig, face, transport and
            its options.
    """
    try:
        text = read_text(path)
    except DocumentError as error:
        return None, [f'cannot read {path}: {error}']
    try:
        content = load_located(text)
    except DocumentError as error:
        return None, [f'{path}:{error.line or 1}: {error}']
    if not isinstance(content, LocatedMapping):
        return None, [f'{path}:1: a robot file holds keys and values']
    reader = _Reader(content, sections)
    spec = None
    with contextlib.suppress(_TooManyMistakesError):
        spec = reader.robot()
    mistakes = [f'{path}:{line}: {text}' for line, text in sorted(set(reader.mistakes))]
    return (None if mistakes else spec), mistakes


class _TooManyMistakesError(Exception):
    """Further mistakes would not help anybody."""


class _Reader:
    """Reads the content of a file and collects its mistakes."""

    def __init__(self, content: LocatedMapping, sections: bool) -> None:
        self._content, self._sections = content, sections
        self.mistakes: list[tuple[int, str]] = []

    def robot(self) -> RobotSpec | None:
        """The robot; only meaningful if there are no mistakes, None if it cannot be built."""
        content = self._content
        self._check_keys(content, KEYS, 'robot file')
        name = self._name(content, 'name', is_file_name)
        title = self._text(content, 'title', default=name)
        transport = self._text(content, 'transport', default='mock')
        before = len(self.mistakes)
        groups = self._groups()
        controls = [c for item in self._items('controls') if (c := self._control(item, groups))]
        if not controls and len(self.mistakes) == before:
            self._report(content.line, 'a robot needs `controls`: a list of at least one')
        self._check_unique(controls)
        known = {c.name: c for c in controls if c.name}
        coupled = [limit for item in self._items('coupled')
                   if (limit := self._coupled(item, known))]
        is_complete = len(self.mistakes) == before
        if self._sections:
            self._check_sections(known)
        sections = {key: self._mapping(content, key) for key in ('rig', 'face', 'options')}
        if not is_complete:
            return None
        spec = RobotSpec(name, title, transport, tuple(controls), tuple(coupled), **sections)
        self._check_coupling(spec)
        return spec

    def _check_sections(self, controls: Collection[str]) -> None:
        """Checks the sections that only single stages read."""
        for mapping, key, text in section_mistakes(self._content, controls):
            assert isinstance(mapping, LocatedMapping)
            self._report(mapping.lines[key], text)

    def _report(self, line: int, text: str) -> None:
        self.mistakes.append((line, text))
        if len(self.mistakes) >= MISTAKES:
            raise _TooManyMistakesError

    def _check_keys(self, mapping: LocatedMapping, keys: set[str], place: str) -> None:
        for key in mapping:
            if key not in keys:
                self._report(mapping.lines[key],
                            f'{place}: unknown key {shown(key)}; {suggest(key, keys)}')

    def _items(self, key: str) -> list[LocatedMapping]:
        """The mappings in a list of the file; other items are mistakes."""
        value = self._content.get(key)
        if not isinstance(value, LocatedSequence):
            if value is not None:
                self._report(self._content.lines[key],
                             f'{key}: expected a list, got {shown(value)}')
            return []
        if len(value) > CONTROLS:
            self._report(self._content.lines[key],
                         f'{key}: {len(value)} items, at most {CONTROLS} are allowed')
            return []
        for item, line in zip(value, value.lines, strict=True):
            if not isinstance(item, LocatedMapping):
                self._report(line, f'{key}: expected keys and values, got {shown(item)}')
        return [item for item in value if isinstance(item, LocatedMapping)]

    def _mapping(self, mapping: LocatedMapping, key: str) -> dict[str, Any]:
        value = mapping.get(key)
        if value is None:
            return {}
        if not isinstance(value, LocatedMapping):
            self._report(mapping.lines[key], f'{key}: expected keys and values, got {shown(value)}')
            return {}
        return value

    def _text(self, mapping: LocatedMapping, key: str, default: str | None = None) -> str:
        value = mapping.get(key, default)
        if isinstance(value, str) and value.strip():
            return value
        if key in mapping:
            self._report(mapping.lines[key], f'{key}: expected a text, got {shown(value)}')
        elif default is None:
            self._report(mapping.line, f'`{key}` is missing')
        return ''

    def _name(self, mapping: LocatedMapping, key: str, is_valid: Callable[[str], bool]) -> str:
        name = self._text(mapping, key)
        if name and not is_valid(name):
            expected = 'letters, digits, blanks and _ . - + ( ), a letter or digit first'
            self._report(mapping.lines[key], f'{key}: {shown(name)} is not a name: expected at '
                         f'most {NAME_LENGTH} characters'
                         + (f': {expected}' if is_valid is is_file_name else ' of one line'))
        return name

    def _number(self, mapping: LocatedMapping, key: str, default: float | None = None, *,
                positive: bool = False) -> float:
        """A finite number; NaN stands for one that is wrong (and reported)."""
        if key not in mapping:
            if default is None:
                self._report(mapping.line, f'`{key}` is missing{self._place(mapping)}')
            return math.nan if default is None else default
        value = mapping[key]
        if not is_number(value):
            self._report(mapping.lines[key], f'{key}: expected a number, got {shown(value)}')
        elif positive and not value > 0:
            self._report(mapping.lines[key], f'{key}: must be > 0, got {shown(value)}')
        else:
            return float(value)
        return math.nan

    @staticmethod
    def _place(mapping: LocatedMapping) -> str:
        return f' in control {shown(mapping["name"])}' if 'name' in mapping else ''

    def _groups(self) -> dict[str, dict[str, float]]:
        groups = {}
        for name, values in self._mapping(self._content, 'groups').items():
            if not isinstance(values, LocatedMapping):
                line = self._content['groups'].lines[name]
                self._report(line, f'group {shown(name)}: expected keys and values, '
                                   f'got {shown(values)}')
                continue
            self._check_keys(values, GROUP_KEYS, f'group {shown(name)}')
            groups[name] = {key: self._number(values, key, positive=key != 'delay_s')
                            for key in values if key in GROUP_KEYS}
            self._check_delay(values)
        return groups

    def _control(self, item: LocatedMapping, groups: dict[str, dict[str, float]]) -> Control:
        self._check_keys(item, CONTROL_KEYS, f'control {shown(item.get("name"))}')
        name = self._name(item, 'name', is_name)
        low, high = self._range(item)
        neutral = self._number_in_range(item, 'neutral', low, high)
        park = self._number_in_range(item, 'park', low, high) if 'park' in item else neutral
        group = self._group(item, groups)
        limits = groups.get(group, {})
        velocity, acceleration = (
            self._number(item, key, limits.get(key), positive=True)
            for key in ('max_velocity', 'max_acceleration'))
        unit = self._unit(item)
        control = Control(name, self._joint(item, name), group, unit, low, high, neutral, park,
                          velocity, acceleration, math.nan)
        jitter = self._number(item, 'jitter', limits.get('jitter', self._default_jitter(control)),
                              positive=True)
        delay_s = self._number(item, 'delay_s', limits.get('delay_s', 0.0))
        self._check_delay(item)
        return dataclasses.replace(control, jitter=jitter, delay_s=delay_s)

    def _check_delay(self, mapping: LocatedMapping) -> None:
        value: Any = mapping.get('delay_s')
        if is_number(value) and not 0 <= value <= LONGEST_DELAY_S:
            self._report(mapping.lines['delay_s'], f'delay_s: must be between 0 and '
                                                   f'{LONGEST_DELAY_S:g}, got {shown(value)}')

    def _default_jitter(self, control: Control) -> float:
        """Noise of a control by what drives it: a wide range alone makes nothing restless."""
        least, greatest = (share * (control.high - control.low) for share in DEFAULT_JITTER)
        if control.unit:
            greatest = min(greatest, math.radians(GREATEST_JITTER_DEG) / SI[control.unit])
        reach = 1.0 if control.unit == 'deg' else max(control.high - control.neutral,
                                                      control.neutral - control.low)
        noise = reach * drive_noise(self._content.get('rig'), control.name)
        return min(max(noise, least), greatest) if noise else greatest

    def _joint(self, item: LocatedMapping, name: str) -> str:
        joint = self._text(item, 'joint', default=snake_case(name) or 'joint')
        if joint != snake_case(joint):
            self._report(item.lines['joint'], f'joint: {shown(joint)} is not a name of a ROS '
                                              f'joint; write {shown(snake_case(joint))}')
        return joint

    def _group(self, item: LocatedMapping, groups: Collection[str]) -> str:
        group = self._name(item, 'group', is_name)
        if group and groups and group not in groups:
            self._report(item.lines['group'],
                         f'unknown group {shown(group)}; {suggest(group, groups)}')
        return group

    def _unit(self, item: LocatedMapping) -> str:
        unit = item.get('unit', '')
        if not isinstance(unit, str) or unit not in SI:
            self._report(item.lines['unit'], f'unknown unit {shown(unit)}; '
                                             f'choices: {", ".join(repr(u) for u in SI)}')
            return ''
        return unit

    def _range(self, item: LocatedMapping) -> tuple[float, float]:
        value = item.get('range')
        if value is None:
            self._report(item.line, f'`range` is missing{self._place(item)}')
        elif not (isinstance(value, list) and len(value) == 2 and all(map(is_number, value))):
            self._report(item.lines['range'], f'range: expected [low, high], got {shown(value)}')
        elif not value[0] < value[1]:
            self._report(item.lines['range'], f'range: {value[0]} is not below {value[1]}')
        else:
            return float(value[0]), float(value[1])
        return math.nan, math.nan

    def _number_in_range(self, item: LocatedMapping, key: str, low: float, high: float) -> float:
        value = self._number(item, key)
        if value < low or value > high:
            self._report(item.lines.get(key, item.line),
                         f'{key}: {value:g} is outside the range {low:g} to {high:g}')
        return value

    def _check_unique(self, controls: list[Control]) -> None:
        items = self._items('controls')
        for attribute in ('name', 'joint'):
            values: set[str] = set()
            for control, item in zip(controls, items):
                value = getattr(control, attribute)
                if value and value in values:
                    self._report(item.lines.get(attribute, item.line),
                                f'{attribute} {shown(value)} is given to two controls')
                values.add(value)

    def _coupled(self, item: LocatedMapping, controls: Collection[str]) -> CoupledLimit | None:
        before = len(self.mistakes)
        self._check_keys(item, COUPLED_KEYS, 'coupled limit')
        weights = self._weights(item)
        limited = self._text(item, 'limited')
        for name in [*(name for name, _ in weights), *([limited] if limited else [])]:
            if name not in controls:
                self._report(item.line, f'coupled limit: there is no control {shown(name)}; '
                                        f'{suggest(name, controls)}')
        side: Any = item.get('side')
        if side not in ('lower', 'upper'):
            self._report(item.lines.get('side', item.line),
                         f"side: expected 'lower' or 'upper', got {shown(side)}")
        points = self._points(item)
        if len(self.mistakes) > before:
            return None
        return CoupledLimit(weights, limited, side, points)

    def _weights(self, item: LocatedMapping) -> tuple[tuple[str, float], ...]:
        """(name, weight) of the limiting controls; NaN stands for a wrong weight."""
        limiting = self._mapping(item, 'limiting')
        if not limiting:
            self._report(item.line, '`limiting` is missing: control names and weights')
        for name, weight in limiting.items():
            if not is_number(weight):
                self._report(item.lines['limiting'],
                             f'weight of {shown(name)}: expected a number, got {shown(weight)}')
        return tuple((name, float(weight) if is_number(weight) else math.nan)
                     for name, weight in limiting.items())

    def _points(self, item: LocatedMapping) -> tuple[tuple[float, float], ...]:
        value: Any = item.get('map')
        if not (isinstance(value, list) and len(value) >= 2 and all(
                isinstance(p, list) and len(p) == 2 and all(map(is_number, p)) for p in value)):
            self._report(item.lines.get('map', item.line),
                         f'map: expected [[argument, limit], …], got {shown(value)}')
            return ()
        if any(b[0] <= a[0] for a, b in zip(value, value[1:])):
            self._report(item.lines['map'], 'map: the arguments must increase')
        return tuple((float(x), float(y)) for x, y in value)

    def _check_coupling(self, spec: RobotSpec) -> None:
        for item, limit in zip(self._items('coupled'), spec.coupled):
            mistake = coupling_mistake(spec, limit)
            if mistake:
                self._report(item.line, f'coupled limit of {limit.limited!r}: {mistake}')


def is_name(text: str) -> bool:
    """True for a text that may name a control or a group."""
    return len(text) <= NAME_LENGTH and text.isprintable()


def is_file_name(text: str) -> bool:
    """True for a text that may name a robot: a part of the names of its state files."""
    return is_name(text) and re.fullmatch(r'[^\W_][\w .+()-]*', text) is not None


def snake_case(name: str) -> str:
    """'Brow Inner Left' to 'brow_inner_left'."""
    return re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')
