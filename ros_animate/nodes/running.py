"""Runs nodes in one process until a signal: one thread and one executor for each."""
from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import cv2
import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from ros_animate.errors import ExitStatus, UserError
from ros_animate.interrupts import SIGNALS
from ros_animate.memory import keep_freed_memory
from ros_animate.nodes.endpoints import unused_overrides
from ros_animate.nodes.middleware import set_middleware_defaults
from ros_animate.nodes.name_claim import NameClaim
from ros_animate.nodes.rclpy_compatibility import refusals_as_user_errors
from ros_animate.nodes.spinner import Spinner
from ros_animate.nodes.unique_names import require_unique
from ros_animate.optional_packages import missing_packages_explained
from ros_animate.processes import become_child
from ros_animate.scheduling import take_short_slices

# How long a thread may keep Python's lock while others wait for it. Threads give it up by
# themselves in every long call; taken from them sooner, they queue for it again in small steps.
SWITCH_INTERVAL_S = 0.003
# Time for messages that are under way to arrive once the source has ended.
DRAIN_S = 0.3


class RunnableNode(Node):
    """A node that a Runner starts and ends.

    Attributes:
        unique: True if no other node of this name may run.
        request_stop: To be called by a node that has nothing left to do; set by the Runner.
    """

    unique: ClassVar[bool] = False
    request_stop: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, name: str, **node_arguments: Any) -> None:
        super().__init__(name, **node_arguments)
        self._claim = NameClaim(self.context.get_domain_id(),
                                self.get_fully_qualified_name()) if self.unique else None

    def start(self) -> None:
        """Begins the work beside the callbacks; called when all nodes of the process exist."""

    def stop(self) -> None:
        """Ends the work that `start` began; the callbacks still run."""

    def close(self) -> None:
        """Releases all resources, after the last callback."""

    def destroy_node(self) -> None:
        super().destroy_node()
        if self._claim is not None:
            self._claim.release()


class Runner:
    """Spins some nodes until SIGINT, SIGTERM or the request of a node.

    The main thread only waits: Python delivers signals to it, and an executor that waits inside
    the middleware would keep them.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._finished = False
        self._status = ExitStatus.OK

    def run(self, makers: Sequence[Callable[[], RunnableNode]],
            arguments: Sequence[str] | None = None) -> int:
        """Makes the nodes, spins them, destroys them; returns the exit status.

        Args:
            makers: Functions that make a node each. The nodes are stopped in the opposite order.
            arguments: Arguments of ROS with `--ros-args`; by default those of the command line.
        """
        for number in SIGNALS:
            # Under nohup SIGHUP is ignored.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: self._stop.set())
        threading.excepthook = self._fail
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        keep_freed_memory()
        take_short_slices()
        # The nodes themselves are what runs in parallel.
        cv2.setNumThreads(1)
        try:
            set_middleware_defaults()
            with refusals_as_user_errors():
                rclpy.init(args=sys.argv if arguments is None else list(arguments),
                           signal_handler_options=SignalHandlerOptions.NO)
            with contextlib.ExitStack() as stack, missing_packages_explained():
                self._run_nodes(makers, stack)
        except UserError as error:
            self._refuse(error)
        finally:
            rclpy.try_shutdown()
        return self._status

    def _run_nodes(self, makers: Sequence[Callable[[], RunnableNode]],
                   stack: contextlib.ExitStack) -> None:
        """Makes, spins and starts the nodes, waits for the end, stops them; `stack` ends them."""
        nodes = _make_nodes(makers, stack)
        spinners = [Spinner(node, self._stop) for node in nodes]
        for node in nodes:
            node.request_stop = self._finish
            node.start()
        self._stop.wait()
        if self._finished:
            time.sleep(DRAIN_S)
        for node in reversed(nodes):
            node.stop()
        for spinner in spinners:
            spinner.end()

    def _fail(self, failure: threading.ExceptHookArgs) -> None:
        """Ends the process after an exception in a thread; its parent starts it again."""
        if isinstance(failure.exc_value, UserError):
            self._refuse(failure.exc_value)
        else:
            traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
            self._status = ExitStatus.FAILURE
        self._stop.set()

    def _refuse(self, error: UserError) -> None:
        print(f'ros_animate: error: {error}', file=sys.stderr, flush=True)
        self._status = ExitStatus.USER_ERROR

    def _finish(self) -> None:
        self._finished = True
        self._stop.set()


def main(*node_types: Callable[[], RunnableNode]) -> int:
    """Entry point of executables: runs one node of each type until a signal."""
    become_child()
    return Runner().run(node_types)


def _make_nodes(makers: Sequence[Callable[[], RunnableNode]],
                stack: contextlib.ExitStack) -> list[RunnableNode]:
    """Makes the nodes, which `stack` destroys; raises UserError if one runs already elsewhere."""
    nodes: list[RunnableNode] = []
    start_s = time.monotonic()
    with refusals_as_user_errors():
        for make in makers:
            nodes.append(make())
            stack.callback(destroy, nodes[-1])
            warn_of_unused_overrides(nodes[-1])
    require_unique([node for node in nodes if node.unique], start_s)
    return nodes


def warn_of_unused_overrides(node: RunnableNode) -> None:
    """Warns of a quality of service that is given for a topic that the node does not have."""
    for name in unused_overrides(node):
        node.get_logger().warning(f'{name} is for a topic that the node has not')


def destroy(node: RunnableNode) -> None:
    """Releases all that a node holds, after its last callback."""
    node.close()
    node.destroy_node()
