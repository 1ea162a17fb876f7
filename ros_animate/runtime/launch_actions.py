"""Launch actions that the launch files share. Needs launch and launch_ros."""
from __future__ import annotations

import pathlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.event_handlers import OnProcessExit, OnProcessStart, OnShutdown
from launch.events import matches_action
from launch.events.process import ProcessExited, ProcessStarted, ShutdownProcess
from launch.launch_context import LaunchContext
from launch.launch_description import LaunchDescription
from launch_ros.actions import Node

from ros_animate.errors import ExitStatus
from ros_animate.nodes.middleware import PROFILES
from ros_animate.processes import module_command
from ros_animate.runtime import dashboard
from ros_animate.runtime.dashboard import dashboard_program
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.fleet_plan import FleetPlan
from ros_animate.runtime.launch_arguments import is_true
from ros_animate.runtime.launch_plan import LaunchPlan, parameter_file
from ros_animate.runtime.supervisor import HEALTHY_S, MAX_CRASHES

PACKAGE = 'ros_animate'
RESPAWN_DELAY_S = 1.0
# Begins the names of processes of one robot of a fleet.
ROBOT = 'robot'


def describe_launch(arguments: Mapping[str, tuple[str | None, str]],
                    make_nodes: Callable[[dict[str, str]], list[Action]]) -> LaunchDescription:
    """The launch description of one of the launch files.

    Args:
        arguments: (default, description) by name; without default an argument is required.
        make_nodes: Called with the values of the arguments; raises ConfigurationError.
    """
    def make(context: LaunchContext) -> list[Action]:
        return make_nodes({name: context.launch_configurations[name] for name in arguments})
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in arguments.items()),
        SetEnvironmentVariable(PROFILES, node_environment()[PROFILES]),
        *_give_up_handlers(),
        OpaqueFunction(function=make)])


def pipeline_nodes(plan: LaunchPlan, given: Mapping[str, str],
                   extra: Mapping[str, dict[str, Any]]) -> list[Action]:
    """The nodes of a launch plan, each started again when it crashes.

    Args:
        plan: Nodes, parameters, remappings.
        given: Values of the COMMON_ARGUMENTS.
        extra: Parameters of further nodes by name, `record` or `replay`.
    """
    namespace = given['namespace']
    path, remove = _parameter_file(parameter_file({**plan.parameters, **extra}, namespace))
    common: dict[str, Any] = {
        'package': PACKAGE, 'namespace': namespace, 'output': 'screen',
        'parameters': [path, *filter(None, [given['params']])],
        'remappings': list(plan.remappings)}
    nodes: list[Action] = [remove]
    nodes += _stage_nodes(plan, is_true('composed', given['composed']), common)
    if is_true('dashboard', given['dashboard']):
        nodes.append(_dashboard(namespace))
    for name in extra:
        on_exit = [Shutdown(reason='the bag has ended')] if name == 'replay' else None
        nodes.append(Node(executable=f'{name}_node', name=name, on_exit=on_exit, **common))
    return nodes


def fleet_nodes(plan: FleetPlan, given: Mapping[str, str]) -> list[Action]:
    """The nodes of a fleet, each process started again when it crashes.

    Args:
        plan: Nodes, parameters, remappings.
        given: Values of `params`, a further parameter file, and `composed`.
    """
    path, remove = _parameter_file(plan.parameters)
    common: dict[str, Any] = {
        'package': PACKAGE, 'output': 'screen', 'remappings': list(plan.remappings),
        'parameters': [path, *filter(None, [given['params']])],
        'respawn': True, 'respawn_delay': RESPAWN_DELAY_S}
    nodes: list[Action] = [remove]
    nodes += [Node(executable='fleet_node', arguments=[stage, *namespaces], **common)
              for stage, namespaces in plan.shared.items()]
    composed = is_true('composed', given['composed'])
    for namespace, stages in plan.own.items():
        label = ROBOT + namespace.replace('/', '_')
        if composed:
            nodes.append(Node(executable='composed_node', namespace=namespace, exec_name=label,
                              arguments=plan.without(namespace), **common))
            continue
        nodes += [Node(executable=f'{stage}_node', name=stage, namespace=namespace,
                       exec_name=f'{label}_{stage}', **common) for stage in stages]
    return nodes


def _parameter_file(text: str) -> tuple[str, Action]:
    """Path of a parameter file, and the action that removes it at the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='ros_animate-'))
    path = folder / 'parameters.yaml'
    path.write_text(text, encoding='utf-8')
    return str(path), RegisterEventHandler(OnShutdown(
        on_shutdown=lambda event, context: shutil.rmtree(folder, ignore_errors=True)))


def _dashboard(namespace: str) -> Action:
    """The dashboard, a process that the nodes do without."""
    program = dashboard_program(namespace)
    return ExecuteProcess(
        cmd=[*module_command(program.module), *program.arguments], name=program.name,
        output='screen')


def _stage_nodes(plan: LaunchPlan, composed: bool, common: Mapping[str, Any]) -> list[Action]:
    respawn = {'respawn': True, 'respawn_delay': RESPAWN_DELAY_S}
    if composed:
        return [Node(executable='composed_node', arguments=plan.without, **common, **respawn)]
    return [Node(executable=f'{stage}_node', name=stage, **common, **respawn)
            for stage in plan.parameters]


def _give_up_handlers() -> list[Action]:
    """Handlers that end the launch when a node cannot start."""
    ends = ProcessEnds()
    return [RegisterEventHandler(OnProcessStart(on_start=ends.note_start)),
            RegisterEventHandler(OnProcessExit(on_exit=ends.note_exit))]


class ProcessEnds:
    """Ends of the node processes; decides when the launch gives up.

    A node that has refused its parameters would refuse them again; one that crashes again and
    again soon after its start would go on so.
    """

    def __init__(self) -> None:
        self._started_s: dict[int, float] = {}
        self._crashes = Counter[str]()

    def note_start(self, event: ProcessStarted, context: LaunchContext) -> None:
        """Notes the time of a start."""
        self._started_s[event.pid] = time.monotonic()

    def note_exit(self, event: ProcessExited, context: LaunchContext) -> Sequence[Action]:
        """Returns the actions that end the launch, if it is to end."""
        name = event.process_name.rsplit('-', 1)[0]
        if name == dashboard.NAME:
            return []  # the nodes go on without it
        lived_s = time.monotonic() - self._started_s.pop(event.pid, 0.0)
        give_up = _give_up_robot(event) if name.startswith(ROBOT) else _give_up
        if event.returncode == ExitStatus.USER_ERROR:
            return give_up(f'{event.process_name} refused to start')
        if lived_s > HEALTHY_S:
            self._crashes[name] = 0
        # A negative number is that of a signal, which mostly comes from outside.
        self._crashes[name] += event.returncode > 0
        if self._crashes[name] < MAX_CRASHES:
            return []
        return give_up(f'{name} has crashed {MAX_CRASHES} times in a row')


def _give_up(reason: str) -> Sequence[Action]:
    # A shutdown does not show its reason.
    return [LogInfo(msg=f'ros_animate: error: {reason}'), Shutdown(reason=reason)]


def _give_up_robot(event: ProcessExited) -> Callable[[str], Sequence[Action]]:
    """Keeps the process of one robot from being started again; the others go on."""
    return lambda reason: [
        LogInfo(msg=f'ros_animate: error: {reason}; the other robots go on'),
        EmitEvent(event=ShutdownProcess(process_matcher=matches_action(event.action)))]
