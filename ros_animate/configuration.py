"""Validated configuration: plain mappings to frozen dataclasses, with errors that name the mistake.

One dataclass per plug-in is the only home of its defaults. A field is declared with `option`,
which keeps the description and the bounds beside the default; the ROS nodes declare their
parameters from the same fields.
"""
from __future__ import annotations

import dataclasses
import difflib
import pathlib
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ros_animate import limits
from ros_animate.documents import DocumentError, parse_yaml, read_text
from ros_animate.errors import UserError, shown

T = TypeVar('T')
_COMPARED = 1000  # choices that are compared with a wrong name
# YAML 1.1 takes 1e-3 and 1.5e3 for texts.
_SCIENTIFIC = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+')


class ConfigurationError(UserError, ValueError):
    """A user's mistake in a configuration; the message names key, value and remedy."""


def option(default: Any, help: str, *, low: float | None = None, high: float | None = None,
           choices: Sequence[Any] | None = None, length: int | None = None) -> Any:
    """A dataclass field with a description and bounds (inclusive).

    Args:
        default: Its default.
        help: Its description.
        low: Least value, also of each item of a list.
        high: Greatest value, also of each item of a list.
        choices: All values that are allowed.
        length: Most items of a list.
    """
    metadata = {'help': help, 'low': low, 'high': high, 'choices': choices, 'length': length}
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def build(cls: type[T], values: Mapping[str, Any] | None, where: str) -> T:
    """An instance of the dataclass `cls` from `values`; raises ConfigurationError.

    Args:
        cls: A dataclass whose fields are made with `option`.
        values: Keys are field names; missing ones keep their default.
        where: Section of the configuration for error messages, e.g. 'smoothing (bezier)'.
    """
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        raise ConfigurationError(f'{where}: expected keys and values, got {shown(values)}')
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise ConfigurationError(f'{where}: unknown option {shown(key)}; '
                                     f'{suggest(key, fields)}')
    hints = typing.get_type_hints(cls)
    checked = {key: _check(f'{where}.{key}', value, hints[key], fields[key].metadata)
               for key, value in values.items()}
    try:
        return cls(**checked)
    except ConfigurationError:
        raise
    except ValueError as error:
        raise ConfigurationError(f'{where}: {error}') from error


def build_error(cls: type[T], values: Mapping[str, Any] | None, where: str) -> str:
    """Message of the error that `build` would raise, '' if the values are right."""
    try:
        build(cls, values, where)
    except ConfigurationError as error:
        return str(error)
    return ''


def suggest(wrong: object, choices: typing.Iterable[str]) -> str:
    """The text 'did you mean …? choices: …' for an unknown name."""
    choices = sorted(map(str, choices))  # keys of a YAML file may be anything
    wrong = wrong if isinstance(wrong, str) and len(wrong) <= limits.NAME_LENGTH else ''
    near = difflib.get_close_matches(wrong, choices[:_COMPARED], 1)
    hint = f'did you mean {near[0]!r}? ' if near else ''
    listed = ', '.join(name[:limits.NAME_LENGTH] for name in choices[:limits.SHOWN_CHOICES])
    more = len(choices) - limits.SHOWN_CHOICES
    return f'{hint}choices: {listed or "none"}{f" and {more} more" if more > 0 else ""}'


def _check(where: str, value: Any, hint: Any, metadata: Mapping[str, Any]) -> Any:
    kind = typing.get_origin(hint) or hint
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = _to_float(where, value)
    if kind is tuple and isinstance(value, list):
        value = tuple(value)
    if kind in (bool, int, float, str, list, tuple, dict) and (
            not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise ConfigurationError(f'{where}: expected {kind.__name__}, got {shown(value)}')
    if isinstance(value, (list, tuple)):
        _check_items(where, value, hint, metadata.get('length'))
    for item in value if isinstance(value, (list, tuple)) else (value,):
        _check_bounds(where, item, metadata.get('low'), metadata.get('high'))
    choices = metadata.get('choices')
    if choices is not None and value not in choices:
        raise ConfigurationError(f'{where}: {shown(value)} is unknown; {suggest(value, choices)}')
    return value


def _check_items(where: str, values: Sequence[Any], hint: Any, length: int | None) -> None:
    """Raises ConfigurationError for a list with wrong items, or with more than `length`."""
    if length is not None and len(values) > length:
        raise ConfigurationError(f'{where}: {len(values)} items, at most {length} are allowed')
    kind: Any = next(iter(typing.get_args(hint)), None)
    if kind not in (bool, int, float, str):
        return
    kinds = (int, float) if kind is float else (kind,)
    for item in values:
        if not isinstance(item, kinds) or (isinstance(item, bool) and kind is not bool):
            raise ConfigurationError(f'{where}: expected a list of {kind.__name__}, got '
                                     f'{shown(values)}')


def _to_float(where: str, value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ConfigurationError(f'{where}: {shown(value)} is too large') from error


def _check_bounds(where: str, value: Any, low: float | None, high: float | None) -> None:
    """Raises ConfigurationError for a number that is NaN or outside the bounds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if value != value or (low is not None and value < low) or (high is not None and value > high):
        bounds = f'{"-inf" if low is None else low} to {"inf" if high is None else high}'
        raise ConfigurationError(f'{where}: {shown(value)} is outside {bounds}')


def parse_assignment(text: str, form: str = 'key=value') -> tuple[str, Any]:
    """('key', value) of 'key=value'. The value is read as YAML, but 1e-3 is a number as well.

    Args:
        text: A text of the command line.
        form: The expected form, for error messages.

    Raises:
        ConfigurationError: The text has another form, or its value is not YAML.
    """
    key, equals, value_text = text.partition('=')
    if not equals or not key.strip():
        raise ConfigurationError(f'expected {form}, got {shown(text)}')
    if len(value_text) < limits.NUMBER_DIGITS and _SCIENTIFIC.fullmatch(value_text.strip()):
        return key.strip(), float(value_text)
    try:
        return key.strip(), parse_yaml(value_text)
    except DocumentError as error:
        raise ConfigurationError(f'{shown(text)} is not valid YAML: {error}') from error


def read_yaml(path: str | pathlib.Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ConfigurationError that names file and line."""
    path = pathlib.Path(path)
    try:
        text = read_text(path)
    except DocumentError as error:
        raise ConfigurationError(f'cannot read {path}: {error}') from error
    try:
        content = parse_yaml(text)
    except DocumentError as error:
        place = path if error.line is None else f'{path}:{error.line}'
        raise ConfigurationError(f'{place} is not valid YAML: {error}') from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f'{path}: expected keys and values, got a '
                                 f'{type(content).__name__}')
    return content


def resource(*parts: str) -> pathlib.Path:
    """A file that comes with the package (config/, weights/, launch/), by its relative path.

    The files lie beside the modules in a checkout and under share/ros_animate once installed.
    """
    here = pathlib.Path(__file__).resolve().parent
    roots = [here.parent, *(p / 'share' / 'ros_animate' for p in here.parents)]
    for root in roots:
        if root.joinpath(*parts).exists():
            return root.joinpath(*parts)
    raise FileNotFoundError(f'{"/".join(parts)} is not part of this installation of ros_animate '
                            f'(looked in {roots[0]} and the install prefixes above)')
