"""Child processes: how they start, and end with their parent. Imports no ROS."""
from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT = 'ROS_ANIMATE_PARENT'
_PR_SET_PDEATHSIG = 1


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
