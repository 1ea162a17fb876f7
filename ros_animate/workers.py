"""A function over many items, in forked processes or on a cluster; results come in order."""
from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing.synchronize import Event
from typing import Any, TypeVar

import cv2

from ros_animate.cluster import AHEAD, Cluster, SharedPaths, compute, connected
from ros_animate.errors import UserError

_PR_SET_PDEATHSIG = 1

Item = TypeVar('Item')
Result = TypeVar('Result')
IsStopping = Callable[[], bool]
Function = Callable[[Item, IsStopping], Result]
Workers = int | Cluster
_NOTHING = SharedPaths()


def ordered_map(function: Function[Item, Result], items: Iterable[Item], workers: Workers,
                advice: str, shared: SharedPaths = _NOTHING) -> Generator[Result, None, None]:
    """Results of `function(item, is_stopping)` in the order of the items.

    Closing the generator stops the workers. Each process, this one too, uses one thread of OpenCV.

    Args:
        function: Computes one item. In processes it is not pickled: workers are forked and have it
            in memory. On a cluster it is pickled once for each worker. A long computation should
            end early, with any result, once `is_stopping()` is True.
        items: Arguments; they and the results are pickled.
        workers: Number of processes, 1 computes in this process; or a cluster.
        advice: What the user can do if a worker is killed (on a cluster: again and again).
        shared: Places that the nodes of a cluster must see.

    Raises:
        UserError: A worker was killed, or the cluster is of no use.
    """
    with one_opencv_thread():
        if isinstance(workers, Cluster):
            yield from compute(function, items, workers, advice, shared)
        elif workers == 1:
            yield from (function(item, _never) for item in items)
        else:
            yield from _in_processes(function, items, workers, advice)


@contextlib.contextmanager
def one_opencv_thread() -> Iterator[None]:
    """One thread of OpenCV inside the block.

    Small images lose more time than they gain by several threads, which forking breaks.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def kept_open(workers: Workers) -> AbstractContextManager[Any]:
    """Several calls of `ordered_map` in the block use one connection to the cluster, if any."""
    return connected(workers) if isinstance(workers, Cluster) else contextlib.nullcontext()


def _in_processes(function: Function[Item, Result], items: Iterable[Item], workers: int,
                  advice: str) -> Generator[Result, None, None]:
    # A forked worker starts with everything that this process has imported and computed.
    context = multiprocessing.get_context('fork')
    stopping = context.Event()
    pool = ProcessPoolExecutor(workers, context, _Worker.start, (function, stopping, os.getpid()))
    waiting = iter(items)
    pending: deque[Future[Any]] = deque()
    try:
        while True:
            for item in waiting:
                pending.append(pool.submit(_Worker.run, item))
                if len(pending) >= AHEAD * workers:
                    break
            if not pending:
                return
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise UserError(f'a worker was killed (out of memory?); {advice}') from error
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)


class _Worker:
    """State of a worker process; it stays empty in the parent."""

    _function: Callable[[Any, IsStopping], Any]
    _stopping: Event

    @classmethod
    def start(cls, function: Callable[[Any, IsStopping], Any], stopping: Event,
              parent: int) -> None:
        """Prepares a worker: it leaves Ctrl-C to the parent and is killed when the parent ends."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        cls._function, cls._stopping = staticmethod(function), stopping

    @classmethod
    def run(cls, item: Any) -> Any:
        """The result of one item."""
        return cls._function(item, cls._stopping.is_set)


def _never() -> bool:
    return False
