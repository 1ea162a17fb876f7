"""YAML whose mappings and sequences know their lines, for errors that name them."""
from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from ros_animate.documents import parse_yaml
from ros_animate.errors import shown


class LocatedMapping(dict):
    """A YAML mapping that knows its lines.

    Attributes:
        line: Line at which it begins.
        lines: Line of each key.
    """

    line: int
    lines: dict[Any, int]


class LocatedSequence(list):
    """A YAML sequence that knows its lines.

    Attributes:
        line: Line at which it begins.
        lines: Line of each item.
    """

    line: int
    lines: list[int]


def load_located(text: str) -> Any:
    """The content of a YAML document; raises DocumentError, also for a repeated key."""
    return parse_yaml(text, _Loader)


class _Loader(yaml.SafeLoader):
    """Keeps line numbers and refuses repeated keys."""

    def construct_located_mapping(self, node: yaml.MappingNode) -> LocatedMapping:
        result = LocatedMapping()
        result.line, result.lines = node.start_mark.line + 1, {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable) or key in result:
                raise yaml.constructor.ConstructorError(
                    None, None, f'key {shown(key)} is given twice', key_node.start_mark)
            result[key] = self.construct_object(value_node, deep=True)
            result.lines[key] = line
        return result

    def construct_located_sequence(self, node: yaml.SequenceNode) -> LocatedSequence:
        result = LocatedSequence(self.construct_object(item, deep=True) for item in node.value)
        result.line = node.start_mark.line + 1
        result.lines = [item.start_mark.line + 1 for item in node.value]
        return result


_Loader.add_constructor('tag:yaml.org,2002:map', _Loader.construct_located_mapping)
_Loader.add_constructor('tag:yaml.org,2002:seq', _Loader.construct_located_sequence)
