"""What the launch files share: from arrangements to launch actions. Needs launch and launch_ros."""
from __future__ import annotations

import pathlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.event_handlers import OnProcessExit, OnShutdown
from launch.events.process import ProcessExited
from launch.launch_context import LaunchContext
from launch_ros.actions import Node

from ros_animate.configuration import ConfigurationError
from ros_animate.nodes.middleware import PROFILES
from ros_animate.nodes.running import EXIT_USER_ERROR
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.launch_plan import Arrangement, parameter_file

PACKAGE = 'ros_animate'
RESPAWN_DELAY_S = 1.0
TRUTH = {'true': True, '1': True, 'yes': True, 'on': True,
         'false': False, '0': False, 'no': False, 'off': False, '': False}


def declared(arguments: Mapping[str, tuple[str | None, str]]) -> list[Action]:
    """Launch arguments from {name: (default, description)}; without default they are required."""
    return [DeclareLaunchArgument(name, default_value=default, description=text)
            for name, (default, text) in arguments.items()]


def values_of(context: LaunchContext, arguments: Mapping[str, Any]) -> dict[str, str]:
    """What the arguments were given."""
    return {name: context.launch_configurations[name] for name in arguments}


def is_true(name: str, text: str) -> bool:
    """A launch argument as a truth value; raises ConfigurationError."""
    if text.lower() not in TRUTH:
        raise ConfigurationError(f'{name}: expected true or false, got {text!r}')
    return TRUTH[text.lower()]


def preparations() -> list[Action]:
    """The transport for images; a node that refuses its parameters ends the launch."""
    return [SetEnvironmentVariable(PROFILES, node_environment()[PROFILES]),
            RegisterEventHandler(OnProcessExit(on_exit=_end_if_refused))]


def pipeline_nodes(arrangement: Arrangement, *, namespace: str, composed: bool,
                   extra: Mapping[str, dict[str, Any]] | None = None,
                   params: str = '') -> list[Action]:
    """The nodes of an arrangement, each started again when it crashes.

    Args:
        arrangement: Nodes, parameters, remappings.
        namespace: Of all nodes.
        composed: All in one process.
        extra: Parameters of further nodes by name, `record` or `replay`.
        params: Path of a ROS parameter file that wins; '' for none.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix='ros_animate-'))
    path = folder / 'parameters.yaml'
    path.write_text(parameter_file({**arrangement.parameters, **(extra or {})}, namespace),
                    encoding='utf-8')
    common: dict[str, Any] = {
        'package': PACKAGE, 'namespace': namespace, 'output': 'screen',
        'parameters': [str(path), *([params] if params else [])],
        'remappings': list(arrangement.remappings)}
    respawn = {'respawn': True, 'respawn_delay': RESPAWN_DELAY_S}
    nodes: list[Action] = [RegisterEventHandler(OnShutdown(
        on_shutdown=lambda event, context: shutil.rmtree(folder, ignore_errors=True)))]
    if composed:
        nodes.append(Node(executable='composed_node', arguments=arrangement.without,
                          **common, **respawn))
    else:
        nodes += [Node(executable=f'{stage}_node', name=stage, **common, **respawn)
                  for stage in arrangement.parameters]
    for name in extra or {}:
        on_exit = [Shutdown(reason='the bag has ended')] if name == 'replay' else None
        nodes.append(Node(executable=f'{name}_node', name=name, on_exit=on_exit, **common))
    return nodes


def _end_if_refused(event: ProcessExited, context: LaunchContext) -> Sequence[Action]:
    if event.returncode != EXIT_USER_ERROR:
        return []
    return [Shutdown(reason=f'{event.process_name} refused to start')]
