"""The whole pipeline: a camera's (or a video's) face drives a robot's face.

ros2 launch ros_animate retarget.launch.py
ros2 launch ros_animate retarget.launch.py source:=topic:/usb_cam/image_raw robot:=ameca_zmq
ros2 launch ros_animate retarget.launch.py source:=face.mp4 namespace:=left composed:=true
ros2 launch ros_animate retarget.launch.py source:=face.mp4 path:=image
"""
from launch.action import Action
from launch.actions import OpaqueFunction

from launch import LaunchContext, LaunchDescription
from ros_animate.camera.resolve import resolve
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

# name: (default, description); no default means required
ARGUMENTS = {
    'source': ('', 'demo, device, /dev/videoN, a video, a folder of pictures, topic:/NAME, or a '
                   "camera plug-in; empty: the configuration's"),
    'robot': ('', 'a robot (`ros_animate robots list`) or the path of a robot file'),
    'motion': ('', 'plug-in of the stage motion'),
    'animator': ('', 'plug-in of the stage animation'),
    'policy': ('', 'plug-in of the stage policy; one that observes pictures makes the way lead '
                   'through the animated portrait'),
    'path': ('', 'image (through the animated portrait) or features (straight from the motion): '
             "chooses the path's usual policy; empty: the configuration's"),
    'portrait': ('', "the picture to animate; empty: the robot's own virtual face"),
    'mirror': ('false', 'the robot moves as the mirror image would'),
    'config': ('', 'YAML like config/retarget.yaml'),
    'params': ('', 'ROS parameter file; wins over all other arguments'),
    'namespace': ('', 'of all nodes and topics'),
    'composed': ('false', 'all nodes in one process'),
    'record': ('', 'a bag to be made of the run'),
}


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, nodes."""
    return LaunchDescription([*declared(ARGUMENTS), *preparations(),
                              OpaqueFunction(function=make_nodes)])


def make_nodes(context: LaunchContext) -> list[Action]:
    """The nodes for the values of the arguments, which are checked here."""
    given = values_of(context, ARGUMENTS)
    given['policy'] = policy_of_path(given['path'], given['policy'])
    plugins = {stage: {'plugin': given[name]} for stage, name in (
        ('motion', 'motion'), ('animation', 'animator'), ('policy', 'policy')) if given[name]}
    if given['source']:
        plugin, options = resolve(given['source'])
        plugins['camera'] = {'plugin': plugin, **options}
    settings = load_settings(
        [given['config']] if given['config'] else [], robot=given['robot'] or None,
        portrait=given['portrait'] or None, mirror=is_true('mirror', given['mirror']) or None,
        **plugins)
    settings.check((stage for stage in STAGES
                    if stage != 'camera' or settings.plugin('camera') != 'topic'),
                   node_options=True)
    extra = {'record': {'bag': given['record']}} if given['record'] else {}
    return pipeline_nodes(arrange(settings), namespace=given['namespace'],
                          composed=is_true('composed', given['composed']), extra=extra,
                          params=given['params'])
