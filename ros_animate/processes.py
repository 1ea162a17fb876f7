"""Parents and scheduling priorities of processes and threads. Imports no ROS."""
from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pathlib
import signal
import sys
import threading

PARENT = 'ROS_ANIMATE_PARENT'
BACKGROUND_NICE, LOWEST_NICE = 5, 19
_PR_SET_PDEATHSIG = 1
# Linux counts here, in nanoseconds, how long the calling thread has waited for a processor.
_COUNTS = pathlib.Path('/proc/thread-self/schedstat')
# Measured on two busy processors: with 12 commands were 10 ms later than alone, with 20 some 2 ms.
RESTS = 20.0
LONGEST_REST_S = 0.25


def module_command(module: str) -> list[str]:
    """The command that runs a module without the working directory on its path.

    `python -m` alone would put it there, and a user's random.py would hide Python's own.
    """
    if sys.version_info >= (3, 11):
        return [sys.executable, '-P', '-m', module]
    code = ("import sys; del sys.path[0]; import runpy; "
            f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)")
    return [sys.executable, '-c', code]


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
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor gets it as well
    if sys.platform.startswith('linux'):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)


def is_orphan() -> bool:
    """True if the supervisor that started this process has ended."""
    parent = os.environ.get(PARENT)
    return parent is not None and os.getppid() != int(parent)


def lower_priority(process: int | None = None, nice: int = BACKGROUND_NICE) -> None:
    """Lowers a scheduling priority; one that is as low already stays.

    Args:
        process: Number of a process; None for the calling thread (Linux has one for each thread).
        nice: The priority, 0 to 19, 19 is the lowest.
    """
    if process is None:
        if not sys.platform.startswith('linux'):
            return
        process = threading.get_native_id()
    with contextlib.suppress(ProcessLookupError):
        if os.getpriority(os.PRIO_PROCESS, process) < nice:
            os.setpriority(os.PRIO_PROCESS, process, nice)


def schedule_others_idle(enabled: bool) -> None:
    """Lets all threads of this process but the calling one have idle processor time only, or not.

    For processes that must not delay others. A lower priority is not enough for that: with it Linux
    still lets a time slice end before another process gets its turn. Without idle time such work
    hardly goes on, so it has to return to normal scheduling when it comes too late. Where the
    system does not permit that return, threads keep the priority that they have.

    Not for a process in which another thread has to be on time: a thread without processor time
    may hold Python's lock (measured on a busy machine: commands 2 s late).
    """
    if not (hasattr(os, 'sched_setscheduler') and may_leave_idle_scheduling()):
        return
    policy = os.SCHED_IDLE if enabled else os.SCHED_OTHER
    for thread in map(int, os.listdir('/proc/self/task')):
        with contextlib.suppress(PermissionError, ProcessLookupError):
            if (thread != threading.get_native_id()
                    and os.sched_getscheduler(thread) != policy):
                os.sched_setscheduler(thread, policy, os.sched_param(0))


@functools.cache
def may_leave_idle_scheduling() -> bool:
    """True if this process may set a thread's policy back; tried with a thread of its own."""
    def tries() -> None:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            left.append(True)

    left: list[bool] = []
    thread = threading.Thread(target=tries)
    thread.start()
    thread.join()
    return bool(left)


class GivingWay:
    """Rests that a thread owes to others, because processors are too few.

    A low priority is not enough where commands pass through a dozen short pieces of work: Linux
    lets a running thread keep its processor for a while whatever its priority is, and each piece
    that comes meanwhile waits. Work that rests in proportion to the time for which it had to wait
    itself goes at full speed on processors that nobody needs, and slows down where it is in the
    way. Systems other than Linux count no such times; nothing rests there.
    """

    def __init__(self) -> None:
        self._waited_s = waited_s()

    def rest_s(self) -> float:
        """Seconds to rest now, 0 to LONGEST_REST_S, for the waiting since the last call."""
        before_s, self._waited_s = self._waited_s, waited_s()
        return min(max(RESTS * (self._waited_s - before_s), 0.0), LONGEST_REST_S)


def waited_s() -> float:
    """Seconds for which the calling thread has been ready to run, but without a processor."""
    try:
        return 1e-9 * int(_COUNTS.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
