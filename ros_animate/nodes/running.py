"""Running nodes in one process until a signal: one thread and one executor for each."""
from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence

import cv2
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from ros_animate.errors import UserError
from ros_animate.nodes.middleware import set_middleware_defaults
from ros_animate.processes import become_child

EXIT_DEFECT, EXIT_USER_ERROR = 1, 2
# How long a thread may keep Python's lock while others want it. Threads give it up by themselves in
# every long call; taken from them sooner, they queue for it again in the midst of small steps.
SWITCH_INTERVAL_S = 0.003
# How long messages that are under way get to arrive once the source has ended.
DRAIN_S = 0.3


class RunnableNode(Node):
    """A node that a Runner starts and ends.

    Attributes:
        request_stop: To be called by a node that has nothing left to do; set by the Runner.
    """

    request_stop: Callable[[], None] = staticmethod(lambda: None)

    def start(self) -> None:
        """Begins what the node does beside its callbacks; all nodes of the process are made."""

    def stop(self) -> None:
        """Ends what `start` began; the callbacks still run."""

    def close(self) -> None:
        """Releases what the node holds, after the last callback."""


class Spinner:
    """A thread that runs the callbacks of one node from now on.

    An executor that is shut down from another thread may be in the midst of a callback, which then
    fails. So the end is a callback like any other, that ends the spinning from within.
    """

    def __init__(self, node: Node, ended: threading.Event | None = None) -> None:
        self._ended = ended
        self._executor = SingleThreadedExecutor(context=node.context)
        self._guard = node.create_guard_condition(self._leave)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name=node.get_name())
        self._thread.start()

    def end(self) -> None:
        """Ends the thread, after the callback that runs now."""
        self._guard.trigger()
        self._thread.join()
        self._executor.shutdown()

    def _leave(self) -> None:
        raise ExternalShutdownException

    def _spin(self) -> None:
        try:
            with contextlib.suppress(ExternalShutdownException):
                self._executor.spin()
        finally:
            if self._ended is not None:
                self._ended.set()


class Runner:
    """Turns the executors of some nodes; SIGINT, SIGTERM or a node's wish ends it.

    The main thread only waits: Python delivers signals to it, and an executor that waits inside
    the middleware would keep them.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._finished = False
        self._status = 0

    def run(self, makers: Sequence[Callable[[], RunnableNode]],
            arguments: Sequence[str] | None = None) -> int:
        """Makes the nodes, turns them, takes them down; returns the exit status.

        Args:
            makers: Each makes a node, once ROS is up. The nodes are stopped in the opposite order.
            arguments: With `--ros-args`; by default those of the command line.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())
        threading.excepthook = self._fail
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # The nodes themselves are what runs in parallel.
        cv2.setNumThreads(1)
        set_middleware_defaults()
        rclpy.init(args=sys.argv if arguments is None else list(arguments),
                   signal_handler_options=SignalHandlerOptions.NO)
        try:
            with contextlib.ExitStack() as stack:
                nodes: list[RunnableNode] = []
                for make in makers:
                    nodes.append(make())
                    stack.callback(_take_down, nodes[-1])
                self._turn(nodes)
        except UserError as error:
            self._refuse(error)
        finally:
            rclpy.try_shutdown()
        return self._status

    def _turn(self, nodes: Sequence[RunnableNode]) -> None:
        """Spins and starts the nodes, waits for the end, stops them."""
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
        """A thread has failed: the process ends loudly, and who started it starts it again."""
        if isinstance(failure.exc_value, UserError):
            self._refuse(failure.exc_value)
        else:
            traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
            self._status = EXIT_DEFECT
        self._stop.set()

    def _refuse(self, error: UserError) -> None:
        print(f'ros_animate: error: {error}', file=sys.stderr, flush=True)
        self._status = EXIT_USER_ERROR

    def _finish(self) -> None:
        self._finished = True
        self._stop.set()


def main(*node_types: Callable[[], RunnableNode]) -> int:
    """Entry point of executables: runs one node of each type until a signal."""
    become_child()
    return Runner().run(node_types)


def _take_down(node: RunnableNode) -> None:
    node.close()
    node.destroy_node()
