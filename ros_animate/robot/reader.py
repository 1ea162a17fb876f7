"""Robot files: YAML to RobotSpec, with every mistake reported at once and by its line."""
from __future__ import annotations

import math
import pathlib
import re
from collections.abc import Hashable
from typing import Any

import yaml

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.robot.coupled_limits import coupling_mistake
from ros_animate.robot.sections import section_mistakes
from ros_animate.robot.spec import SI, Control, CoupledLimit, RobotSpec

KEYS = {'name', 'title', 'transport', 'groups', 'controls', 'coupled', 'rig', 'face', 'options'}
GROUP_KEYS = {'max_velocity', 'max_acceleration', 'jitter'}
DEFAULT_JITTER = 0.01  # of the range
CONTROL_KEYS = {'name', 'joint', 'range', 'neutral', 'park', 'unit', 'group', *GROUP_KEYS}
COUPLED_KEYS = {'limiting', 'limited', 'side', 'map'}


class _Mapping(dict):
    """A YAML mapping that knows its lines."""

    line: int
    lines: dict[Any, int]


class _Sequence(list):
    """A YAML sequence that knows the lines of its items."""

    line: int
    lines: list[int]


class _Loader(yaml.SafeLoader):
    """Keeps line numbers, refuses repeated keys."""

    def construct_located_mapping(self, node: yaml.MappingNode) -> _Mapping:
        result = _Mapping()
        result.line, result.lines = node.start_mark.line + 1, {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable) or key in result:
                raise yaml.constructor.ConstructorError(
                    None, None, f'key {key!r} is given twice', key_node.start_mark)
            result[key] = self.construct_object(value_node, deep=True)
            result.lines[key] = line
        return result

    def construct_located_sequence(self, node: yaml.SequenceNode) -> _Sequence:
        result = _Sequence(self.construct_object(item, deep=True) for item in node.value)
        result.line = node.start_mark.line + 1
        result.lines = [item.start_mark.line + 1 for item in node.value]
        return result


_Loader.add_constructor('tag:yaml.org,2002:map', _Loader.construct_located_mapping)
_Loader.add_constructor('tag:yaml.org,2002:seq', _Loader.construct_located_sequence)


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
    """(the robot or None, 'file:line: mistake' of every mistake).

    Args:
        path: The YAML file.
        sections: Also check what only single stages read: rig, face, transport and its options.
    """
    try:
        content = yaml.load(path.read_text(encoding='utf-8'), Loader=_Loader)
    except OSError as error:
        return None, [f'cannot read {path}: {error.strerror}']
    except UnicodeDecodeError as error:
        return None, [f'{path}: not UTF-8 text: {error}']
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, [f'{path}:{line}: {error.problem or error.context}']
    except yaml.YAMLError as error:
        return None, [f'{path}: {error}']
    if not isinstance(content, _Mapping):
        return None, [f'{path}:1: a robot file holds keys and values']
    reader = _Reader(content, sections)
    spec = reader.robot()
    mistakes = [f'{path}:{line}: {text}' for line, text in sorted(set(reader.mistakes))]
    return (None if mistakes else spec), mistakes


class _Reader:
    """Walks through the content and collects mistakes; goes on after each."""

    def __init__(self, content: _Mapping, sections: bool) -> None:
        self._content, self._sections = content, sections
        self.mistakes: list[tuple[int, str]] = []

    def robot(self) -> RobotSpec | None:
        """The robot; only meaningful if there are no mistakes, None if it cannot be made."""
        content = self._content
        self._known_keys(content, KEYS, 'robot file')
        name = self._text(content, 'name')
        title = self._text(content, 'title', default=name)
        transport = self._text(content, 'transport', default='mock')
        before = len(self.mistakes)
        groups = self._groups()
        controls = [c for item in self._items('controls') if (c := self._control(item, groups))]
        if not controls and len(self.mistakes) == before:
            self._wrong(content.line, 'a robot needs `controls`: a list of at least one')
        self._unique(controls)
        known = {c.name: c for c in controls if c.name}
        coupled = [limit for item in self._items('coupled')
                   if (limit := self._coupled(item, known))]
        sound = len(self.mistakes) == before
        if self._sections:
            for mapping, key, text in section_mistakes(content, known):
                assert isinstance(mapping, _Mapping)
                self._wrong(mapping.lines[key], text)
        free = {key: self._mapping(content, key) for key in ('rig', 'face', 'options')}
        if not sound:
            return None
        spec = RobotSpec(name, title, transport, tuple(controls), tuple(coupled), **free)
        self._check_coupling(spec)
        return spec

    def _wrong(self, line: int, text: str) -> None:
        self.mistakes.append((line, text))

    def _known_keys(self, mapping: _Mapping, keys: set[str], what: str) -> None:
        for key in mapping:
            if key not in keys:
                self._wrong(mapping.lines[key],
                            f'{what}: unknown key {key!r}; {suggest(str(key), keys)}')

    def _items(self, key: str) -> list[_Mapping]:
        """The mappings of a list in the file; what is something else is a mistake."""
        value = self._content.get(key)
        if not isinstance(value, _Sequence):
            if value is not None:
                self._wrong(self._content.lines[key], f'{key}: expected a list, got {value!r}')
            return []
        for item, line in zip(value, value.lines, strict=True):
            if not isinstance(item, _Mapping):
                self._wrong(line, f'{key}: expected keys and values, got {item!r}')
        return [item for item in value if isinstance(item, _Mapping)]

    def _mapping(self, mapping: _Mapping, key: str) -> dict[str, Any]:
        value = mapping.get(key)
        if value is None:
            return {}
        if not isinstance(value, _Mapping):
            self._wrong(mapping.lines[key], f'{key}: expected keys and values, got {value!r}')
            return {}
        return value

    def _text(self, mapping: _Mapping, key: str, default: str | None = None) -> str:
        value = mapping.get(key, default)
        if isinstance(value, str) and value.strip():
            return value
        if key in mapping:
            self._wrong(mapping.lines[key], f'{key}: expected a text, got {value!r}')
        elif default is None:
            self._wrong(mapping.line, f'`{key}` is missing')
        return ''

    def _number(self, mapping: _Mapping, key: str, default: float | None = None, *,
                positive: bool = False) -> float:
        """A finite number; NaN stands for one that is wrong (and reported)."""
        if key not in mapping:
            if default is None:
                self._wrong(mapping.line, f'`{key}` is missing{self._of(mapping)}')
            return math.nan if default is None else default
        value = mapping[key]
        if not _is_number(value):
            self._wrong(mapping.lines[key], f'{key}: expected a number, got {value!r}')
        elif positive and not value > 0:
            self._wrong(mapping.lines[key], f'{key}: must be > 0, got {value!r}')
        else:
            return float(value)
        return math.nan

    @staticmethod
    def _of(mapping: _Mapping) -> str:
        return f' in control {mapping["name"]!r}' if 'name' in mapping else ''

    def _groups(self) -> dict[str, dict[str, float]]:
        groups = {}
        for name, values in self._mapping(self._content, 'groups').items():
            if not isinstance(values, _Mapping):
                line = self._content['groups'].lines[name]
                self._wrong(line, f'group {name!r}: expected keys and values, got {values!r}')
                continue
            self._known_keys(values, GROUP_KEYS, f'group {name!r}')
            groups[name] = {key: self._number(values, key, positive=True)
                            for key in values if key in GROUP_KEYS}
        return groups

    def _control(self, item: _Mapping, groups: dict[str, dict[str, float]]) -> Control:
        self._known_keys(item, CONTROL_KEYS, f'control {item.get("name")!r}')
        name = self._text(item, 'name')
        joint = self._text(item, 'joint', default=snake_case(name) or 'joint')
        if joint != snake_case(joint):
            self._wrong(item.lines['joint'], f'joint: {joint!r} is not a name of a ROS joint; '
                        f'write {snake_case(joint)!r}')
        low, high = self._range(item)
        neutral = self._inside(item, 'neutral', low, high)
        park = self._inside(item, 'park', low, high) if 'park' in item else neutral
        group = self._text(item, 'group')
        if group and groups and group not in groups:
            self._wrong(item.lines['group'], f'unknown group {group!r}; {suggest(group, groups)}')
        limits = groups.get(group, {})
        velocity, acceleration = (
            self._number(item, key, limits.get(key), positive=True)
            for key in ('max_velocity', 'max_acceleration'))
        jitter = self._number(item, 'jitter', limits.get('jitter', DEFAULT_JITTER * (high - low)),
                              positive=True)
        unit = item.get('unit', '')
        if unit not in SI:
            self._wrong(item.lines['unit'], f'unknown unit {unit!r}; '
                        f'choices: {", ".join(repr(u) for u in SI)}')
        return Control(name, joint, group, unit, low, high, neutral, park, velocity, acceleration,
                       jitter)

    def _range(self, item: _Mapping) -> tuple[float, float]:
        value = item.get('range')
        if value is None:
            self._wrong(item.line, f'`range` is missing{self._of(item)}')
        elif not (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))):
            self._wrong(item.lines['range'], f'range: expected [low, high], got {value!r}')
        elif not value[0] < value[1]:
            self._wrong(item.lines['range'], f'range: {value[0]} is not below {value[1]}')
        else:
            return float(value[0]), float(value[1])
        return math.nan, math.nan

    def _inside(self, item: _Mapping, key: str, low: float, high: float) -> float:
        value = self._number(item, key)
        if value < low or value > high:
            self._wrong(item.lines.get(key, item.line),
                        f'{key}: {value:g} is outside the range {low:g} to {high:g}')
        return value

    def _unique(self, controls: list[Control]) -> None:
        items = self._items('controls')
        for attribute in ('name', 'joint'):
            seen: set[str] = set()
            for control, item in zip(controls, items):
                value = getattr(control, attribute)
                if value and value in seen:
                    self._wrong(item.lines.get(attribute, item.line),
                                f'{attribute} {value!r} is given to two controls')
                seen.add(value)

    def _coupled(self, item: _Mapping, known: dict[str, Control]) -> CoupledLimit | None:
        before = len(self.mistakes)
        self._known_keys(item, COUPLED_KEYS, 'coupled limit')
        limiting = self._mapping(item, 'limiting')
        limited = self._text(item, 'limited')
        if not limiting:
            self._wrong(item.line, '`limiting` is missing: control names and weights')
        for name in [*limiting, *([limited] if limited else [])]:
            if name not in known:
                self._wrong(item.line, f'coupled limit: there is no control {name!r}; '
                            f'{suggest(str(name), known)}')
        for name, weight in limiting.items():
            if not _is_number(weight):
                self._wrong(item.lines['limiting'], f'weight of {name!r}: expected a number, '
                            f'got {weight!r}')
        side: Any = item.get('side')
        if side not in ('lower', 'upper'):
            self._wrong(item.lines.get('side', item.line),
                        f"side: expected 'lower' or 'upper', got {side!r}")
        points = self._points(item)
        if len(self.mistakes) > before:
            return None
        weights = tuple((name, float(weight)) for name, weight in limiting.items())
        return CoupledLimit(weights, limited, side, points)

    def _points(self, item: _Mapping) -> tuple[tuple[float, float], ...]:
        value: Any = item.get('map')
        if not (isinstance(value, list) and len(value) >= 2 and all(
                isinstance(p, list) and len(p) == 2 and all(map(_is_number, p)) for p in value)):
            self._wrong(item.lines.get('map', item.line),
                        f'map: expected [[argument, limit], …], got {value!r}')
            return ()
        if any(b[0] <= a[0] for a, b in zip(value, value[1:])):
            self._wrong(item.lines['map'], 'map: the arguments must increase')
        return tuple((float(x), float(y)) for x, y in value)

    def _check_coupling(self, spec: RobotSpec) -> None:
        for item, limit in zip(self._items('coupled'), spec.coupled):
            mistake = coupling_mistake(spec, limit)
            if mistake:
                self._wrong(item.line, f'coupled limit of {limit.limited!r}: {mistake}')


def _is_number(value: Any) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and math.isfinite(value))


def snake_case(name: str) -> str:
    """'Brow Inner Left' to 'brow_inner_left'."""
    return re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')
