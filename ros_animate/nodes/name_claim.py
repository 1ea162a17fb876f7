"""One node of a name in each ROS domain on a machine: a second one refuses to start.

Imports no ROS. Two pipelines of the same names would mix silently: each robot would hear both
people.
"""
from __future__ import annotations

import hashlib
import os
import socket
import sys
import time
from collections.abc import Iterable, Mapping

from ros_animate.errors import UserError
from ros_animate.nodes.middleware import DOMAIN

# Nodes of a run that was killed end a moment after it.
PATIENCE_S = 3.0
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
        UserError: Another process holds the name, and goes on holding it for PATIENCE_S.
    """

    def __init__(self, domain: int, name: str) -> None:
        self._socket: socket.socket | None = None
        if not sys.platform.startswith('linux') or _is_alone():
            return
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        end_s = time.monotonic() + PATIENCE_S
        while self._socket is None:
            try:
                # A name in Linux's abstract namespace, of no file.
                holder.bind('\0' + _key(domain, name))
                self._socket = holder
            except OSError as error:
                if time.monotonic() > end_s:
                    holder.close()
                    raise UserError(refusal(name, domain)) from error
                time.sleep(0.1)

    def release(self) -> None:
        """Gives the name back; may be called twice."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


def require_free(environment: Mapping[str, str], names: Iterable[str]) -> None:
    """Raises UserError if a process of this machine holds the name of a node.

    Args:
        environment: Environment of the nodes that are to start.
        names: Full names of the nodes.
    """
    domain = int(environment.get(DOMAIN) or 0)
    for name in names:
        NameClaim(domain, name).release()


def refusal(name: str, domain: int) -> str:
    """The message about a name that is taken, with the remedy."""
    return f'a node {name} runs already in ROS domain {domain}: {REMEDY}'


def _key(domain: int, name: str) -> str:
    text = f'ros_animate/{domain}{name}'
    return text if len(text) <= MAX_KEY else hashlib.sha256(text.encode()).hexdigest()


def _is_alone() -> bool:
    """True if the user keeps the processes of this machine from finding each other."""
    return os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper() == 'OFF'
