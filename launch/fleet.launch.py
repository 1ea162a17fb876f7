"""Several robots, each with its own source: shared motion and animation, the rest for each.

ros2 launch ros_animate fleet.launch.py file:=fleet.yaml
ros2 launch ros_animate fleet.launch.py file:=fleet.yaml composed:=false

The file is that of `ros_animate fleet`. One process extracts the motion of all sources and one
animates all portraits, with networks that they share. The nodes of each robot run in its namespace:
`ros2 service call /left/hardware/estop std_srvs/srv/Trigger` stops that robot alone.
"""
from launch.action import Action

from launch import LaunchDescription
from ros_animate.runtime.fleet_file import read_fleet
from ros_animate.runtime.fleet_plan import make_fleet_plan
from ros_animate.runtime.launch_actions import describe_launch, fleet_nodes

# name: (default, description)
ARGUMENTS = {
    'file': (None, 'the robots (YAML), as for `ros_animate fleet`'),
    'composed': ('true', "each robot's own nodes in one process"),
    'params': ('', 'ROS parameter file; wins over the fleet file'),
}


def generate_launch_description() -> LaunchDescription:
    """Arguments, environment, nodes."""
    return describe_launch(ARGUMENTS, make_nodes)


def make_nodes(given: dict[str, str]) -> list[Action]:
    """The nodes for the values of the arguments, which are checked here."""
    return fleet_nodes(make_fleet_plan(read_fleet(given['file'])), given)
