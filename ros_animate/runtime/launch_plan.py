"""Plans which nodes run, with which parameters; imports no ROS.

The command line and the launch files both start from here, so that the same settings give the same
pipeline however it is run.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ros_animate.errors import UserError
from ros_animate.motion.base import LANDMARKS
from ros_animate.nodes.parameter_values import to_ros
from ros_animate.nodes.topic_motion import IMAGES, has_mesh, motion_input
from ros_animate.nodes.topics import COMPRESSED, TOPICS, Topic
from ros_animate.plugins import STAGES, find
from ros_animate.ros_names import check_topic, full_namespace
from ros_animate.settings import Settings

# Topics of the pipeline that another node may publish in its place.
SOURCES = ('image_raw', f'image_raw{COMPRESSED}', 'faces')
# Topics of every node.
COMMON = {'/rosout': Topic('rcl_interfaces/msg/Log'),
          '/parameter_events': Topic('rcl_interfaces/msg/ParameterEvent')}
WITH_ROBOT = ('animation', 'policy', 'smoothing', 'hardware')


@dataclass(frozen=True)
class LaunchPlan:
    """The nodes of a run.

    Attributes:
        parameters: ROS parameters of each node, by stage; a stage without a node is not in it.
        remappings: (from, to) names of topics.
        image_transport: Transport of the camera's images, 'raw' or 'compressed'.
    """

    parameters: Mapping[str, dict[str, Any]]
    remappings: tuple[tuple[str, str], ...] = ()
    image_transport: str = 'raw'

    @property
    def without(self) -> list[str]:
        """Stages that have no node."""
        return [stage for stage in STAGES if stage not in self.parameters]


def make_launch_plan(settings: Settings, more: Mapping[str, Mapping[str, Any]] | None = None, *,
                     stages: Sequence[str] = STAGES, namespace: str = '') -> LaunchPlan:
    """Plans the nodes for the settings.

    Args:
        settings: Checked settings.
        more: Options of the nodes themselves, by stage.
        stages: Stages that are to run.
        namespace: Namespace of all nodes.

    Raises:
        UserError: The camera's topic or the namespace is not possible.
    """
    from_topic = 'camera' in stages and settings.plugin('camera') == 'topic'
    left_out = stages_left_out(settings)
    parameters = {stage: _stage_parameters(settings, stage) for stage in stages
                  if stage not in left_out}
    if 'animation' in parameters:
        parameters['animation']['background'] = not observes_image(settings)
    transport = 'raw'
    remappings: tuple[tuple[str, str], ...] = ()
    source = motion_input(find('motion', settings.plugin('motion')))
    if from_topic and source:
        topic = _source_topic(settings, full_namespace(namespace))
        if source == IMAGES:
            if topic.endswith(COMPRESSED):
                topic, transport = topic.removesuffix(COMPRESSED), 'compressed'
            parameters['motion']['image_transport'] = transport
        remappings = ((source, topic),)
    for stage, values in (more or {}).items():
        if stage in parameters:
            parameters[stage].update(to_ros(values))
    return LaunchPlan(parameters, remappings, transport)


def parameter_file(parameters: Mapping[str, Mapping[str, Any]], namespace: str = '') -> str:
    """The text of a ROS parameter file.

    Args:
        parameters: Parameters of each node, by its name.
        namespace: Namespace of all nodes.
    """
    prefix = full_namespace(namespace)
    return yaml.safe_dump({f'{prefix}/{name}': {'ros__parameters': dict(values)}
                           for name, values in parameters.items()})


def is_seen(settings: Settings) -> bool:
    """True if the pipeline sees the camera's images, not only the motion in them."""
    return motion_input(find('motion', settings.plugin('motion'))) == IMAGES


def entry_stage(settings: Settings) -> str:
    """Stage whose node is the source of a run: the camera, or the motion that needs none."""
    return 'motion' if settings.has_motion_source else 'camera'


def is_shown(settings: Settings) -> bool:
    """True if there are images of the person: the camera's, or drawn ones."""
    return is_seen(settings) or settings.has_motion_source


def stages_left_out(settings: Settings) -> tuple[str, ...]:
    """Stages for which the pipeline has no node of its own.

    Raises:
        UserError: The policy waits for an animated portrait that the motion cannot animate.
    """
    motion: Any = find('motion', settings.plugin('motion'))
    left_out = []
    if settings.plugin('camera') == 'topic' or not is_seen(settings):
        left_out.append('camera')
    if not has_mesh(motion):
        if observes_image(settings):
            raise UserError(f'the motion {settings.plugin("motion")} has no face mesh to animate a '
                            'portrait with: leave out path image, or use motion mediapipe')
        left_out.append('animation')
    return tuple(left_out)


def _source_topic(settings: Settings, prefix: str) -> str:
    """The topic of the source; one that the nodes themselves publish is no source."""
    topic = check_topic(str(settings.options('camera').get('topic', '')))
    full = topic if topic.startswith('/') else f'{prefix}/{topic}'
    for name, known in {**TOPICS, **COMMON}.items():
        own = name if name.startswith('/') else f'{prefix}/{name}'
        if full == own and name not in SOURCES:
            raise UserError(f'{full} holds {known.type_name} of the pipeline itself: choose the '
                            "camera's image topic (`ros_animate topics` lists them)")
    return topic


def observes_image(settings: Settings) -> bool:
    """True if the policy waits for the animated portrait."""
    return find('policy', settings.plugin('policy')).observes == 'image'  # type: ignore[attr-defined]


def _stage_parameters(settings: Settings, stage: str) -> dict[str, Any]:
    # The section may hold options of the node besides those of the plug-in.
    options = {**settings.options(stage), **settings.stages[stage]}
    values = {**to_ros(options), 'plugin': settings.plugin(stage)}
    if stage in WITH_ROBOT:
        values['robot'] = settings.robot
    if stage == 'motion':
        values['mirror'] = settings.mirror
    if stage == 'animation':
        animator: Any = find(stage, settings.plugin(stage))
        values['portrait'] = settings.portrait
        values['own_extractor'] = animator.extractor != settings.plugin('motion') and not (
            settings.has_motion_source and animator.extractor == LANDMARKS)
    return values
