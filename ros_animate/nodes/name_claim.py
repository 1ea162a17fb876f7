"""One node of a name in each ROS domain: a second one refuses to start.

Two pipelines of the same names would mix silently: each robot would hear both people.
"""
from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence

from rcl_interfaces.srv import ListParameters
from rclpy.node import Node

from ros_animate.errors import UserError
from ros_animate.nodes.graph import node_names
from ros_animate.nodes.middleware import DOMAIN
from ros_animate.nodes.spinner import BackgroundNode

# Time in which nodes find each other: those on the same machine need a tenth of it.
DISCOVERY_S = 1.0
# A node that runs answers within milliseconds; one that was killed stays in the graph for a while.
ANSWER_S = 2.0
ASK_AGAIN_S = 0.4
MAX_KEY = 100  # a little less than what the system takes
REMEDY = (f'two pipelines of the same names would mix: end the other one, or start this one with '
          f'`--namespace NAME` (launch: namespace:=NAME) or another {DOMAIN}')


class NameClaim:
    """The name of a node, held by this process and no other one of this machine.

    The system itself ends the claim with the process, however that ends, so a node that is
    started again after a crash gets it.

    Args:
        domain: Number of the ROS domain.
        name: Full name of the node.

    Raises:
        UserError: Another process holds the name.
    """

    def __init__(self, domain: int, name: str) -> None:
        self._socket: socket.socket | None = None
        if not sys.platform.startswith('linux') or _is_alone():
            return
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # A name in Linux's abstract namespace, of no file.
            holder.bind('\0' + _key(domain, name))
        except OSError as error:
            holder.close()
            raise UserError(_refusal(name, domain)) from error
        self._socket = holder

    def release(self) -> None:
        """Gives the name back; may be called twice."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


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
            raise UserError(_refusal(name, node.context.get_domain_id()))


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


def _refusal(name: str, domain: int) -> str:
    return f'a node {name} runs already in ROS domain {domain}: {REMEDY}'


def _key(domain: int, name: str) -> str:
    text = f'ros_animate/{domain}{name}'
    return text if len(text) <= MAX_KEY else hashlib.sha256(text.encode()).hexdigest()


def _is_alone() -> bool:
    """True if the user keeps the processes of this machine from finding each other."""
    return os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper() == 'OFF'
