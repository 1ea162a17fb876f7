"""A check that no node of the same name runs in the ROS graph, on this or another machine."""
from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence

from rcl_interfaces.srv import ListParameters
from rclpy.node import Node

from ros_animate.errors import UserError
from ros_animate.nodes.graph import node_names
from ros_animate.nodes.name_claim import refusal
from ros_animate.nodes.spinner import BackgroundNode

# Time in which nodes find each other: those on the same machine need a tenth of it.
DISCOVERY_S = 1.0
# A node that runs answers within milliseconds; one that was killed stays in the graph for a while.
ANSWER_S = 2.0
ASK_AGAIN_S = 0.4


def require_unique(nodes: Sequence[Node], since_s: float) -> None:
    """Refuses to go on if another node with one of the names runs, also on another machine.

    Args:
        nodes: Nodes that exist and do not spin yet: only others answer.
        since_s: Steady time since which this process takes part in the ROS graph.

    Raises:
        UserError: Another node of the same name answers.
    """
    if nodes:
        time.sleep(max(0.0, since_s + DISCOVERY_S - time.monotonic()))
    for node in nodes:
        name = node.get_fully_qualified_name()
        if name in node_names(node) and _answers(name):
            raise UserError(refusal(name, node.context.get_domain_id()))


def _answers(name: str) -> bool:
    """True if a node answers to a name; one that has crashed is only still listed."""
    answered = threading.Event()
    end_s = time.monotonic() + ANSWER_S
    with contextlib.closing(BackgroundNode(f'ros_animate_check_{os.getpid()}')) as background:
        client = background.node.create_client(ListParameters, f'{name}/list_parameters')
        # Our own node offers the service too, and may be found before the other one.
        while not answered.wait(ASK_AGAIN_S) and time.monotonic() < end_s:
            if client.service_is_ready():
                client.call_async(ListParameters.Request()).add_done_callback(
                    lambda _: answered.set())
    return answered.is_set()
