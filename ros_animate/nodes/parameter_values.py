"""Converts options of plug-ins to values that ROS parameters can hold, and back.

A ROS parameter is a plain value or a list of one type. Mappings are flattened with dots; other
nested values are written as YAML text. Imports no ROS.
"""
from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

import yaml

from ros_animate.configuration import ConfigurationError
from ros_animate.documents import DocumentError, parse_yaml
from ros_animate.errors import shown


def to_ros(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a section as ROS parameters; nested mappings are flattened with dots."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat.update({f'{key}.{inner}': v for inner, v in to_ros(value).items()})
        else:
            flat[key] = encoded(value)
    return flat


def encoded(value: Any) -> Any:
    """A value that ROS can hold; structures other than a list of one type become YAML text."""
    if isinstance(value, Mapping):
        return yaml.safe_dump(plain(value), default_flow_style=True).strip()
    if isinstance(value, (list, tuple)):
        items = list(value)
        if any(isinstance(i, float) for i in items) and all(
                isinstance(i, (int, float)) and not isinstance(i, bool) for i in items):
            return [float(i) for i in items]
        if len({type(i) for i in items}) != 1 or any(
                not isinstance(i, (bool, int, float, str)) for i in items):
            return yaml.safe_dump(plain(items), default_flow_style=True).strip()
        return items
    return value


def plain(value: Any) -> Any:
    """The value with all arrays and tuples replaced by lists."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (str, bytes)) or not hasattr(value, '__iter__'):
        return value
    return [plain(v) for v in value]


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{'a.b': 1}` as `{'a': {'b': 1}}`."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split('.')
        level = tree
        for part in path:
            level = level.setdefault(part, {})
            if not isinstance(level, dict):
                raise ConfigurationError(f'{name}: {shown(part)} is both a value and a group')
        level[last] = value
    return tree


def decoded(cls: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values with YAML text parsed where `cls` has a structure; raises ConfigurationError."""
    hints = typing.get_type_hints(cls)
    return {name: _read(name, value) if isinstance(value, str) and _is_structure(hints.get(name))
            else value for name, value in given.items()}


def _is_structure(hint: Any) -> bool:
    return (typing.get_origin(hint) or hint) in (list, tuple, dict)


def _read(name: str, text: str) -> Any:
    try:
        return parse_yaml(text)
    except DocumentError as error:
        raise ConfigurationError(f'{name}: {shown(text)} is not valid YAML: {error}') from error
