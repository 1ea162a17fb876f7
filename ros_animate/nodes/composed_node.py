"""Runs all nodes in one process, a thread for each."""
from __future__ import annotations

import sys
from collections.abc import Sequence

from rclpy.utilities import remove_ros_args

from ros_animate.configuration import suggest
from ros_animate.errors import ExitStatus
from ros_animate.nodes.animation_node import AnimationNode
from ros_animate.nodes.camera_node import CameraNode
from ros_animate.nodes.hardware_node import HardwareNode
from ros_animate.nodes.motion_node import MotionNode
from ros_animate.nodes.policy_node import PolicyNode
from ros_animate.nodes.running import RunnableNode, Runner
from ros_animate.nodes.smoothing_node import SmoothingNode
from ros_animate.processes import become_child

# The camera last: its first frame finds the others ready, and it is the first to stop.
NODES: dict[str, type[RunnableNode]] = {
    'hardware': HardwareNode, 'smoothing': SmoothingNode, 'policy': PolicyNode,
    'animation': AnimationNode, 'motion': MotionNode, 'camera': CameraNode}


def makers(without: Sequence[str] = ()) -> list[type[RunnableNode]]:
    """Node classes of all stages except `without`."""
    return [make for name, make in NODES.items() if name not in without]


def main() -> int:
    """Runs the nodes; the arguments name stages to leave out."""
    become_child()
    without = remove_ros_args(sys.argv)[1:]
    for name in without:
        if name not in NODES:
            print(f'ros_animate: error: no stage {name!r}; {suggest(name, NODES)}',
                  file=sys.stderr)
            return ExitStatus.USER_ERROR
    return Runner().run(makers(without))


if __name__ == '__main__':
    raise SystemExit(main())
