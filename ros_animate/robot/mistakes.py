"""Mistakes in the sections of a robot file, each with its place."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from ros_animate.configuration import suggest
from ros_animate.errors import cut, shown
from ros_animate.limits import LARGEST_NUMBER


class Mistake(NamedTuple):
    """A mistake in a robot file.

    Attributes:
        mapping: The mapping that holds it.
        key: The key of the mapping at which it stands.
        text: Explanation for people.
    """

    mapping: Mapping[str, Any]
    key: str
    text: str


# Finds the mistakes in a mapping with a name like 'rig.baseline'.
Check: TypeAlias = Callable[[Mapping[str, Any], str], Iterator[Mistake]]


def part_mistakes(section: Mapping[str, Any], where: str,
                  checks: Mapping[str, Check]) -> Iterator[Mistake]:
    """Mistakes in a section that consists of named parts.

    Args:
        section: Parts by name.
        where: Name of the section.
        checks: A check for each part that may be there.
    """
    for key, part in section.items():
        if key not in checks:
            yield Mistake(section, key, f'{where}: unknown section {shown(key)}; '
                                        f'{suggest(key, checks)}')
        elif isinstance(part, Mapping):
            yield from checks[key](part, f'{where}.{cut(str(key))}')
        else:
            yield Mistake(section, key,
                          f'{where}.{cut(str(key))}: expected keys and values, got {shown(part)}')


def control_mistakes(part: Mapping[str, Any], where: str, controls: Collection[str],
                     expected: str, check: Check) -> Iterator[Mistake]:
    """Mistakes in a part that has a row for each control.

    Args:
        part: Rows by the names of controls.
        where: Name of the section that the part is in.
        controls: Names of the robot's controls.
        expected: Description of a row, for errors.
        check: A check for each row.
    """
    for name, row in part.items():
        if name not in controls:
            yield Mistake(part, name,
                          f'{where}: there is no control {shown(name)}; {suggest(name, controls)}')
        if isinstance(row, Mapping):
            yield from check(row, f'{where}.{cut(str(name))}')
        else:
            yield Mistake(part, name, f'{where}.{cut(str(name))}: expected {expected}, '
                                      f'got {shown(row)}')


def is_number(value: Any) -> bool:
    """True for a number that a robot file may hold: finite, and not absurdly large."""
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and -LARGEST_NUMBER <= value <= LARGEST_NUMBER)
