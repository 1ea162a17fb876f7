"""Settings of a run: plug-ins and their options, from config/retarget.yaml and the user."""
from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ros_animate.configuration import (
    ConfigurationError,
    build,
    parse_assignment,
    read_yaml,
    resource,
    suggest,
)
from ros_animate.errors import shown
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.motion.base import MotionSource
from ros_animate.outputs.file_names import FILES
from ros_animate.outputs.share import Share
from ros_animate.plugins import STAGES, find, load
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.spec import RobotSpec

DEFAULTS = ('config', 'retarget.yaml')
_SAFETY = frozenset(f.name for f in dataclasses.fields(SafetyConfig))
TOP_LEVEL = {'robot': str, 'mirror': bool, 'portrait': str}


@dataclass(frozen=True)
class RunOptions:
    """Options of one run of `ros_animate retarget`.

    Attributes:
        output: Folder of the files, which exists already; None to write no files.
        files: Names of the files to write into it.
        limit: Number of frames after which the run ends; None for no limit.
        duration_s: Seconds after which the run ends (of the source offline, of the clock live).
        processes: Live only: True to run every node in a process of its own.
        record: Live only: path of a bag that records the run.
        namespace: Live only: namespace of the nodes, '' for none.
        quiet: True for no progress and no summary.
        dashboard: Live only: True to show and steer the run in the browser.
        rerun: Live only: a file for Rerun, '' for its viewer, None for neither.
        share: Outputs to other programs; offline the take alone.
    """

    output: pathlib.Path | None = None
    files: tuple[str, ...] = FILES
    limit: int | None = None
    duration_s: float | None = None
    processes: bool = False
    record: pathlib.Path | None = None
    namespace: str = ''
    quiet: bool = False
    dashboard: bool = False
    rerun: str | None = None
    share: Share = Share()


@dataclass(frozen=True)
class Settings:
    """Complete settings: the robot, and plug-in and options of every stage.

    Attributes:
        robot: Name of a robot, or path of a robot file.
        mirror: True if the robot moves as the person's mirror image.
        portrait: Path of the image that is animated; '' for the robot's own virtual face.
        stages: Section of each stage: 'plugin' and the plug-in's options.
    """

    robot: str
    mirror: bool
    portrait: str
    stages: Mapping[str, Mapping[str, Any]]

    @functools.cached_property
    def spec(self) -> RobotSpec:
        """The robot's description; raises ConfigurationError."""
        return load_spec(self.robot)

    def plugin(self, stage: str) -> str:
        """Name of the stage's plug-in."""
        name = self.stages[stage].get('plugin')
        if name is None and stage == 'hardware':
            return self.spec.transport
        if not isinstance(name, str):
            raise ConfigurationError(f'{stage}.plugin: expected a name, got {shown(name)}')
        return name

    @property
    def has_motion_source(self) -> bool:
        """True if the motion comes without a camera."""
        return issubclass(find('motion', self.plugin('motion')), MotionSource)

    def options(self, stage: str) -> dict[str, Any]:
        """Options of the stage's plug-in, without defaults."""
        options = {k: v for k, v in self.stages[stage].items() if k != 'plugin'}
        if stage == 'hardware':
            options = {k: v for k, v in options.items() if k not in _SAFETY}
            if self.plugin(stage) == self.spec.transport:
                options = {**self.spec.options, **options}
        return options

    @property
    def safety(self) -> SafetyConfig:
        """Options of the safety layer, from the section hardware."""
        options = {k: v for k, v in self.stages['hardware'].items() if k in _SAFETY}
        return build(SafetyConfig, options, 'hardware (safety)')

    def load(self, stage: str) -> Any:
        """Builds the stage's plug-in."""
        context = (self.spec,) if stage in ('policy', 'smoothing', 'hardware') else ()
        return load(stage, self.plugin(stage), self.options(stage), *context)

    def check(self, stages: Iterable[str] = STAGES, *, node_options: bool = False) -> None:
        """Raises ConfigurationError for a wrong name or value, before anything is started.

        Args:
            stages: Sections to check.
            node_options: True to ignore options that the plug-in does not have: the stage's ROS
                node has options of its own, and refuses unknown ones.
        """
        for stage in stages:
            name = self.plugin(stage)
            config: Any = find(stage, name)
            options = self.options(stage)
            if node_options:
                known = {f.name for f in dataclasses.fields(config.Config)}
                options = {k: v for k, v in options.items() if k in known}
            build(config.Config, options, f'{stage} ({name})')
            if stage == 'hardware':
                _ = self.safety

    def input_paths(self) -> list[str]:
        """Texts among the options; those that name existing files are inputs of the run."""
        texts = [value for section in self.stages.values() for value in section.values()
                 if isinstance(value, str)]
        return [text for text in (self.robot, self.portrait, *texts) if text]

    def as_mapping(self) -> dict[str, Any]:
        """The settings as plain data, as a configuration file holds them."""
        return {**{key: getattr(self, key) for key in TOP_LEVEL},
                **{stage: dict(section) for stage, section in self.stages.items() if section}}


def load_settings(files: Iterable[str | pathlib.Path] = (), params: Iterable[str] = (),
                  **overrides: Any) -> Settings:
    """The defaults, overridden by `files`, then `overrides`, then `params`.

    A layer that names another plug-in drops the options of the layers below, which were meant for
    the previous one.

    Args:
        files: YAML files like config/retarget.yaml, later ones win.
        params: 'stage.key=value' (the value as in YAML), or 'key=value' for a top-level key.
        overrides: Top-level keys; None leaves the layers below. A stage's value is a mapping.

    Raises:
        ConfigurationError: A file, key or value is wrong; the message names it.
    """
    layers = [(pathlib.Path(file).name, read_yaml(file)) for file in files]
    layers.append(('', {k: v for k, v in overrides.items() if v is not None}))
    layers += [(text, parse_param(text)) for text in params]
    return merge_settings(layers)


def merge_settings(layers: Iterable[tuple[str, Mapping[str, Any]]]) -> Settings:
    """The defaults, overridden by (where, content) of each layer; `where` names it in errors.

    Raises:
        ConfigurationError: A key or value is wrong; the message names it.
    """
    merged = read_yaml(resource(*DEFAULTS))
    for where, layer in layers:
        merged = overlay(merged, layer, where)
    return Settings(**{key: merged[key] for key in TOP_LEVEL},
                    stages={stage: merged.get(stage) or {} for stage in STAGES})


def overlay(below: Mapping[str, Any], layer: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`below`, overridden by `layer`, which is checked; `where` names the layer in errors."""
    prefix = f'{where}: ' if where else ''
    result = dict(below)
    for key, value in layer.items():
        if key in TOP_LEVEL:
            if not isinstance(value, TOP_LEVEL[key]):
                raise ConfigurationError(
                    f'{prefix}{key}: expected {TOP_LEVEL[key].__name__}, got {shown(value)}')
            result[key] = value
        elif key in STAGES:
            result[key] = _overlay_section(below.get(key) or {}, value, f'{prefix}{key}')
        else:
            raise ConfigurationError(f'{prefix}unknown key {shown(key)}; '
                                     f'{suggest(key, (*TOP_LEVEL, *STAGES))}')
    return result


def _overlay_section(below: Mapping[str, Any], section: Any, where: str) -> dict[str, Any]:
    if section is None:
        return dict(below)
    if not isinstance(section, Mapping):
        raise ConfigurationError(f'{where}: expected keys and values, got {shown(section)}')
    for key in section:
        if not isinstance(key, str):
            raise ConfigurationError(f'{where}: a key is a name, got {shown(key)}')
    if section.get('plugin', below.get('plugin')) != below.get('plugin'):
        return dict(section)
    return {**below, **section}


def parse_param(text: str) -> dict[str, Any]:
    """{'stage': {'key': value}} for 'stage.key=value', {'key': value} for 'key=value'."""
    form = 'stage.key=value'
    path, value = parse_assignment(text, form)
    keys = path.split('.')
    if len(keys) > 2 or not all(keys):
        raise ConfigurationError(f'expected {form}, got {shown(text)}')
    return {keys[0]: {keys[1]: value}} if len(keys) == 2 else {keys[0]: value}
