"""Runs the nodes of several robots in one process: one that fails disturbs no other."""
from __future__ import annotations

import contextlib
import gc
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence

from ros_animate.backoff import Backoff
from ros_animate.errors import UserError, cut
from ros_animate.nodes.rclpy_compatibility import refusals_as_user_errors
from ros_animate.nodes.running import RunnableNode, Runner, destroy, warn_of_unused_overrides
from ros_animate.nodes.spinner import Spinner
from ros_animate.nodes.unique_names import require_unique

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
# A node that lived this long had started well: the next retry is quick again.
HEALTHY_S = 30.0
POLL_S = 0.1


class Seat:
    """The place of one node, which is made anew when it has failed.

    Args:
        name: Name of the robot.
        make: Makes the node; raises UserError if it refuses to start.

    Attributes:
        name: Name of the robot.
        node: The node, None while there is none.
        refusal: Why it could not be made, '' if it could.
    """

    def __init__(self, name: str, make: Callable[[], RunnableNode]) -> None:
        self.name = name
        self.node: RunnableNode | None = None
        self.refusal = ''
        self._make = make
        self._spinner: Spinner | None = None
        self._ended = threading.Event()
        self._backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        self._made_s = 0.0

    def fill(self) -> None:
        """Makes the node; a failure is said once, and tried again by `attend`."""
        try:
            with refusals_as_user_errors():
                self.node = self._make()
            warn_of_unused_overrides(self.node)
        except Exception as error:
            if str(error) != self.refusal:
                self.say(error)
            self.refusal = str(error)
            self._backoff.note_failure(time.monotonic())
        else:
            self.refusal, self._made_s = '', time.monotonic()
            return
        gc.collect()  # what there is of the node holds its name

    def start(self) -> None:
        """Runs the node's callbacks, if there is a node.

        A source that has ended leaves its node silent: the process goes on for the other robots.
        """
        if self.node is None:
            return
        self._ended.clear()
        self._spinner = Spinner(self.node, self._ended)
        self.node.start()

    def attend(self) -> None:
        """Takes away a node that has failed; makes it anew when that is due."""
        now_s = time.monotonic()
        if self.node is not None and self._ended.is_set():
            if now_s - self._made_s > HEALTHY_S:
                self._backoff.reset()
            self._backoff.note_failure(now_s)
            self.stop()
            self.empty()
        elif self.node is None and self._backoff.is_due(now_s):
            self.fill()
            self.start()

    def stop(self) -> None:
        """Ends what `start` began."""
        if self.node is not None:
            self.node.stop()
        if self._spinner is not None:
            self._spinner.end()
        self._spinner = None

    def empty(self) -> None:
        """Destroys the node."""
        if self.node is not None:
            destroy(self.node)
        self.node = None

    def say(self, error: BaseException) -> None:
        """Says why the node has failed: a defect with its traceback."""
        kind = ''
        if not isinstance(error, UserError):
            traceback.print_exception(type(error), error, error.__traceback__)
            kind = f'{type(error).__name__}: '
        print(f'[ERROR] {self.name} fails, the other robots go on: {kind}{cut(str(error), 500)}',
              file=sys.stderr, flush=True)

    def runs(self, thread: threading.Thread | None) -> bool:
        """True if a thread runs the callbacks of the node."""
        return self._spinner is not None and self._spinner.runs(thread)


class FleetRunner(Runner):
    """A runner that goes on with the other nodes when one fails, and makes that one anew.

    What fails outside of a node's callbacks ends the process, as it does everywhere.

    Args:
        names: Name of the robot of each node.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names
        self._seats: list[Seat] = []

    def _run_nodes(self, makers: Sequence[Callable[[], RunnableNode]],
                   stack: contextlib.ExitStack) -> None:
        start_s = time.monotonic()
        self._seats = [Seat(name, make) for name, make in zip(self._names, makers, strict=True)]
        for seat in self._seats:
            seat.fill()
            stack.callback(seat.empty)
        nodes = [seat.node for seat in self._seats if seat.node is not None]
        if not nodes:
            raise UserError(f'no robot can run: {self._seats[0].refusal}')
        require_unique([node for node in nodes if node.unique], start_s)
        for seat in self._seats:
            seat.start()
        while not self._stop.wait(POLL_S):
            for seat in self._seats:
                seat.attend()
        for seat in reversed(self._seats):
            seat.stop()

    def _fail(self, failure: threading.ExceptHookArgs) -> None:
        seat = next((s for s in self._seats if s.runs(failure.thread)), None)
        if seat is None or failure.exc_value is None:
            super()._fail(failure)
            return
        seat.say(failure.exc_value)
