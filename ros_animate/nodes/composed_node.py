"""All nodes in one process, a thread for each."""
from __future__ import annotations

import sys
from collections.abc import Sequence

from rclpy.utilities import remove_ros_args

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.nodes.animation_node import AnimationNode
from ros_animate.nodes.camera_node import CameraNode
from ros_animate.nodes.environment import become_child
from ros_animate.nodes.hardware_node import HardwareNode
from ros_animate.nodes.motion_node import MotionNode
from ros_animate.nodes.policy_node import PolicyNode
from ros_animate.nodes.running import RunnableNode, Runner
from ros_animate.nodes.smoothing_node import SmoothingNode

# The camera last: its first frame finds the others ready.
NODES: dict[str, type[RunnableNode]] = {
    'hardware': HardwareNode, 'smoothing': SmoothingNode, 'policy': PolicyNode,
    'animation': AnimationNode, 'motion': MotionNode, 'camera': CameraNode}


def make_nodes(without: Sequence[str] = ()) -> list[RunnableNode]:
    """The nodes of all stages but those named, in the order in which they are to end."""
    for name in without:
        if name not in NODES:
            raise ConfigurationError(f'no stage {name!r}; {suggest(name, NODES)}')
    return [make() for name, make in NODES.items() if name not in without][::-1]


def main() -> int:
    """Runs the nodes; arguments name stages to leave out (another program does their work)."""
    become_child()
    return Runner().run(lambda: make_nodes(remove_ros_args(sys.argv)[1:]))


if __name__ == '__main__':
    raise SystemExit(main())
