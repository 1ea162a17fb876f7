"""The executor of all nodes: rclpy's, with a short way for messages.

For each message rclpy gathers everything that a node has, makes a wait set and destroys it: 0.5 ms
and more, as much as most callbacks take. Here the wait set stays until a node gets or loses
something. Messages of subscriptions are taken at once; whatever else is ready (services, timers,
actions, events) is left to rclpy.
"""
from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterable
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.executors import ShutdownException, SingleThreadedExecutor, TimeoutException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.subscription import Subscription
from rclpy.waitable import NumberOfEntities

_KINDS = ('subscriptions', 'guards', 'timers', 'clients', 'services', 'waitables')


class MessageExecutor(SingleThreadedExecutor):
    """Runs the callbacks of its nodes in the thread that spins.

    It overrides a method of rclpy that is not public. With an rclpy that does not call it, this is
    rclpy's executor.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._entities: _Entities | None = None
        self._is_other_ready = True

    def spin(self) -> None:
        """Executes callbacks until the shutdown."""
        try:
            super().spin()
        finally:
            self._forget_entities()

    def _spin_once_impl(self, timeout_sec: Any = None, *more: Any) -> None:
        if timeout_sec is not None or self._tasks:
            super()._spin_once_impl(timeout_sec, *more)
            self._is_other_ready = True
        elif self._is_other_ready:
            self._is_other_ready = self._execute_one()
            self._forget_changed_entities()
        else:
            self._is_other_ready = not self._take_messages()

    def _execute_one(self) -> bool:
        """Executes one callback as rclpy does; False if none is ready."""
        try:
            handler, _, _ = self.wait_for_ready_callbacks(0.0)
        except (ShutdownException, TimeoutException):
            return False
        handler()
        handler.result()  # raises what the callback has raised
        return True

    def _take_messages(self) -> bool:
        """Waits, and gives messages to their callbacks; False if something else is ready."""
        if self._entities is None:
            self._entities = _Entities(self)
        if self._is_shutdown:  # a later one ends the wait
            return True
        try:
            ready = self._entities.wait()
        except InvalidHandle:  # something was destroyed since the last wait
            self._forget_entities()
            return True
        if self._entities.was_woken:
            self._forget_changed_entities()
        if self._is_shutdown or not self.context.ok():
            return True
        for subscription in ready or ():
            if (message := _taken(subscription)) is not None:
                subscription.callback(message)
        return ready is not None

    def _forget_changed_entities(self) -> None:
        if self._entities is not None and not self._entities.are_all_of(self):
            self._forget_entities()

    def _forget_entities(self) -> None:
        if self._entities is not None:
            self._entities.close()
            self._entities = None


class _Entities:
    """Everything that the nodes of an executor wait for now, and the wait set.

    An entity that is destroyed meanwhile lives until `close`.

    Attributes:
        was_woken: True if something has woken the executor during the last wait, as nodes do when
            they get or lose something.
    """

    def __init__(self, executor: MessageExecutor) -> None:
        self.was_woken = False
        self._found = _found(executor)
        self._stack = contextlib.ExitStack()
        subscriptions, guards, timers, clients, services, waitables = map(self._kept, self._found)
        self._subscriptions = {s.handle.pointer: s for s in subscriptions}
        self._direct = {pointer for pointer, s in self._subscriptions.items() if _is_direct(s)}
        self._guards = {guard.handle.pointer: guard for guard in guards}
        self._wakers = [guard.handle for guard in self._kept(
            guard for guard in (executor._guard, executor._sigint_gc) if guard is not None)]
        self._timers, self._clients, self._services = timers, clients, services
        self._waitables = waitables
        counts = sum((waitable.get_num_entities() for waitable in waitables),
                     NumberOfEntities(len(subscriptions), len(self._wakers) + len(guards),
                                      len(timers), len(clients), len(services)))
        self._stack.enter_context(executor.context.handle)
        self._wait_set = rclpy_implementation.WaitSet(
            counts.num_subscriptions, counts.num_guard_conditions, counts.num_timers,
            counts.num_clients, counts.num_services, counts.num_events, executor.context.handle)

    def are_all_of(self, executor: MessageExecutor) -> bool:
        """True unless the nodes have got or lost something."""
        return _found(executor) == self._found

    def wait(self) -> list[Subscription] | None:
        """Waits; the subscriptions with messages, None if something else is ready as well."""
        self._fill()
        wait_set = self._wait_set
        wait_set.wait(-1)
        guards = wait_set.get_ready_entities('guard_condition')
        self.was_woken = any(waker.pointer in guards for waker in self._wakers)
        ready = wait_set.get_ready_entities('subscription')
        triggered = [self._guards[pointer] for pointer in guards if pointer in self._guards]
        for guard in triggered:
            guard._executor_triggered = True  # the wait set has reset it
        if (triggered or not self._direct.issuperset(ready)
                or any(wait_set.get_ready_entities(kind) for kind in ('timer', 'client', 'service'))
                or any(waitable.is_ready(wait_set) for waitable in self._waitables)):
            return None
        return [self._subscriptions[pointer] for pointer in ready]

    def close(self) -> None:
        """Releases the entities."""
        self._stack.close()

    def _fill(self) -> None:
        """Puts everything into the wait set, which keeps nothing from one wait to the next."""
        wait_set = self._wait_set
        wait_set.clear_entities()
        for subscription in self._subscriptions.values():
            wait_set.add_subscription(subscription.handle)
        for handle in (*self._wakers, *(guard.handle for guard in self._guards.values())):
            wait_set.add_guard_condition(handle)
        for timer in self._timers:
            wait_set.add_timer(timer.handle)
        for client in self._clients:
            wait_set.add_client(client.handle)
        for service in self._services:
            wait_set.add_service(service.handle)
        for waitable in self._waitables:
            waitable.add_to_wait_set(wait_set)

    def _kept(self, entities: Iterable[Any]) -> list[Any]:
        """Those that are not destroyed, which `close` may destroy from now on."""
        kept = []
        for entity in entities:
            with contextlib.suppress(InvalidHandle):
                self._stack.enter_context(getattr(entity, 'handle', entity))
                kept.append(entity)
        return kept


def _found(executor: MessageExecutor) -> list[list[Any]]:
    """Subscriptions, guard conditions, timers, clients, services and waitables, by kind.

    Those whose callback group does not let them run are left out, as rclpy does.
    """
    nodes = executor.get_nodes()
    return [[entity for node in nodes for entity in getattr(node, kind)
             if executor.can_execute(entity)] for kind in _KINDS]


def _taken(subscription: Subscription) -> Any:
    """The next message; None without one, or if a callback has destroyed the subscription."""
    with contextlib.suppress(InvalidHandle), subscription.handle:
        taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        return None if taken is None else taken[0]


def _is_direct(subscription: Subscription) -> bool:
    """True if the callback is a plain function of the message."""
    return (subscription._callback_type is Subscription.CallbackType.MessageOnly
            and not inspect.iscoroutinefunction(subscription.callback))
