"""A job beside a node's callbacks, for what nobody should wait for."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from ros_animate.scheduling import GivingWay, lower_priority

Content = TypeVar('Content')


class NewestWork(Generic[Content]):
    """Works on the newest request in a thread of low priority.

    Requests that come meanwhile replace each other. Where processors are busy it gives way.

    Args:
        name: Name of the thread.
        work: Called in the thread with what was requested.
    """

    def __init__(self, name: str, work: Callable[[Content], None]) -> None:
        self._work = work
        self._newest: list[Content] = []
        self._requested = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def request(self, content: Content) -> None:
        """Requests the work; does not wait for it."""
        self._newest = [content]
        self._requested.set()

    def stop(self) -> None:
        """Ends the thread."""
        self._closing = True
        self._requested.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        lower_priority()
        giving_way = GivingWay()
        while True:
            self._requested.wait()
            self._requested.clear()
            if self._closing:
                return
            for content in self._newest:
                self._work(content)
            time.sleep(giving_way.rest_s())
