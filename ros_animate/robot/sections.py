"""Validation of the sections of a robot file that only single stages read."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ros_animate.configuration import build_error, suggest
from ros_animate.errors import shown
from ros_animate.plugins import available, find
from ros_animate.robot.mistakes import Mistake
from ros_animate.robot.rig import rig_mistakes
from ros_animate.robot.spec import PARTS


def section_mistakes(content: Mapping[str, Any], controls: Collection[str]) -> Iterator[Mistake]:
    """Every mistake in `rig`, `face`, `transport` and `options`, and in the groups' names.

    Args:
        content: Content of the file; sections that are not mappings are skipped.
        controls: Names of the robot's controls.
    """
    # Imports OpenCV and the virtual face, which would double the time to read a robot.
    from ros_animate.robot.face_map import face_mistakes

    yield from _missing_sections(content)
    yield from _group_mistakes(content)
    yield from rig_mistakes(_section(content, 'rig'), controls)
    yield from face_mistakes(_section(content, 'face'), controls)
    transport = content.get('transport', 'mock')
    if not isinstance(transport, str):
        return
    if transport in available('hardware'):
        yield from _option_mistakes(transport, _section(content, 'options'))
    else:
        yield Mistake(content, 'transport',
                      f'transport: there is no hardware plug-in {shown(transport)}; '
                      f'{suggest(transport, available("hardware"))}')


def _missing_sections(content: Mapping[str, Any]) -> Iterator[Mistake]:
    """Sections without which the robot stays still; an empty `rig` says that none is meant."""
    place = 'controls' if 'controls' in content else next(iter(content), '')
    remedy = '`ros_animate robots new` writes one; see docs/bring_your_own_robot.md'
    if not place:
        return
    if content.get('rig') is None:
        yield Mistake(content, place, '`rig` is missing: the policy blendshape_map moves nothing '
                                      f'without it ({remedy}; for another policy: `rig: {{}}`)')
    elif content['rig'] and not _section(_section(content, 'rig'), 'controls'):
        yield Mistake(content, 'rig', f'rig: `controls` is missing: it moves nothing ({remedy})')
    if content.get('transport', 'mock') == 'mock' and not _section(
            _section(content, 'face'), 'controls'):
        yield Mistake(content, 'face' if 'face' in content else place,
                      '`face` is missing: the transport mock shows the robot as a virtual face, '
                      f'which would not move ({remedy})')


def _group_mistakes(content: Mapping[str, Any]) -> Iterator[Mistake]:
    """Groups that are neither described in the file nor known to the policies."""
    described, items = content.get('groups'), content.get('controls')
    if described or not isinstance(items, list):
        return  # the reader itself compares them with those that are described
    for item in items:
        group = item.get('group') if isinstance(item, Mapping) else None
        if isinstance(group, str) and group not in PARTS:
            yield Mistake(item, 'group', f'unknown group {shown(group)}; {suggest(group, PARTS)}; '
                                         'or describe it in `groups`')


def _section(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, Mapping) else {}


def _option_mistakes(transport: str, options: Mapping[str, Any]) -> Iterator[Mistake]:
    """Mistakes in the options of a hardware plug-in."""
    plugin: Any = find('hardware', transport)
    for key, value in options.items():
        text = build_error(plugin.Config, {key: value}, 'options')
        if text:
            yield Mistake(options, key, text)
