"""The environment of the nodes' processes; imports no ROS."""
from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping

from ros_animate.configuration import resource

PROFILES = 'FASTRTPS_DEFAULT_PROFILES_FILE'
PARENT = 'ROS_ANIMATE_PARENT'
_PR_SET_PDEATHSIG = 1


def node_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What node processes need: the shared-memory profile, unless the user has one of their own.

    One thread for each numerical library: the nodes themselves are what runs in parallel.
    """
    wanted = {PROFILES: str(resource('config', 'fastdds_shm.xml')),
              'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1',
              'PYTHONUNBUFFERED': '1'}
    return {**wanted, **(os.environ if environment is None else environment)}


def become_child() -> None:
    """Makes this process one of the supervisor's, if ROS_ANIMATE_PARENT says so.

    It ends when the supervisor ends, however that happens, and leaves its process group: Ctrl-C
    reaches the supervisor alone, which stops everything in order. It stays in the session, because
    Linux weighs priorities (nice) only within one.
    """
    parent = os.environ.get(PARENT)
    if parent is None:
        return
    os.setpgid(0, 0)
    if sys.platform.startswith('linux'):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)
