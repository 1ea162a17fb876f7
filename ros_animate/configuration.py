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

import yaml

from ros_animate.errors import UserError

T = TypeVar('T')
# YAML 1.1 takes 1e-3 and 1.5e3 for texts.
_SCIENTIFIC = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+')


class ConfigurationError(UserError, ValueError):
    """A user's mistake in a configuration; the message names key, value and remedy."""


def option(default: Any, help: str, *, low: float | None = None, high: float | None = None,
           choices: Sequence[Any] | None = None) -> Any:
    """A dataclass field with a description and bounds (inclusive)."""
    metadata = {'help': help, 'low': low, 'high': high, 'choices': choices}
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
        raise ConfigurationError(f'{where}: expected keys and values, got {values!r}')
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise ConfigurationError(f'{where}: unknown option {key!r}; {suggest(key, fields)}')
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


def suggest(wrong: str, choices: typing.Iterable[str]) -> str:
    """The text 'did you mean …? choices: …' for an unknown name."""
    choices = sorted(choices)
    near = difflib.get_close_matches(str(wrong), choices, 1)
    hint = f'did you mean {near[0]!r}? ' if near else ''
    return f'{hint}choices: {", ".join(choices) or "none"}'


def _check(where: str, value: Any, hint: Any, metadata: Mapping[str, Any]) -> Any:
    kind = typing.get_origin(hint) or hint
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is tuple and isinstance(value, list):
        value = tuple(value)
    if kind in (bool, int, float, str, list, tuple, dict) and (
            not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise ConfigurationError(f'{where}: expected {kind.__name__}, got {value!r}')
    low, high, choices = (metadata.get(k) for k in ('low', 'high', 'choices'))
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and not ((low is None or value >= low) and (high is None or value <= high)):
        bounds = f'{"-inf" if low is None else low} to {"inf" if high is None else high}'
        raise ConfigurationError(f'{where}: {value!r} is outside {bounds}')
    if choices is not None and value not in choices:
        raise ConfigurationError(f'{where}: {value!r} is unknown; {suggest(value, choices)}')
    return value


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
        raise ConfigurationError(f'expected {form}, got {text!r}')
    if _SCIENTIFIC.fullmatch(value_text.strip()):
        return key.strip(), float(value_text)
    try:
        return key.strip(), yaml.safe_load(value_text)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f'{text}: {value_text!r} is not valid YAML') from error


def read_yaml(path: str | pathlib.Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ConfigurationError that names file and line."""
    path = pathlib.Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise ConfigurationError(f'cannot read {path}: {error.strerror}') from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f'{path} is not valid YAML: {error}') from error
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
