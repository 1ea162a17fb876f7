"""A bag in the place of a stage: its messages drive the stages that come after.

    ros2 launch ros_animate replay.launch.py bag:=output/bag
    ros2 launch ros_animate replay.launch.py bag:=output/bag from_stage:=motion robot:=ameca_zmq

The nodes run on the time of the bag (use_sim_time), so stamps are as old as they were.
"""
from launch.action import Action
from launch.actions import OpaqueFunction

from launch import LaunchContext, LaunchDescription
from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.plugins import STAGES
from ros_animate.policy.paths import policy_of_path
from ros_animate.runtime.launch_actions import (
    declared,
    is_true,
    pipeline_nodes,
    preparations,
    values_of,
)
from ros_animate.runtime.launch_plan import arrange
from ros_animate.settings import load_settings

# What each stage publishes for the next ones.
TOPICS = {
    'camera': ['image_raw', 'image_raw/compressed', 'camera_info'],
    'motion': ['motion'],
    'animation': ['motion', 'animated/image_raw'],
    'policy': ['actions'],
    'smoothing': ['joint_trajectory'],
}

# name: (default, description); no default means required
ARGUMENTS = {
    'bag': (None, 'folder of the bag'),
    'from_stage': ('camera', 'whose messages are taken from the bag: ' + ', '.join(TOPICS)),
    'rate': ('1.0', 'how many times faster than recorded'),
    'loop': ('false', 'start over at the end'),
    'image_transport': ('raw', 'raw or compressed: which pictures of the bag are looked at'),
    'robot': ('', 'a robot (`ros_animate robots list`) or the path of a robot file'),
    'motion': ('', 'plug-in of the stage motion'),
    'animator': ('', 'plug-in of the stage animation'),
    'policy': ('', 'plug-in of the stage policy'),
    'path': ('', 'image (through the animated portrait) or features (straight from the motion): '
             "chooses the path's usual policy; empty: the configuration's"),
    'portrait': ('', "the picture to animate; empty: the robot's own virtual face"),
    'mirror': ('false', 'the robot moves as the mirror image would'),
    'config': ('', 'YAML like config/retarget.yaml'),
    'params': ('', 'ROS parameter file; wins over all other arguments'),
    'namespace': ('', 'of all nodes and topics'),
    'composed': ('false', 'all nodes in one process'),
    'record': ('', 'a bag to be made of the replay'),
}


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, nodes."""
    return LaunchDescription([*declared(ARGUMENTS), *preparations(),
                              OpaqueFunction(function=make_nodes)])


def make_nodes(context: LaunchContext) -> list[Action]:
    """The nodes for the values of the arguments, which are checked here."""
    given = values_of(context, ARGUMENTS)
    if given['from_stage'] not in TOPICS:
        raise ConfigurationError(f'from_stage: {given["from_stage"]!r} is unknown; '
                                 f'{suggest(given["from_stage"], TOPICS)}')
    given['policy'] = policy_of_path(given['path'], given['policy'])
    plugins = {stage: {'plugin': given[name]} for stage, name in (
        ('motion', 'motion'), ('animation', 'animator'), ('policy', 'policy')) if given[name]}
    settings = load_settings(
        [given['config']] if given['config'] else [], robot=given['robot'] or None,
        portrait=given['portrait'] or None, mirror=is_true('mirror', given['mirror']) or None,
        **plugins)
    stages = STAGES[STAGES.index(given['from_stage']) + 1:]
    settings.check(stages, node_options=True)
    more = {stage: {'use_sim_time': True} for stage in stages}
    more.setdefault('motion', {})['image_transport'] = given['image_transport']
    extra = {'replay': {
        'bag': given['bag'], 'rate': float(given['rate']), 'topics': TOPICS[given['from_stage']],
        'loop': is_true('loop', given['loop']),
        'wait_for': [*stages, *(['record'] if given['record'] else [])]}}
    if given['record']:
        extra['record'] = {'bag': given['record'], 'use_sim_time': True}
    return pipeline_nodes(arrange(settings, more, stages=stages), namespace=given['namespace'],
                          composed=is_true('composed', given['composed']), extra=extra,
                          params=given['params'])
