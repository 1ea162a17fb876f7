"""Named facial expressions in terms of blendshapes: read, mixed, recognised."""
from __future__ import annotations

import functools
import math
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError, read_yaml, resource, suggest
from ros_animate.errors import shown
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.limits import EXPRESSION_NAMES, NAME_LENGTH

DEFAULT = ('config', 'expressions.yaml')
NEUTRAL = 'neutral'
HEAD_ANGLES = ('headYaw', 'headPitch', 'headRoll')
_FEATURES = (*BLENDSHAPES, *HEAD_ANGLES)
_MOST_DEG = 45.0
_KEYS = ('valence', 'arousal', 'shapes')
# Spread of an expression in the plane of valence and arousal.
_SPREAD = 0.25
# A face shows an expression from this strength and likeness on.
_LEAST_STRENGTH, _LEAST_LIKENESS = 0.25, 0.5
# Blendshapes that tell where somebody looks or blinks, not what the face expresses.
_MUTE = ('eyeLook', 'eyeBlink', '_neutral')


@dataclass(frozen=True)
class Expression:
    """A facial expression.

    Attributes:
        name: Its name.
        valence: Unpleasant to pleasant, -1 to 1.
        arousal: Calm to excited, -1 to 1.
        shapes: Differences from a relaxed face: blendshapes by name, head angles in degrees.
    """

    name: str
    valence: float
    arousal: float
    shapes: Mapping[str, float]


@dataclass(frozen=True)
class Recognised:
    """An expression that a face shows.

    Attributes:
        name: Its name; 'neutral' if there is none.
        valence: -1 to 1.
        arousal: -1 to 1.
        confidence: 0 to 1.
    """

    name: str
    valence: float
    arousal: float
    confidence: float


class Expressions:
    """The expressions of a file, by name.

    Args:
        expressions: The expressions.
        relaxed: Blendshapes that a tracker reports for a relaxed face; those not named are 0.

    Attributes:
        relaxed: The same.
    """

    def __init__(self, expressions: Mapping[str, Expression],
                 relaxed: Mapping[str, float]) -> None:
        self._by_name, self.relaxed = dict(expressions), dict(relaxed)
        self._audible = [f for f in BLENDSHAPES if not f.startswith(_MUTE)]
        named = [e for e in expressions.values() if e.shapes]
        rows = np.array([[e.shapes.get(f, 0.0) for f in self._audible] for e in named])
        norms = np.linalg.norm(rows.reshape(len(named), -1), axis=1)
        # What only closes the eyes or turns the head is not told from a blink or a look.
        self._named = [e for e, norm in zip(named, norms, strict=True) if norm > _LEAST_STRENGTH]
        self._rows = rows[norms > _LEAST_STRENGTH]

    @property
    def names(self) -> list[str]:
        """All names, in the order of the file."""
        return list(self._by_name)

    def named(self, name: str) -> Expression:
        """The expression of a name; raises ConfigurationError with the names that there are."""
        if name not in self._by_name:
            raise ConfigurationError(f'no expression {shown(name)}; {suggest(name, self._by_name)}')
        return self._by_name[name]

    def mixed(self, valence: float, arousal: float) -> Expression:
        """The mean of the expressions that lie near a point of the plane, each by its nearness."""
        point = np.array([valence, arousal])
        away = {e.name: float(np.sum((point - (e.valence, e.arousal)) ** 2))
                for e in self._by_name.values()}
        nearest = min(away.values())
        weights = {name: math.exp((nearest - d) / (2 * _SPREAD ** 2)) for name, d in away.items()}
        # The middle is a relaxed face.
        scale = min(float(np.hypot(*point)) / _SPREAD, 1.0) / sum(weights.values())
        shapes = {f: scale * sum(weights[e.name] * e.shapes.get(f, 0.0)
                                 for e in self._by_name.values()) for f in _FEATURES}
        return Expression('', valence, arousal, {f: v for f, v in shapes.items() if v})

    def recognise(self, deviation: Mapping[str, float]) -> Recognised:
        """The expression that a face shows.

        Args:
            deviation: Differences of its blendshapes from those of the relaxed face.
        """
        face = np.array([max(deviation.get(f, 0.0), 0.0) for f in self._audible])
        length = float(np.linalg.norm(face))
        if length < 1e-6 or not len(self._rows):
            return Recognised(NEUTRAL, 0.0, 0.0, 1.0)
        norms = np.linalg.norm(self._rows, axis=1)
        likeness = self._rows @ face / (norms * length)
        strength = np.clip(self._rows @ face / norms ** 2, 0.0, 1.0)
        best = int(np.argmax(likeness * strength))
        shares = np.maximum(likeness - _LEAST_LIKENESS, 0.0) * strength
        total = max(float(shares.sum()), 1e-9)
        level = float(strength[best]) * min(total / 0.1, 1.0)
        valence, arousal = (level * float(shares @ [getattr(e, axis) for e in self._named]) / total
                            for axis in ('valence', 'arousal'))
        if strength[best] < _LEAST_STRENGTH or likeness[best] < _LEAST_LIKENESS:
            return Recognised(NEUTRAL, valence, arousal, float(1 - strength[best]))
        return Recognised(self._named[best].name, valence, arousal,
                          min(float(likeness[best] * strength[best] ** 0.5), 1.0))


def read_expressions(path: str = '') -> Expressions:
    """The expressions of a YAML file; '' for those that come with the package.

    Raises:
        ConfigurationError: The file cannot be read, or a value is wrong; the message names it.
    """
    return _read(path or str(resource(*DEFAULT)))


@functools.lru_cache(maxsize=8)
def _read(path: str) -> Expressions:
    file = pathlib.Path(path).expanduser()
    content = read_yaml(file)
    where = file.name
    entries = content.get('expressions')
    if not set(content) <= {'expressions', 'relaxed'} or not isinstance(entries, Mapping) or (
            not entries):
        raise ConfigurationError(f'{where}: expected `expressions:` with names and their shapes, '
                                 f'and perhaps `relaxed:`, got the keys {shown(list(content))}')
    if len(entries) > EXPRESSION_NAMES:
        raise ConfigurationError(f'{where}: {len(entries)} expressions, at most '
                                 f'{EXPRESSION_NAMES} are read')
    return Expressions({name: _expression(name, entry, where) for name, entry in entries.items()},
                       _shapes(content.get('relaxed') or {}, f'{where}: relaxed'))


def _expression(name: Any, entry: Any, where: str) -> Expression:
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LENGTH:
        raise ConfigurationError(f'{where}: {shown(name)} is not the name of an expression')
    where = f'{where}: {name}'
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f'{where}: expected {", ".join(_KEYS)}, got {shown(entry)}')
    for key in entry:
        if key not in _KEYS:
            raise ConfigurationError(f'{where}: unknown key {shown(key)}; {suggest(key, _KEYS)}')
    valence, arousal = (_number(entry.get(axis, 0.0), f'{where}.{axis}', 1.0)
                        for axis in ('valence', 'arousal'))
    return Expression(name, valence, arousal, _shapes(entry.get('shapes') or {}, f'{where}.shapes'))


def _shapes(shapes: Any, where: str) -> dict[str, float]:
    """Blendshapes and head angles by their full names."""
    if not isinstance(shapes, Mapping):
        raise ConfigurationError(f'{where}: expected names and numbers, got {shown(shapes)}')
    both: dict[str, float] = {}
    for feature, value in shapes.items():
        number = _number(value, f'{where}.{feature}',
                         _MOST_DEG if feature in HEAD_ANGLES else 1.0)
        both.update(dict.fromkeys(_features(feature, where), number))
    return both


def _features(name: Any, where: str) -> list[str]:
    """The blendshapes or the head angle that a name in a file stands for."""
    if name in _FEATURES:
        return [name]
    sides = [f'{name}{side}' for side in ('Left', 'Right')]
    if all(side in BLENDSHAPES for side in sides):
        return sides
    raise ConfigurationError(f'{where}: unknown blendshape {shown(name)}; '
                             f'{suggest(name, _FEATURES)}')


def _number(value: Any, where: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= most:
        raise ConfigurationError(f'{where}: expected a number of -{most:g} to {most:g}, got '
                                 f'{shown(value)}')
    return float(value)
