"""Mistakes in the sections of a robot file, and where they stand."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias

from ros_animate.configuration import suggest

# (mapping, key in it, what is wrong there)
Mistake: TypeAlias = tuple[Mapping[str, Any], str, str]
# Finds those of a mapping with a name like 'rig.baseline'.
Check: TypeAlias = Callable[[Mapping[str, Any], str], Iterator[Mistake]]


def part_mistakes(section: Mapping[str, Any], where: str,
                  checks: Mapping[str, Check]) -> Iterator[Mistake]:
    """Of a section that may hold the parts that `checks` names."""
    for key, part in section.items():
        if key not in checks:
            yield section, key, f'{where}: unknown section {key!r}; {suggest(key, checks)}'
        elif isinstance(part, Mapping):
            yield from checks[key](part, f'{where}.{key}')
        else:
            yield section, key, f'{where}.{key}: expected keys and values, got {part!r}'


def control_mistakes(part: Mapping[str, Any], where: str, controls: Collection[str],
                     expected: str, check: Check) -> Iterator[Mistake]:
    """Of a part with a row for each control, in which `expected` stands."""
    for name, row in part.items():
        if name not in controls:
            yield part, name, f'{where}: there is no control {name!r}; {suggest(name, controls)}'
        if isinstance(row, Mapping):
            yield from check(row, f'{where}.{name}')
        else:
            yield part, name, f'{where}.{name}: expected {expected}, got {row!r}'
