"""A view of a running pipeline: the robot's model, the persons' heads, all images, in RViz.

ros2 launch ros_animate view.launch.py robot:=ameca
ros2 launch ros_animate view.launch.py robot:=my_head.yaml namespace:=left rviz:=false

robot_state_publisher moves the model with joint_states; tf_node gives head and gaze of persons.
In a namespace /tf is that of the namespace. config/view.foxglove.json is the layout for Foxglove.
"""
import pathlib
import shutil
import tempfile

from launch.action import Action
from launch.actions import RegisterEventHandler
from launch.event_handlers import OnShutdown
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import LaunchDescription
from ros_animate.configuration import ConfigurationError, resource
from ros_animate.nodes.topics import TOPICS
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.urdf import BASE
from ros_animate.robot.urdf_meshes import write_description
from ros_animate.ros_names import full_namespace
from ros_animate.runtime.launch_actions import PACKAGE, describe_launch
from ros_animate.runtime.launch_arguments import is_true

# name: (default, description)
ARGUMENTS = {
    'robot': ('mock', 'a robot (`ros_animate robots list`) or the path of a robot file'),
    'namespace': ('', 'namespace of the pipeline'),
    'rviz': ('true', 'start RViz with config/view.rviz'),
    'rviz_config': ('', 'another configuration for RViz'),
    'faces': ('true', "persons' heads and gazes as TF"),
    'camera_frame': ('camera_optical_frame', "the camera's optical frame"),
    'camera_pose': ('0.1 0 0.16 -1.5708 0 -1.5708', "x y z yaw pitch roll of the camera's optical "
                    'frame in base_link (m, rad); empty: another node gives it'),
    'urdf_folder': ('', 'where URDF and meshes are written; empty: a temporary folder'),
}
# The viewer's topics besides those of the pipeline.
VIEWED = ('robot_description', 'tf', 'tf_static')


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, nodes."""
    return describe_launch(ARGUMENTS, make_nodes)


def make_nodes(given: dict[str, str]) -> list[Action]:
    """The nodes for the values of the arguments, which are checked here."""
    prefix = full_namespace(given['namespace'])
    actions: list[Action] = []
    if given['urdf_folder']:
        folder = pathlib.Path(given['urdf_folder']).expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
    else:
        folder = pathlib.Path(tempfile.mkdtemp(prefix='ros_animate-'))
        actions.append(RegisterEventHandler(OnShutdown(
            on_shutdown=lambda event, context: shutil.rmtree(folder, ignore_errors=True))))
    return [*actions, *view_nodes(given, prefix, folder)]


def view_nodes(given: dict[str, str], prefix: str, folder: pathlib.Path) -> list[Node]:
    """The nodes of the view; writes URDF and meshes into the folder."""
    urdf, _ = write_description(load_spec(given['robot']), folder)
    common = {'namespace': prefix, 'output': 'screen', 'remappings': [
        ('/tf', 'tf'), ('/tf_static', 'tf_static')] if prefix else []}
    nodes = [Node(package='robot_state_publisher', executable='robot_state_publisher',
                  parameters=[{'robot_description': ParameterValue(
                      urdf.read_text(encoding='utf-8'), value_type=str)}], **common)]
    if is_true('faces', given['faces']):
        nodes.append(Node(package=PACKAGE, executable='tf_node', name='tf', parameters=[
            {'optical_frame': given['camera_frame']}], **common))
    if given['camera_pose']:
        nodes.append(Node(package='tf2_ros', executable='static_transform_publisher',
                          name='camera_frame', arguments=camera_arguments(given), **common))
    if is_true('rviz', given['rviz']):
        config = given['rviz_config'] or str(resource('config', 'view.rviz'))
        names = [*VIEWED, *(name for name in TOPICS if not name.startswith('/'))]
        nodes.append(Node(package='rviz2', executable='rviz2', arguments=['-d', config],
                          namespace=prefix, output='screen', remappings=[
                              (f'/{name}', f'{prefix}/{name}') for name in names if prefix]))
    return nodes


def camera_arguments(given: dict[str, str]) -> list[str]:
    """Arguments of static_transform_publisher."""
    values = given['camera_pose'].split()
    try:
        numbers = [str(float(value)) for value in values]
    except ValueError:
        numbers = []
    if len(numbers) != 6:
        raise ConfigurationError('camera_pose: expected six numbers, x y z yaw pitch roll, got '
                                 f'{given["camera_pose"]!r}')
    flags = ('--x', '--y', '--z', '--yaw', '--pitch', '--roll')
    return [part for pair in zip(flags, numbers, strict=True) for part in pair] + [
        '--frame-id', BASE, '--child-frame-id', given['camera_frame']]
