"""Freed memory that the C library keeps for the next image instead of giving it back.

glibc returns freed memory of the size of an image at once, and Linux has to clear the pages again
for the next one: an image of 640x480 costs a receiver 2 ms more (benchmarks/messages.py), and the
layers of a network far more. Other C libraries stay as they are.
"""
from __future__ import annotations

import ctypes
import functools
import os

# mallopt(3)
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
# By the environment variable, which children read.
_FOR_IMAGES = {'MALLOC_MMAP_THRESHOLD_': (_MMAP_THRESHOLD, 32 * 2 ** 20),
               'MALLOC_TRIM_THRESHOLD_': (_TRIM_THRESHOLD, 64 * 2 ** 20)}
_EVERYTHING = 2 ** 31 - 1


def keep_freed_memory() -> None:
    """Has this process and its children keep up to 64 MiB: enough for images.

    Variables that are set keep their values.
    """
    for variable, (parameter, size) in _FOR_IMAGES.items():
        if variable not in os.environ:
            _set(parameter, size)
            os.environ[variable] = str(size)


@functools.cache
def keep_all_freed_memory() -> None:
    """Has this process keep everything that it frees: networks need feature maps of any size."""
    _set(_MMAP_MAX, 0)
    _set(_TRIM_THRESHOLD, _EVERYTHING)


def _set(parameter: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is not None:
        mallopt(parameter, value)
