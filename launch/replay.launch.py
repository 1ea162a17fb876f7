"""A bag in the place of a stage: its messages drive the stages that come after.

    ros2 launch ros_animate replay.launch.py bag:=output/bag
    ros2 launch ros_animate replay.launch.py bag:=output/bag from_stage:=motion robot:=ameca_zmq

The nodes run on the time of the bag (use_sim_time), so stamps are as old as they were.
"""
from launch.action import Action

from launch import LaunchDescription
from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.nodes.topics import replaceable_stages, replacing_topics
from ros_animate.plugins import STAGES
from ros_animate.runtime.launch_actions import describe_launch, pipeline_nodes
from ros_animate.runtime.launch_arguments import COMMON_ARGUMENTS, is_true, settings_of
from ros_animate.runtime.launch_plan import make_launch_plan

# name: (default, description); no default means required
ARGUMENTS = {
    'bag': (None, 'folder of the bag'),
    'from_stage': ('camera', 'stage whose messages are taken from the bag: '
                   + ', '.join(replaceable_stages())),
    'rate': ('1.0', 'how many times faster than recorded'),
    'loop': ('false', 'start over at the end'),
    'image_transport': ('raw', 'raw or compressed: the images of the bag that are used'),
    **COMMON_ARGUMENTS,
}


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, nodes."""
    return describe_launch(ARGUMENTS, make_nodes)


def make_nodes(given: dict[str, str]) -> list[Action]:
    """The nodes for the values of the arguments, which are checked here."""
    replaced = given['from_stage']
    if replaced not in replaceable_stages():
        raise ConfigurationError(f'from_stage: {replaced!r} is unknown; '
                                 f'{suggest(replaced, replaceable_stages())}')
    settings = settings_of(given)
    stages = STAGES[STAGES.index(replaced) + 1:]
    settings.check(stages, node_options=True)
    more = {stage: {'use_sim_time': True} for stage in stages}
    more.setdefault('motion', {})['image_transport'] = given['image_transport']
    extra = {'replay': {
        'bag': given['bag'], 'rate': float(given['rate']), 'topics': replacing_topics(replaced),
        'loop': is_true('loop', given['loop']),
        'wait_for': [*stages, *(['record'] if given['record'] else [])]}}
    if given['record']:
        extra['record'] = {'bag': given['record'], 'use_sim_time': True,
                           'image_transport': given['image_transport']}
    return pipeline_nodes(make_launch_plan(
        settings, more, stages=stages, namespace=given['namespace']), given, extra)
