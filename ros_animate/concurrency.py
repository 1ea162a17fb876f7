"""Pipelines of functions, each in a thread of its own."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_END = object()


def pipelined(items: Iterable[Any], *functions: Callable[[Any], Any],
              depth: int = 6) -> Generator[Any, None, None]:
    """Yields f_n(…f_1(item)) for each item, in order; all functions work at the same time.

    Each function (and the iteration over `items`) runs in one thread, so it may keep state, and
    the result is that of a plain loop. An exception is raised here when its item's turn has come.
    Closing the generator stops the threads.

    Args:
        items: Arguments of the first function.
        functions: Functions with one argument and one result.
        depth: Number of items under way at once, > 0.
    """
    iterator = iter(items)
    workers = [ThreadPoolExecutor(1) for _ in range(1 + len(functions))]
    pending: deque[Future[Any]] = deque()

    def start_one() -> None:
        future = workers[0].submit(next, iterator, _END)
        for worker, function in zip(workers[1:], functions, strict=True):
            future = worker.submit(_call, function, future)
        pending.append(future)

    try:
        for _ in range(depth):
            start_one()
        while (result := pending.popleft().result()) is not _END:
            start_one()
            yield result
    finally:
        for worker in workers:
            worker.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.shutdown()


def _call(function: Callable[[Any], Any], earlier: Future[Any]) -> Any:
    item = earlier.result()
    return item if item is _END else function(item)
