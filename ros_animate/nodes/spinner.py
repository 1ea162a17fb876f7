"""Threads that run the callbacks of a node."""
from __future__ import annotations

import contextlib
import threading

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from ros_animate.nodes.executor import MessageExecutor
from ros_animate.nodes.middleware import set_middleware_defaults
from ros_animate.nodes.rclpy_compatibility import refusals_as_user_errors


class Spinner:
    """A thread that runs the callbacks of one node from now on.

    An executor that is shut down from another thread may be in the midst of a callback, which then
    fails. So the end is a callback like any other, that ends the spinning from within.

    Args:
        node: The node to spin.
        ended: Set when the thread ends, for whatever reason.
        daemon: True if the thread does not keep the process alive.
    """

    def __init__(self, node: Node, ended: threading.Event | None = None, *,
                 daemon: bool = False) -> None:
        self._ended = ended
        self._executor = MessageExecutor(context=node.context)
        self._guard = node.create_guard_condition(self._leave)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name=node.get_name(), daemon=daemon)
        self._thread.start()

    def runs(self, thread: threading.Thread | None) -> bool:
        """True if a thread is the one that runs the callbacks."""
        return thread is self._thread

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


class BackgroundNode:
    """A node beside a program that is not itself a ROS node.

    It has a ROS context of its own, so it serves inside and outside of other nodes, and a thread
    that runs its callbacks.

    Args:
        name: Name of the node.

    Attributes:
        node: The node, to make publishers and subscriptions with.
    """

    def __init__(self, name: str) -> None:
        set_middleware_defaults()
        self._context = rclpy.Context()
        with refusals_as_user_errors():
            self._context.init()
            self.node = rclpy.create_node(name, context=self._context)
        self._spinner = Spinner(self.node, daemon=True)

    def close(self) -> None:
        """Ends the thread, the node and the context."""
        self._spinner.end()
        self.node.destroy_node()
        self._context.try_shutdown()
