"""`ros2 launch FILE name:=value …` for machines without ros2cli."""
import sys

from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchDescription, LaunchService

service = LaunchService()
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    PythonLaunchDescriptionSource(sys.argv[1]),
    launch_arguments=[tuple(argument.split(':=', 1)) for argument in sys.argv[2:]])]))
sys.exit(service.run())
