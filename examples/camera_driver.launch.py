"""Another package's camera driver beside the pipeline.

ros2 launch examples/camera_driver.launch.py
ros2 launch examples/camera_driver.launch.py driver:=camera_ros robot:=ameca
ros2 launch examples/camera_driver.launch.py video_device:=/dev/video2 composed:=true

The driver publishes /camera/image_raw, the pipeline listens to it and has no camera node. All
arguments of retarget.launch.py but `source` may be given too.
"""
import pathlib

from ament_index_python.packages import get_package_share_directory
from launch.action import Action
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_context import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from launch import LaunchDescription

TOPIC = '/camera/image_raw'
FRAME_ID = 'camera_optical_frame'
# name: (default, description)
ARGUMENTS = {
    'driver': ('usb_cam', 'usb_cam or camera_ros, installed with apt'),
    'video_device': ('/dev/video0', 'device of usb_cam'),
    'width': ('640', 'width of the images'),
    'height': ('480', 'height of the images'),
}


def generate_launch_description() -> LaunchDescription:
    """Arguments, the driver, the pipeline."""
    pipeline = pathlib.Path(get_package_share_directory('ros_animate'), 'launch',
                            'retarget.launch.py')
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        OpaqueFunction(function=make_driver),
        IncludeLaunchDescription(PythonLaunchDescriptionSource(str(pipeline)),
                                 launch_arguments=[('source', f'topic:{TOPIC}')])])


def make_driver(context: LaunchContext) -> list[Action]:
    """The node of the driver; it is started again when the camera was unplugged."""
    given = context.launch_configurations
    size = int(given['width']), int(given['height'])
    drivers = {'usb_cam': usb_cam(given['video_device'], *size), 'camera_ros': camera_ros(*size)}
    if given['driver'] not in drivers:
        raise ValueError(f'driver: {given["driver"]!r} is none of {", ".join(drivers)}')
    return [drivers[given['driver']]]


def usb_cam(device: str, width: int, height: int) -> Node:
    """The driver of V4L cameras; its topics lie in its namespace."""
    return Node(package='usb_cam', executable='usb_cam_node_exe', name='usb_cam',
                namespace='camera', respawn=True, respawn_delay=2.0, output='screen',
                parameters=[{'video_device': device, 'framerate': 30.0, 'image_width': width,
                             'image_height': height, 'pixel_format': 'yuyv2rgb',
                             'frame_id': FRAME_ID}])


def camera_ros(width: int, height: int) -> Node:
    """The driver for libcamera (Raspberry Pi); its topics lie below its name."""
    return Node(package='camera_ros', executable='camera_node', name='camera', respawn=True,
                respawn_delay=2.0, output='screen',
                parameters=[{'width': width, 'height': height, 'frame_id': FRAME_ID}])
