"""Fleet files: the robots that run together, each with its namespace, source and settings.

A fleet file is a configuration like config/retarget.yaml that holds for all robots, and a list
`robots`, whose entries are configurations too, with `namespace`, `source` and `path` besides.
"""
from __future__ import annotations

import os
import pathlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ros_animate.animation.source_image import read_source_image
from ros_animate.configuration import ConfigurationError, build, read_yaml, suggest
from ros_animate.errors import UserError, shown
from ros_animate.hardware.base import VirtualRobot
from ros_animate.motion.base import MotionSource
from ros_animate.plugins import STAGES, find
from ros_animate.policy.paths import policy_of_path
from ros_animate.ros_names import full_namespace
from ros_animate.runtime.launch_plan import stages_left_out
from ros_animate.runtime.source_sections import FORMS, source_sections
from ros_animate.settings import TOP_LEVEL, Settings, merge_settings

OWN_KEYS = ('namespace', 'source', 'path')
MOST_ROBOTS = 64
# Options of robots that say where the robot is.
ADDRESSES = ('address', 'url', 'controller')
EXAMPLE = 'robots: [{namespace: left, source: demo}, {namespace: right, source: face.mp4}]'


@dataclass(frozen=True)
class FleetRobot:
    """A robot of a fleet.

    Attributes:
        namespace: Full namespace of its nodes, e.g. /left.
        settings: Its checked settings.
        where: File and entry, for messages.
    """

    namespace: str
    settings: Settings
    where: str


def read_fleet(path: str | pathlib.Path) -> tuple[FleetRobot, ...]:
    """The robots of a fleet file, checked.

    Raises:
        UserError: The file, an entry, or a file that an entry names is wrong.
    """
    content = read_yaml(pathlib.Path(path).expanduser())
    name = pathlib.Path(path).name
    common = _sections({key: value for key, value in content.items() if key != 'robots'})
    if wrong := next((key for key in common if key not in (*TOP_LEVEL, *STAGES)), None):
        raise ConfigurationError(f'{name}: unknown key {shown(wrong)}; '
                                 f'{suggest(wrong, ("robots", *TOP_LEVEL, *STAGES))}')
    merge_settings([(name, common)])  # its mistakes are not those of a robot
    entries = content.get('robots')
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_ROBOTS:
        raise ConfigurationError(f'{name}: robots: expected a list of 1 to {MOST_ROBOTS} robots, '
                                 f'got {shown(entries)}; for example {EXAMPLE}')
    robots = []
    for number, entry in enumerate(entries, 1):
        where = f'{name}: robot {number}'
        try:
            robots.append(_read_robot(entry, (name, common), where))
        except UserError as error:
            raise _located(error, where) from error
    _check_distinct(robots)
    return tuple(robots)


def _read_robot(entry: Any, common: tuple[str, Mapping[str, Any]], where: str) -> FleetRobot:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f'expected keys and values, got {shown(entry)}; for example '
                                 f'{EXAMPLE}')
    known = (*OWN_KEYS, *TOP_LEVEL, *STAGES)
    if wrong := next((key for key in entry if key not in known), None):
        raise ConfigurationError(f'unknown key {shown(wrong)}; {suggest(wrong, known)}')
    for key in OWN_KEYS:
        if not isinstance(entry.get(key, ''), str):
            raise ConfigurationError(f'{key}: expected a text, got {shown(entry[key])}')
    namespace = full_namespace(entry.get('namespace', ''))
    if not namespace:
        raise ConfigurationError('namespace is missing: each robot needs one of its own, for '
                                 'example namespace: left')
    where = f'{where} ({namespace})'
    try:
        settings = merge_settings([common, ('', _layer(entry, common[1]))])
        _check(settings)
    except UserError as error:
        raise _located(error, where) from error
    return FleetRobot(namespace, settings, where)


def _layer(entry: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an entry."""
    layer = _sections({key: entry[key] for key in (*TOP_LEVEL, *STAGES) if key in entry})
    policy = layer.get('policy') or {}
    if entry.get('path') and isinstance(policy, Mapping):
        plugin = policy_of_path(entry['path'], policy.get('plugin', ''))
        layer['policy'] = {**policy, 'plugin': plugin} if plugin else policy
    if entry.get('source'):
        for stage, section in source_sections(entry['source']).items():
            given = layer.get(stage) or {}
            if isinstance(given, Mapping) and 'plugin' in given:
                raise ConfigurationError(f'source {entry["source"]} and {stage}.plugin contradict '
                                         'each other: leave out one of them')
            layer[stage] = {**section, **given} if isinstance(given, Mapping) else given
    elif not any('plugin' in (section.get('camera') or {}) for section in (layer, common)) and (
            'motion' not in layer):
        raise ConfigurationError('source is missing: demo, device, /dev/video2, a video, '
                                 f'topic:/NAME, {FORMS}')
    return layer


def _sections(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content, in which `policy: bc_z` is short for `policy: {plugin: bc_z}`."""
    return {key: {'plugin': value} if key in STAGES and isinstance(value, str) else value
            for key, value in content.items()}


def _check(settings: Settings) -> None:
    """Raises UserError for what a node would refuse when it starts."""
    left_out = stages_left_out(settings)
    settings.check([stage for stage in STAGES if stage not in left_out], node_options=True)
    if settings.portrait and 'animation' not in left_out:
        read_source_image(settings.portrait)


def _check_distinct(robots: Sequence[FleetRobot]) -> None:
    """Raises ConfigurationError for two robots that want what only one of them can have."""
    holders: dict[Hashable, FleetRobot] = {}
    for robot in robots:
        for key, text, remedy in _exclusive(robot):
            holder = holders.setdefault(key, robot)
            if holder is not robot:
                raise ConfigurationError(f'{robot.where}: {text} is that of '
                                         f'{holder.namespace} already: {remedy}')


def _exclusive(robot: FleetRobot) -> list[tuple[Hashable, str, str]]:
    """(key, text, remedy) of all that a robot shares with no other one."""
    settings = robot.settings
    found: list[tuple[Hashable, str, str]] = [(
        ('namespace', robot.namespace), f'the namespace {robot.namespace}', 'choose another one')]
    address = _address(settings)
    if address:
        found.append((('hardware', address), f'the robot at {address}',
                      'give each its own (hardware: {address: …}), or its own robot file'))
    if settings.has_motion_source:
        name = settings.plugin('motion')
        motion: Any = find('motion', name)
        if issubclass(motion, MotionSource) and motion.live:
            found.append((('motion', name, _frozen(settings.options('motion'))),
                          f'the source {name} with these options', 'give each its own port'))
    elif settings.plugin('camera') == 'device':
        device = find('camera', 'device').Config(**settings.options('camera'))  # type: ignore[attr-defined]
        found.append((('device', os.path.realpath(device.path)), f'the camera {device.path}',
                      'start a camera driver, and give both robots source: topic:/NAME'))
    return found


def _address(settings: Settings) -> str:
    """Address of the robot, '' for one that has none."""
    name = settings.plugin('hardware')
    cls: Any = find('hardware', name)
    if issubclass(cls, VirtualRobot):
        return ''
    config = build(cls.Config, settings.options('hardware'), f'hardware ({name})')
    address = next((str(getattr(config, key)) for key in ADDRESSES if hasattr(config, key)), '')
    is_relative = hasattr(config, 'controller') and not address.startswith('/')
    return '' if is_relative else address  # in the robot's own namespace


def _frozen(options: Mapping[str, Any]) -> Hashable:
    return tuple(sorted((key, str(value)) for key, value in options.items()))


def _located(error: UserError, where: str) -> UserError:
    """The error with the place of the entry, which may be in it already."""
    text = str(error)
    return error if text.startswith(where.partition(' (')[0]) else ConfigurationError(
        f'{where}: {text}')
