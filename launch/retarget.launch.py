"""The whole pipeline: the face of a camera or a video drives the face of a robot.

ros2 launch ros_animate retarget.launch.py
ros2 launch ros_animate retarget.launch.py source:=topic:/usb_cam/image_raw robot:=ameca_zmq
ros2 launch ros_animate retarget.launch.py source:=face.mp4 namespace:=left composed:=true
ros2 launch ros_animate retarget.launch.py source:=face.mp4 path:=image
"""
import dataclasses

from launch.action import Action

from launch import LaunchDescription
from ros_animate.configuration import ConfigurationError
from ros_animate.outputs.share import Share
from ros_animate.plugins import STAGES
from ros_animate.runtime.launch_actions import describe_launch, pipeline_nodes
from ros_animate.runtime.launch_arguments import COMMON_ARGUMENTS, settings_of
from ros_animate.runtime.launch_plan import make_launch_plan, stages_left_out
from ros_animate.runtime.source_sections import motion_mistake, source_sections

# name: (default, description)
ARGUMENTS = {
    'source': ('', 'demo, device, /dev/videoN, a video, a folder of images, topic:/NAME, '
                   'live_link_face:, ifacialmocap:PHONE, facemotion3d:PHONE, vmc:PORT, take.csv, '
                   "or a camera plug-in; empty: the configuration's"),
    'record_take': ('', "a CSV file of the person's blendshapes and angles"),
    'vmc': ('', 'HOST:PORT of a program that receives VMC'),
    'vmc_of': ('person', 'motion that is sent by VMC: person or robot'),
    'virtual_camera': ('', 'device of a virtual camera; auto: the first one'),
    'stream': ('', '[HOST:]PORT at which images are served for browsers and OBS'),
    'show': ('both', 'images for virtual camera and stream: both, robot or portrait'),
    **COMMON_ARGUMENTS,
}


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, nodes."""
    return describe_launch(ARGUMENTS, make_nodes)


def make_nodes(given: dict[str, str]) -> list[Action]:
    """The nodes for the values of the arguments, which are checked here."""
    sections = source_sections(given['source']) if given['source'] else {}
    if mistake := motion_mistake(sections, given['motion']):
        raise ConfigurationError(mistake)
    settings = settings_of(given, **sections)
    left_out = stages_left_out(settings)
    settings.check((stage for stage in STAGES if stage not in left_out), node_options=True)
    plan = make_launch_plan(settings, namespace=given['namespace'])
    extra = {'record': {'bag': given['record'], 'image_transport': plan.image_transport}
             } if given['record'] else {}
    share = Share(take=given['record_take'], **{
        name: given[name] for name in ('vmc', 'vmc_of', 'virtual_camera', 'stream', 'show')})
    if share:
        extra['share'] = {'robot': settings.robot, **dataclasses.asdict(share)}
    return pipeline_nodes(plan, given, extra)
