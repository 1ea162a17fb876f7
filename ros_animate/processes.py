"""Parents and scheduling priorities of processes and threads. Imports no ROS."""
from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading

PARENT = 'ROS_ANIMATE_PARENT'
BACKGROUND_NICE = 5
_PR_SET_PDEATHSIG = 1


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


def lower_priority() -> None:
    """Lowers the scheduling priority of the calling thread (Linux has one for each thread)."""
    if sys.platform.startswith('linux'):
        thread = threading.get_native_id()
        lowered = max(os.getpriority(os.PRIO_PROCESS, thread), BACKGROUND_NICE)
        os.setpriority(os.PRIO_PROCESS, thread, lowered)


def run_only_when_idle(enabled: bool) -> None:
    """Lets this process and its later threads use idle processor time only.

    For work that can wait for ever. A lower priority is not enough for that: with it Linux still
    lets a time slice end before another process gets its turn.

    Args:
        enabled: False returns to normal scheduling, where the system permits it.
    """
    if not hasattr(os, 'sched_setscheduler'):
        return
    policy = os.SCHED_IDLE if enabled else os.SCHED_OTHER
    with contextlib.suppress(PermissionError):
        for thread in map(int, os.listdir('/proc/self/task')):
            os.sched_setscheduler(thread, policy, os.sched_param(0))
