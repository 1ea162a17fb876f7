"""Validation of the sections of a robot file that only single stages read."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ros_animate.configuration import build_error, suggest
from ros_animate.errors import shown
from ros_animate.plugins import available, find
from ros_animate.robot.mistakes import Mistake
from ros_animate.robot.rig import rig_mistakes


def section_mistakes(content: Mapping[str, Any], controls: Collection[str]) -> Iterator[Mistake]:
    """Every mistake in `rig`, `face`, `transport` and `options`.

    Args:
        content: Content of the file; sections that are not mappings are skipped.
        controls: Names of the robot's controls.
    """
    # Imports OpenCV and the virtual face, which would double the time to read a robot.
    from ros_animate.robot.face_map import face_mistakes

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
