"""ROS parameters of a node, from the dataclasses that hold its defaults.

A node's parameters are `plugin` (which plug-in of its stage), the options of that plug-in, the
node's own options, and `robot` where the stage needs one. Defaults come from config/retarget.yaml
and the dataclasses, overrides from the parameter file or `--ros-args -p`. Whatever else is given
is refused by name. They hold from start to end: all are read-only.
"""
from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from ros_animate.configuration import ConfigurationError, build
from ros_animate.hardware.spec import RobotSpec
from ros_animate.plugins import find
from ros_animate.settings import load_settings

# Declared by rclpy itself.
_FOREIGN = ('use_sim_time', 'start_type_description_service', 'qos_overrides')
_LARGEST = sys.float_info.max
_LARGEST_INTEGER = 2 ** 63 - 1


@dataclass(frozen=True)
class Parameters:
    """The validated parameters of one node.

    Attributes:
        plugin: Name of the plug-in.
        config: Instance of the plug-in's `Config`.
        options: Instance of the node's own options.
        spec: The robot, None for stages that know none.
    """

    plugin: str
    config: Any
    options: Any
    spec: RobotSpec | None


def declare(node: Node, stage: str, options: type, *, with_robot: bool) -> Parameters:
    """Declares and checks every parameter of a stage's node; raises ConfigurationError.

    Args:
        node: Made with `automatically_declare_parameters_from_overrides=True`.
        stage: One of `plugins.STAGES`.
        options: Dataclass of the node's own options.
        with_robot: The stage needs to know the robot.
    """
    given = _given(node)
    own = {name: given.pop(name) for name in _fields(options) if name in given}
    robot = given.pop('robot', None) if with_robot else None
    settings = load_settings(robot=robot, **{stage: given})
    plugin = settings.plugin(stage)
    where = f'{stage} ({plugin})'
    config_type: Any = find(stage, plugin).Config  # type: ignore[attr-defined]
    config = build(config_type, _decoded(config_type, settings.options(stage)), where)
    chosen = build(options, _decoded(options, own), f'{stage} node')
    _declare(node, 'plugin', plugin, ParameterDescriptor(description=f'plug-in of {stage}'))
    if with_robot:
        _declare(node, 'robot', settings.robot, ParameterDescriptor(
            description='name of a robot, or path of its description'))
    for instance in (config, chosen):
        for name, value, descriptor in _described(instance):
            _declare(node, name, value, descriptor)
    return Parameters(plugin, config, chosen, settings.spec if with_robot else None)


def declare_options(node: Node, options: type) -> Any:
    """Declares and checks the parameters of a node that is no stage; returns the options."""
    chosen = build(options, _decoded(options, _given(node)), node.get_name())
    for name, value, descriptor in _described(chosen):
        _declare(node, name, value, descriptor)
    return chosen


def to_ros(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a section as ROS parameters: nested mappings flattened with dots."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat.update({f'{key}.{inner}': v for inner, v in to_ros(value).items()})
        else:
            flat[key] = _encoded(value)
    return flat


def _given(node: Node) -> dict[str, Any]:
    """The overrides that the node was started with, dots as nested mappings."""
    return _nest({name: _plain(parameter.value)
                  for name, parameter in node.get_parameters_by_prefix('').items()
                  if name.split('.')[0] not in _FOREIGN})


def _fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    return {f.name: f for f in dataclasses.fields(cls)}


def _decoded(cls: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given`, with text that stands for a structure read as YAML."""
    hints = typing.get_type_hints(cls)
    return {name: yaml.safe_load(value) if isinstance(value, str)
            and _is_structure(hints.get(name)) else value for name, value in given.items()}


def _is_structure(hint: Any) -> bool:
    return (typing.get_origin(hint) or hint) in (list, tuple, dict)


def _described(instance: Any) -> Iterator[tuple[str, Any, ParameterDescriptor]]:
    for name, field in _fields(type(instance)).items():
        value = getattr(instance, name)
        entries = to_ros({name: value}) if isinstance(value, Mapping) else {name: _encoded(value)}
        for full_name, entry in entries.items():
            yield full_name, entry, _descriptor(field, entry)


def _descriptor(field: dataclasses.Field[Any], value: Any) -> ParameterDescriptor:
    metadata = field.metadata
    descriptor = ParameterDescriptor(description=metadata.get('help') or '')
    if metadata.get('choices'):
        descriptor.additional_constraints = 'one of: ' + ', '.join(map(str, metadata['choices']))
    low, high = metadata.get('low'), metadata.get('high')
    if low is None and high is None:
        return descriptor
    if isinstance(value, float):
        descriptor.floating_point_range = [FloatingPointRange(
            from_value=float(-_LARGEST if low is None else low),
            to_value=float(_LARGEST if high is None else high))]
    elif isinstance(value, int) and not isinstance(value, bool):
        descriptor.integer_range = [IntegerRange(
            from_value=int(-_LARGEST_INTEGER if low is None else low),
            to_value=int(_LARGEST_INTEGER if high is None else high))]
    return descriptor


def _declare(node: Node, name: str, value: Any, descriptor: ParameterDescriptor) -> None:
    if node.has_parameter(name):
        # It came from an override, without description and perhaps as an integer for a float.
        node.undeclare_parameter(name)
    descriptor.read_only = True
    descriptor.dynamic_typing = value is None
    node.declare_parameter(name, value, descriptor, ignore_override=True)


def _encoded(value: Any) -> Any:
    """A value that ROS can hold: all but a filled list of one type of item becomes YAML text."""
    if isinstance(value, Mapping):
        return yaml.safe_dump(_plain(value), default_flow_style=True).strip()
    if isinstance(value, (list, tuple)):
        items = list(value)
        if any(isinstance(i, float) for i in items) and all(
                isinstance(i, (int, float)) and not isinstance(i, bool) for i in items):
            return [float(i) for i in items]
        if len({type(i) for i in items}) != 1 or any(
                not isinstance(i, (bool, int, float, str)) for i in items):
            return yaml.safe_dump(_plain(items), default_flow_style=True).strip()
        return items
    return value


def _plain(value: Any) -> Any:
    """Arrays and tuples as lists, all the way down."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (str, bytes)) or not hasattr(value, '__iter__'):
        return value
    return [_plain(v) for v in value]


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{'a.b': 1}` as `{'a': {'b': 1}}`."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split('.')
        level = nested
        for part in path:
            level = level.setdefault(part, {})
            if not isinstance(level, dict):
                raise ConfigurationError(f'{name}: {part!r} is given both as a value and as a group')
        level[last] = value
    return nested
