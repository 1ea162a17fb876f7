"""One camera, one face tracker, two robots in namespaces of their own.

ros2 launch examples/two_robots.launch.py
ros2 launch examples/two_robots.launch.py source:=topic:/usb_cam/image_raw left:=ameca

Camera and tracker run once, so the second robot costs no second tracking. The process of a robot
leaves out both stages and listens to the common /motion; limits, emergency stop, neutral face and
gains are each robot's own: `ros2 service call /left/hardware/estop std_srvs/srv/Trigger`.
"""
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.launch_context import LaunchContext
from launch_ros.actions import Node

from launch import LaunchDescription
from ros_animate.camera.resolve import resolve
from ros_animate.nodes.middleware import PROFILES
from ros_animate.nodes.parameter_values import to_ros
from ros_animate.runtime.environment import node_environment

# name: (default, description)
ARGUMENTS = {
    'source': ('demo', 'demo, device, /dev/videoN, a video, or topic:/NAME of a camera driver'),
    'left': ('mock', 'robot in the namespace left: a name or the path of a robot file'),
    'right': ('mock', 'robot in the namespace right'),
    'params': ('', 'ROS parameter file for all nodes'),
}
RESPAWN = {'respawn': True, 'respawn_delay': 1.0, 'output': 'screen'}


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, nodes."""
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        SetEnvironmentVariable(PROFILES, node_environment()[PROFILES]),
        OpaqueFunction(function=make_nodes)])


def make_nodes(context: LaunchContext) -> list[Node]:
    """The common nodes and the process of each robot."""
    given = context.launch_configurations
    plugin, options = resolve(given['source'])
    more = [given['params']] if given['params'] else []
    nodes = []
    topic = 'image_raw'
    if plugin == 'topic':
        topic = options['topic']
    else:
        nodes.append(Node(package='ros_animate', executable='camera_node', name='camera',
                          parameters=[{'plugin': plugin, **to_ros(options)}, *more],
                          **RESPAWN))
    nodes.append(Node(package='ros_animate', executable='motion_node', name='motion',
                      parameters=more, remappings=[('image_raw', topic)], **RESPAWN))
    return nodes + [robot(name, given[name], more) for name in ('left', 'right')]


def robot(namespace: str, name: str, more: list[str]) -> Node:
    """The process of one robot: all stages but camera and motion."""
    return Node(package='ros_animate', executable='composed_node', namespace=namespace,
                arguments=['camera', 'motion'], parameters=[{'robot': name}, *more],
                remappings=[('motion', '/motion')], **RESPAWN)
