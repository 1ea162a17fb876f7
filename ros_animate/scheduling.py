"""Scheduling of threads and processes: priorities, time slices, rests. Imports no ROS."""
from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pathlib
import struct
import sys
import threading

BACKGROUND_NICE, LOWEST_NICE = 5, 19
SHORT_SLICE_NS = 500_000
# Linux counts here, in nanoseconds, how long the calling thread has waited for a processor.
_COUNTS = pathlib.Path('/proc/thread-self/schedstat')
# Longer rests: commands are on time, fewer images; measured in docs/benchmarks.md (Dashboard).
RESTS = 20.0
LONGEST_REST_S = 0.25
# Number of the system call sched_setattr, which the C library does not offer.
_SET_ATTRIBUTES = {'x86_64': 314, 'aarch64': 274, 'riscv64': 274, 'armv7l': 380}
_ATTRIBUTES = struct.Struct('=IIQiIQQQ')  # struct sched_attr of sched_setattr(2)


def take_short_slices() -> None:
    """Asks for short time slices for this thread and those that it starts.

    Whoever becomes ready while another thread runs waits until that one's slice is over, 3 ms by
    default, unless its own slice is shorter. For processes that commands pass through: one whose
    priority has been lowered stays as it is. Linux before 6.12 has one length for all.
    """
    if sys.platform.startswith('linux') and not os.getpriority(os.PRIO_PROCESS, 0):
        _set_slice(SHORT_SLICE_NS)


def _set_slice(slice_ns: int, thread: int = 0) -> None:
    """Sets a thread's time slice, 0 for that of the system; a real-time thread has none."""
    number = _SET_ATTRIBUTES.get(os.uname().machine)
    if number is None or os.sched_getscheduler(thread) != os.SCHED_OTHER:
        return
    nice = os.getpriority(os.PRIO_PROCESS, thread)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, slice_ns, 0, 0)
    ctypes.CDLL(None).syscall(number, thread, attributes, 0)


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
            if sys.platform.startswith('linux'):
                _set_slice(0, process)  # it may have inherited a short one


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
