"""Runs the nodes of one stage for several robots in one process, with networks that they share."""
from __future__ import annotations

import functools
import sys

from rclpy.utilities import remove_ros_args

from ros_animate.configuration import suggest
from ros_animate.errors import ExitStatus
from ros_animate.inference.sharing import shared_networks
from ros_animate.nodes.animation_node import AnimationNode
from ros_animate.nodes.fleet_runner import FleetRunner
from ros_animate.nodes.motion_node import MotionNode
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.watch_node import WatchNode
from ros_animate.processes import become_child

NODES: dict[str, type[RunnableNode]] = {
    'motion': MotionNode, 'animation': AnimationNode, 'watch': WatchNode}


def main() -> int:
    """Runs the nodes; the arguments are the stage and the robots' namespaces."""
    become_child()
    arguments = remove_ros_args(sys.argv)[1:]
    stage, namespaces = arguments[0] if arguments else '', arguments[1:]
    if stage not in NODES or not namespaces:
        print('ros_animate: error: expected a stage and namespaces: motion /left /right; got '
              f'{" ".join(arguments) or "nothing"}; {suggest(stage, NODES)}', file=sys.stderr)
        return ExitStatus.USER_ERROR
    with shared_networks():
        return FleetRunner(namespaces).run([
            functools.partial(NODES[stage], namespace=namespace) for namespace in namespaces])


if __name__ == '__main__':
    raise SystemExit(main())
