"""Memory that the C library keeps for the next image instead of giving it back to the system.

glibc returns freed memory of the size of an image at once, and the system has to clear the pages
again for the next one: an image of 640x480 costs up to 1 ms more each time it is copied (measured;
the copy itself takes 0.03 ms).
"""
from __future__ import annotations

import ctypes
import os

# By the environment variable: number of the parameter for mallopt(3), bytes.
_PARAMETERS = {'MALLOC_MMAP_THRESHOLD_': (-3, 32 * 2 ** 20),
               'MALLOC_TRIM_THRESHOLD_': (-1, 64 * 2 ** 20)}


def keep_freed_memory() -> None:
    """Has this process and its children keep up to 64 MiB of freed memory.

    Variables that are set keep their values. C libraries other than glibc stay as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    for variable, (parameter, size) in _PARAMETERS.items():
        if mallopt is not None and variable not in os.environ:
            mallopt(parameter, size)
            os.environ[variable] = str(size)
