"""Threads whose work no command waits for give way to those whose work it does."""
import os
import sys
import threading

BACKGROUND_NICE = 5


def give_way() -> None:
    """Lowers the scheduling priority of the calling thread (Linux has one for each thread)."""
    if sys.platform.startswith('linux'):
        thread = threading.get_native_id()
        lowered = max(os.getpriority(os.PRIO_PROCESS, thread), BACKGROUND_NICE)
        os.setpriority(os.PRIO_PROCESS, thread, lowered)
