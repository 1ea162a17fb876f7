"""ROS parameters of a node, from the dataclasses that hold its defaults.

A node's parameters are `plugin` (the plug-in of its stage), the options of that plug-in, the
node's own options, and `robot` where the stage needs one. Defaults come from config/retarget.yaml
and the dataclasses, overrides from the parameter file or `--ros-args -p`. Other parameters are
refused by name. All but the changeable ones are read-only.
"""
from __future__ import annotations

import dataclasses
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from ros_animate.configuration import build
from ros_animate.nodes.parameter_values import decoded, encoded, nested, plain, to_ros
from ros_animate.nodes.topics import COMPRESSED, TOPICS, jpeg_quality_parameter
from ros_animate.plugins import find
from ros_animate.robot.spec import RobotSpec
from ros_animate.settings import load_settings

# Parameters that rclpy declares itself.
_FOREIGN = ('use_sim_time', 'start_type_description_service', 'qos_overrides')
# Parameters of the publishers of images, which declare them.
_OF_IMAGES = {jpeg_quality_parameter(topic) for topic in TOPICS if f'{topic}{COMPRESSED}' in TOPICS}
_LARGEST = sys.float_info.max
_LARGEST_INTEGER = 2 ** 63 - 1


@dataclass(frozen=True)
class Parameters:
    """The validated parameters of one node.

    Attributes:
        plugin: Name of the plug-in.
        config: Instance of the plug-in's `Config`.
        options: Instance of the node's own options.
        spec: Description of the robot, None for stages without one.
    """

    plugin: str
    config: Any
    options: Any
    spec: RobotSpec | None


def declare(node: Node, stage: str, options: type, *, with_robot: bool,
            changeable: Collection[str] = ()) -> Parameters:
    """Declares and checks every parameter of a stage's node; raises ConfigurationError.

    Args:
        node: A node with `automatically_declare_parameters_from_overrides=True`.
        stage: Name of the stage, one of `plugins.STAGES`.
        options: Dataclass of the node's own options.
        with_robot: True if the stage needs the robot's description.
        changeable: Parameters that the node lets be set while it runs, besides those that the
            plug-in does.
    """
    given = _given(node)
    own = {name: given.pop(name) for name in _fields(options) if name in given}
    robot = given.pop('robot', None) if with_robot else None
    settings = load_settings(robot=robot, **{stage: given})
    plugin = settings.plugin(stage)
    where = f'{stage} ({plugin})'
    plugin_class: Any = find(stage, plugin)
    config_type: Any = plugin_class.Config
    changeable = {*changeable, *getattr(plugin_class, 'changeable', ())}
    config = build(config_type, decoded(config_type, settings.options(stage)), where)
    own_options: Any = build(options, decoded(options, own), f'{stage} node')
    _declare(node, 'plugin', plugin, ParameterDescriptor(description=f'plug-in of {stage}'))
    if with_robot:
        _declare(node, 'robot', settings.robot, ParameterDescriptor(
            description='name of a robot, or path of its description'))
    for instance in (config, own_options):
        for name, value, descriptor in _described(instance):
            _declare(node, name, value, descriptor, read_only=name not in changeable)
    return Parameters(plugin, config, own_options, settings.spec if with_robot else None)


def declare_options(node: Node, options: type) -> Any:
    """Declares and checks the parameters of a node outside of the stages; returns the options."""
    values: Any = build(options, decoded(options, _given(node)), node.get_name())
    for name, value, descriptor in _described(values):
        _declare(node, name, value, descriptor)
    return values


def declare_option(node: Node, name: str, options: type, field: str, default: Any) -> None:
    """Declares a parameter that may be set while the node runs, with the bounds of a field.

    Args:
        node: A node with `automatically_declare_parameters_from_overrides=True`.
        name: Name of the parameter.
        options: Dataclass that has the field.
        field: Name of the field.
        default: Value without an override.
    """
    given = node.get_parameter(name).value if node.has_parameter(name) else default
    value = getattr(build(options, {field: given}, name.removesuffix(f'.{field}')), field)
    _declare(node, name, value, _descriptor(_fields(options)[field], value), read_only=False)


def _given(node: Node) -> dict[str, Any]:
    """The parameters that the node was started with; dots in names become nested mappings."""
    return nested({name: plain(parameter.value)
                  for name, parameter in node.get_parameters_by_prefix('').items()
                  if name.split('.')[0] not in _FOREIGN and name not in _OF_IMAGES})


def _fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    return {f.name: f for f in dataclasses.fields(cls)}


def _described(instance: Any) -> Iterator[tuple[str, Any, ParameterDescriptor]]:
    for name, field in _fields(type(instance)).items():
        value = getattr(instance, name)
        entries = to_ros({name: value}) if isinstance(value, Mapping) else {name: encoded(value)}
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


def _declare(node: Node, name: str, value: Any, descriptor: ParameterDescriptor,
             read_only: bool = True) -> None:
    if node.has_parameter(name):
        # The override has no description, and may be an integer where a float is expected.
        node.undeclare_parameter(name)
    descriptor.read_only = read_only
    # An empty list is declared as text; it can only be changed to a list if the type is not fixed.
    descriptor.dynamic_typing = value is None or not read_only
    node.declare_parameter(name, value, descriptor, ignore_override=True)
