"""Which plug-ins run, with which options: config/retarget.yaml, overlaid by the user's wishes."""
from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ros_animate.configuration import ConfigurationError, build, read_yaml, resource, suggest
from ros_animate.hardware import safety
from ros_animate.plugins import STAGES, find, load
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.spec import RobotSpec

DEFAULTS = ('config', 'retarget.yaml')
_SAFETY = frozenset(f.name for f in dataclasses.fields(safety.Config))
TOP_LEVEL = {'robot': str, 'mirror': bool, 'portrait': str}


@dataclass(frozen=True)
class RunOptions:
    """One run of `ros_animate retarget`.

    Attributes:
        output: Folder of the files, made already; None for none.
        limit: Frames after which the run ends; None for no limit.
        duration_s: Seconds after which it ends (of the source offline, of the clock live).
        processes: Live only: one process for each node.
        record: Live only: a bag to be made of the run.
        quiet: No progress, no summary.
    """

    output: pathlib.Path | None = None
    limit: int | None = None
    duration_s: float | None = None
    processes: bool = False
    record: pathlib.Path | None = None
    quiet: bool = False


@dataclass(frozen=True)
class Settings:
    """A complete choice.

    Attributes:
        robot: What `load_spec` takes.
        mirror: The robot moves as the person's mirror image.
        portrait: Path of the picture that is animated; '' for the robot's own virtual face.
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
        named = self.stages[stage].get('plugin')
        if named is None and stage == 'hardware':
            return self.spec.transport
        if not isinstance(named, str):
            raise ConfigurationError(f'{stage}.plugin: expected a name, got {named!r}')
        return named

    def options(self, stage: str) -> dict[str, Any]:
        """Options of the stage's plug-in, without defaults."""
        options = {k: v for k, v in self.stages[stage].items() if k != 'plugin'}
        if stage == 'hardware':
            options = {k: v for k, v in options.items() if k not in _SAFETY}
            if self.plugin(stage) == self.spec.transport:
                options = {**self.spec.options, **options}
        return options

    @property
    def safety(self) -> safety.Config:
        """Options of the safety layer, which stand in the section hardware."""
        given = {k: v for k, v in self.stages['hardware'].items() if k in _SAFETY}
        return build(safety.Config, given, 'hardware (safety)')

    def load(self, stage: str) -> Any:
        """The stage's plug-in, built."""
        context = (self.spec,) if stage in ('policy', 'smoothing', 'hardware') else ()
        return load(stage, self.plugin(stage), self.options(stage), *context)

    def check(self, stages: Iterable[str] = STAGES, *, node_options: bool = False) -> None:
        """Raises ConfigurationError for a wrong name or value, before anything is started.

        Args:
            stages: Which sections.
            node_options: Leave options that the plug-in does not have to the stage's ROS node,
                which has options of its own and refuses the others.
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

    def as_mapping(self) -> dict[str, Any]:
        """The same as plain data, as a configuration file holds it."""
        return {**{key: getattr(self, key) for key in TOP_LEVEL},
                **{stage: dict(section) for stage, section in self.stages.items() if section}}


def load_settings(files: Iterable[str | pathlib.Path] = (), params: Iterable[str] = (),
                  **overrides: Any) -> Settings:
    """The defaults, overlaid by `files`, then `overrides`, then `params`.

    Where a layer names another plug-in, the options of the layers below for the former one go.

    Args:
        files: YAML files like config/retarget.yaml, later ones win.
        params: 'stage.key=value' (the value as in YAML), or a top-level 'key=…'.
        overrides: Top-level keys; None is no wish. A stage's value is a mapping.

    Raises:
        ConfigurationError: A file, key or value is wrong; the message names it.
    """
    wishes = {k: v for k, v in overrides.items() if v is not None}
    layers = [(pathlib.Path(file).name, read_yaml(file)) for file in files]
    layers.append(('', wishes))
    layers += [(text, parse_param(text)) for text in params]
    merged = read_yaml(resource(*DEFAULTS))
    for where, layer in layers:
        merged = overlay(merged, layer, where)
    return Settings(**{key: merged[key] for key in TOP_LEVEL},
                    stages={stage: merged.get(stage) or {} for stage in STAGES})


def overlay(below: Mapping[str, Any], layer: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`below` with the wishes of `layer`, which is checked; `where` names it in errors."""
    prefix = f'{where}: ' if where else ''
    result = dict(below)
    for key, value in layer.items():
        if key in TOP_LEVEL:
            if not isinstance(value, TOP_LEVEL[key]):
                raise ConfigurationError(
                    f'{prefix}{key}: expected {TOP_LEVEL[key].__name__}, got {value!r}')
            result[key] = value
        elif key in STAGES:
            result[key] = _overlay_section(below.get(key) or {}, value, f'{prefix}{key}')
        else:
            raise ConfigurationError(f'{prefix}unknown key {key!r}; '
                                     f'{suggest(key, (*TOP_LEVEL, *STAGES))}')
    return result


def _overlay_section(below: Mapping[str, Any], section: Any, where: str) -> dict[str, Any]:
    if section is None:
        return dict(below)
    if not isinstance(section, Mapping):
        raise ConfigurationError(f'{where}: expected keys and values, got {section!r}')
    for key in section:
        if not isinstance(key, str):
            raise ConfigurationError(f'{where}: a key is a name, got {key!r}')
    if section.get('plugin', below.get('plugin')) != below.get('plugin'):
        return dict(section)
    return {**below, **section}


def parse_param(text: str) -> dict[str, Any]:
    """{'stage': {'key': value}} for 'stage.key=value', {'key': value} for 'key=value'."""
    path, equals, value_text = text.partition('=')
    keys = path.strip().split('.')
    if not equals or len(keys) > 2 or not all(keys):
        raise ConfigurationError(f'expected stage.key=value, got {text!r}')
    try:
        value = yaml.safe_load(value_text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f'{text}: {value_text!r} is not valid YAML') from error
    return {keys[0]: {keys[1]: value}} if len(keys) == 2 else {keys[0]: value}
