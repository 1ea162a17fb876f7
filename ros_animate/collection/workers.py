"""Blocks of pairs from several processes, in order."""
from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.synchronize import Event

import cv2

from ros_animate.collection.pairs import Pair, PairMaker
from ros_animate.errors import UserError

AHEAD = 3  # blocks under way for each worker
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Part:
    """Pairs number `start` to `stop` of a block."""

    block: int
    start: int
    stop: int


def parts(first: int, stop: int, block_size: int) -> list[Part]:
    """The blocks that pairs number `first` to `stop` lie in."""
    return [Part(block, max(first - block * block_size, 0),
                 min(stop - block * block_size, block_size))
            for block in range(first // block_size, -(-stop // block_size))]


def make_all(maker: PairMaker, todo: list[Part],
             workers: int) -> Generator[list[Pair], None, None]:
    """The pairs of each part, in order; closing the generator stops the workers.

    Args:
        maker: Copied into each worker.
        todo: What to make.
        workers: Processes; 1 works in this one.
    """
    with one_thread_each():
        if workers == 1:
            yield from _make_here(maker, todo)
        else:
            yield from _make_in_processes(maker, todo, workers)


def _make_here(maker: PairMaker, todo: list[Part]) -> Generator[list[Pair], None, None]:
    with contextlib.closing(maker):
        for part in todo:
            yield list(maker.make(part.block, part.start, part.stop))


def _make_in_processes(maker: PairMaker, todo: list[Part],
                       workers: int) -> Generator[list[Pair], None, None]:
    # Forked, a worker has at once what took this process a second to import and to compute.
    context = multiprocessing.get_context('fork')
    stopping = context.Event()
    pool = ProcessPoolExecutor(workers, context, _start, (maker, stopping, os.getpid()))
    waiting = iter(todo)
    pending: deque[Future[list[Pair]]] = deque()
    try:
        while True:
            for part in waiting:
                pending.append(pool.submit(_make, part))
                if len(pending) >= AHEAD * workers:
                    break
            if not pending:
                return
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise UserError('a worker was killed (out of memory?); start the same command again to '
                        'go on, with fewer --workers if need be') from error
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def one_thread_each() -> Generator[None, None, None]:
    """Small pictures lose more time than they gain by OpenCV's threads, which forking breaks."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


_maker: PairMaker | None = None
_stopping: Event | None = None


def _start(maker: PairMaker, stopping: Event, parent: int) -> None:
    """In a worker: Ctrl-C is the parent's, whose death is the worker's."""
    global _maker, _stopping
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    _maker, _stopping = maker, stopping


def _make(part: Part) -> list[Pair]:
    assert _maker is not None and _stopping is not None
    pairs: list[Pair] = []
    making = _maker.make(part.block, part.start, part.stop)
    while not _stopping.is_set() and (pair := next(making, None)) is not None:
        pairs.append(pair)
    return pairs
