"""Reader of robot files: YAML to RobotSpec, reporting all mistakes at once, each by its line."""
from __future__ import annotations

import math
import pathlib
import re
from collections.abc import Collection
from typing import Any

import yaml

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.robot.coupled_limits import coupling_mistake
from ros_animate.robot.located_yaml import LocatedMapping, LocatedSequence, load_located
from ros_animate.robot.sections import section_mistakes
from ros_animate.robot.spec import SI, Control, CoupledLimit, RobotSpec

KEYS = {'name', 'title', 'transport', 'groups', 'controls', 'coupled', 'rig', 'face', 'options'}
GROUP_KEYS = {'max_velocity', 'max_acceleration', 'jitter'}
DEFAULT_JITTER = 0.01  # part of the range
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
        content = load_located(path.read_text(encoding='utf-8'))
    except OSError as error:
        return None, [f'cannot read {path}: {error.strerror}']
    except UnicodeDecodeError as error:
        return None, [f'{path}: not UTF-8 text: {error}']
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, [f'{path}:{line}: {error.problem or error.context}']
    except yaml.YAMLError as error:
        return None, [f'{path}: {error}']
    if not isinstance(content, LocatedMapping):
        return None, [f'{path}:1: a robot file holds keys and values']
    reader = _Reader(content, sections)
    spec = reader.robot()
    mistakes = [f'{path}:{line}: {text}' for line, text in sorted(set(reader.mistakes))]
    return (None if mistakes else spec), mistakes


class _Reader:
    """Reads the content of a file and collects its mistakes."""

    def __init__(self, content: LocatedMapping, sections: bool) -> None:
        self._content, self._sections = content, sections
        self.mistakes: list[tuple[int, str]] = []

    def robot(self) -> RobotSpec | None:
        """The robot; only meaningful if there are no mistakes, None if it cannot be built."""
        content = self._content
        self._check_keys(content, KEYS, 'robot file')
        name = self._text(content, 'name')
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

    def _check_keys(self, mapping: LocatedMapping, keys: set[str], place: str) -> None:
        for key in mapping:
            if key not in keys:
                self._report(mapping.lines[key],
                            f'{place}: unknown key {key!r}; {suggest(str(key), keys)}')

    def _items(self, key: str) -> list[LocatedMapping]:
        """The mappings in a list of the file; other items are mistakes."""
        value = self._content.get(key)
        if not isinstance(value, LocatedSequence):
            if value is not None:
                self._report(self._content.lines[key], f'{key}: expected a list, got {value!r}')
            return []
        for item, line in zip(value, value.lines, strict=True):
            if not isinstance(item, LocatedMapping):
                self._report(line, f'{key}: expected keys and values, got {item!r}')
        return [item for item in value if isinstance(item, LocatedMapping)]

    def _mapping(self, mapping: LocatedMapping, key: str) -> dict[str, Any]:
        value = mapping.get(key)
        if value is None:
            return {}
        if not isinstance(value, LocatedMapping):
            self._report(mapping.lines[key], f'{key}: expected keys and values, got {value!r}')
            return {}
        return value

    def _text(self, mapping: LocatedMapping, key: str, default: str | None = None) -> str:
        value = mapping.get(key, default)
        if isinstance(value, str) and value.strip():
            return value
        if key in mapping:
            self._report(mapping.lines[key], f'{key}: expected a text, got {value!r}')
        elif default is None:
            self._report(mapping.line, f'`{key}` is missing')
        return ''

    def _number(self, mapping: LocatedMapping, key: str, default: float | None = None, *,
                positive: bool = False) -> float:
        """A finite number; NaN stands for one that is wrong (and reported)."""
        if key not in mapping:
            if default is None:
                self._report(mapping.line, f'`{key}` is missing{self._place(mapping)}')
            return math.nan if default is None else default
        value = mapping[key]
        if not _is_number(value):
            self._report(mapping.lines[key], f'{key}: expected a number, got {value!r}')
        elif positive and not value > 0:
            self._report(mapping.lines[key], f'{key}: must be > 0, got {value!r}')
        else:
            return float(value)
        return math.nan

    @staticmethod
    def _place(mapping: LocatedMapping) -> str:
        return f' in control {mapping["name"]!r}' if 'name' in mapping else ''

    def _groups(self) -> dict[str, dict[str, float]]:
        groups = {}
        for name, values in self._mapping(self._content, 'groups').items():
            if not isinstance(values, LocatedMapping):
                line = self._content['groups'].lines[name]
                self._report(line, f'group {name!r}: expected keys and values, got {values!r}')
                continue
            self._check_keys(values, GROUP_KEYS, f'group {name!r}')
            groups[name] = {key: self._number(values, key, positive=True)
                            for key in values if key in GROUP_KEYS}
        return groups

    def _control(self, item: LocatedMapping, groups: dict[str, dict[str, float]]) -> Control:
        self._check_keys(item, CONTROL_KEYS, f'control {item.get("name")!r}')
        name = self._text(item, 'name')
        low, high = self._range(item)
        neutral = self._number_in_range(item, 'neutral', low, high)
        park = self._number_in_range(item, 'park', low, high) if 'park' in item else neutral
        group = self._group(item, groups)
        limits = groups.get(group, {})
        velocity, acceleration = (
            self._number(item, key, limits.get(key), positive=True)
            for key in ('max_velocity', 'max_acceleration'))
        jitter = self._number(item, 'jitter', limits.get('jitter', DEFAULT_JITTER * (high - low)),
                              positive=True)
        return Control(name, self._joint(item, name), group, self._unit(item), low, high, neutral,
                       park, velocity, acceleration, jitter)

    def _joint(self, item: LocatedMapping, name: str) -> str:
        joint = self._text(item, 'joint', default=snake_case(name) or 'joint')
        if joint != snake_case(joint):
            self._report(item.lines['joint'], f'joint: {joint!r} is not a name of a ROS joint; '
                                              f'write {snake_case(joint)!r}')
        return joint

    def _group(self, item: LocatedMapping, groups: Collection[str]) -> str:
        group = self._text(item, 'group')
        if group and groups and group not in groups:
            self._report(item.lines['group'], f'unknown group {group!r}; {suggest(group, groups)}')
        return group

    def _unit(self, item: LocatedMapping) -> str:
        unit = item.get('unit', '')
        if unit not in SI:
            self._report(item.lines['unit'], f'unknown unit {unit!r}; '
                                             f'choices: {", ".join(repr(u) for u in SI)}')
        return unit

    def _range(self, item: LocatedMapping) -> tuple[float, float]:
        value = item.get('range')
        if value is None:
            self._report(item.line, f'`range` is missing{self._place(item)}')
        elif not (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))):
            self._report(item.lines['range'], f'range: expected [low, high], got {value!r}')
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
                                f'{attribute} {value!r} is given to two controls')
                values.add(value)

    def _coupled(self, item: LocatedMapping, controls: Collection[str]) -> CoupledLimit | None:
        before = len(self.mistakes)
        self._check_keys(item, COUPLED_KEYS, 'coupled limit')
        weights = self._weights(item)
        limited = self._text(item, 'limited')
        for name in [*(name for name, _ in weights), *([limited] if limited else [])]:
            if name not in controls:
                self._report(item.line, f'coupled limit: there is no control {name!r}; '
                                        f'{suggest(str(name), controls)}')
        side: Any = item.get('side')
        if side not in ('lower', 'upper'):
            self._report(item.lines.get('side', item.line),
                         f"side: expected 'lower' or 'upper', got {side!r}")
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
            if not _is_number(weight):
                self._report(item.lines['limiting'],
                             f'weight of {name!r}: expected a number, got {weight!r}')
        return tuple((name, float(weight) if _is_number(weight) else math.nan)
                     for name, weight in limiting.items())

    def _points(self, item: LocatedMapping) -> tuple[tuple[float, float], ...]:
        value: Any = item.get('map')
        if not (isinstance(value, list) and len(value) >= 2 and all(
                isinstance(p, list) and len(p) == 2 and all(map(_is_number, p)) for p in value)):
            self._report(item.lines.get('map', item.line),
                         f'map: expected [[argument, limit], …], got {value!r}')
            return ()
        if any(b[0] <= a[0] for a, b in zip(value, value[1:])):
            self._report(item.lines['map'], 'map: the arguments must increase')
        return tuple((float(x), float(y)) for x, y in value)

    def _check_coupling(self, spec: RobotSpec) -> None:
        for item, limit in zip(self._items('coupled'), spec.coupled):
            mistake = coupling_mistake(spec, limit)
            if mistake:
                self._report(item.line, f'coupled limit of {limit.limited!r}: {mistake}')


def _is_number(value: Any) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and math.isfinite(value))


def snake_case(name: str) -> str:
    """'Brow Inner Left' to 'brow_inner_left'."""
    return re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')
