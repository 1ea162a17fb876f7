"""Plans the processes of a fleet: shared stages, and the nodes of each robot. Imports no ROS."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ros_animate.plugins import STAGES
from ros_animate.runtime.fleet_file import FleetRobot
from ros_animate.runtime.launch_plan import (
    LaunchPlan,
    entry_stage,
    make_launch_plan,
    parameter_file,
)

# Stages of which one process serves all robots.
SHARED = ('motion', 'animation')
WATCH = 'watch'
# Their topics (REP-155) have global names, under which the faces of all robots would mix.
NO_GLOBAL_FACES = {'motion': {'hri': 'never'}}


@dataclass(frozen=True)
class FleetPlan:
    """The nodes of a fleet.

    Attributes:
        parameters: Text of the ROS parameter file for all nodes.
        remappings: (from, to) names of topics, the first one in full: for all nodes.
        shared: Namespaces of the robots that each shared process serves, by its stage.
        own: Stages that each robot has nodes of its own for, by its namespace.
        is_animation_background: True if no command waits for an animated portrait.
    """

    parameters: str
    remappings: tuple[tuple[str, str], ...]
    shared: Mapping[str, Sequence[str]]
    own: Mapping[str, Sequence[str]]
    is_animation_background: bool

    def without(self, namespace: str) -> list[str]:
        """Stages that a robot has no nodes of its own for."""
        return [stage for stage in STAGES if stage not in self.own[namespace]]


def make_fleet_plan(robots: Sequence[FleetRobot], *, watched: bool = False,
                    more: Mapping[str, Mapping[str, Any]] | None = None) -> FleetPlan:
    """Plans the nodes of the robots.

    Args:
        robots: The robots.
        watched: True for a watcher of each robot, for which its source waits.
        more: Options of the nodes themselves, by stage; those of the fleet file win.
    """
    more = {**NO_GLOBAL_FACES, **(more or {})} if len(robots) > 1 else more or {}
    plans = {robot.namespace: _plan(robot, watched, more) for robot in robots}
    texts = [parameter_file(_with_watch(plans[robot.namespace], robot) if watched
                            else plans[robot.namespace].parameters, robot.namespace)
             for robot in robots]
    shared = {stage: [name for name, plan in plans.items() if stage in plan.parameters]
              for stage in SHARED}
    if watched:
        shared[WATCH] = list(plans)
    return FleetPlan(
        ''.join(texts),
        tuple((f'{name}/{source}', target) for name, plan in plans.items()
              for source, target in plan.remappings),
        {stage: names for stage, names in shared.items() if names},
        {name: [stage for stage in plan.parameters if stage not in SHARED]
         for name, plan in plans.items()},
        all(plans[name].parameters['animation']['background'] for name in shared['animation']))


def _plan(robot: FleetRobot, watched: bool, more: Mapping[str, Mapping[str, Any]]) -> LaunchPlan:
    given = robot.settings.stages
    options = {stage: {k: v for k, v in values.items() if k not in given[stage]}
               for stage, values in more.items()}
    if watched:
        entry = entry_stage(robot.settings)
        ends = {'exit_at_end': True} if entry == 'camera' else {}
        options[entry] = {**options.get(entry, {}), **ends, 'wait_for': [WATCH]}
    return make_launch_plan(robot.settings, options, namespace=robot.namespace)


def _with_watch(plan: LaunchPlan, robot: FleetRobot) -> dict[str, dict[str, Any]]:
    return {**plan.parameters, WATCH: {
        'robot': robot.settings.robot, 'image_transport': plan.image_transport,
        'wait_for': [stage for stage in plan.parameters if stage != 'camera']}}
