"""The sections of a robot file that single stages read, checked before any of them does."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ros_animate.configuration import build_error, suggest
from ros_animate.plugins import available, find
from ros_animate.robot.mistakes import Mistake


def section_mistakes(content: Mapping[str, Any], controls: Collection[str]) -> Iterator[Mistake]:
    """Every mistake in these sections.

    Args:
        content: Of the file; sections that are no mappings are passed over.
        controls: Names of the robot's controls.
    """
    from ros_animate.robot.face_map import face_mistakes  # slow to import
    from ros_animate.robot.rig import rig_mistakes

    sections = {key: value for key in ('rig', 'face', 'options')
                if isinstance(value := content.get(key), Mapping)}
    yield from rig_mistakes(sections.get('rig', {}), controls)
    yield from face_mistakes(sections.get('face', {}), controls)
    transport = content.get('transport', 'mock')
    if transport not in available('hardware'):
        if isinstance(transport, str):
            yield content, 'transport', (f'transport: there is no hardware plug-in {transport!r}; '
                                         f'{suggest(transport, available("hardware"))}')
        return
    plugin: Any = find('hardware', transport)
    options = sections.get('options', {})
    for key, value in options.items():
        mistake = build_error(plugin.Config, {key: value}, 'options')
        if mistake:
            yield options, key, mistake
