"""All use of parts of rclpy that are not public, but for that of `executor`.

Tested with the wheels of rclpy 7.1.6 (Jazzy).
"""
from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.exceptions import NameValidationException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle.node import LifecycleNodeMixin

from ros_animate.errors import UserError

_REFUSALS = (NameValidationException, rclpy_implementation.RCLError,
             rclpy_implementation.RCLInvalidROSArgsError, rclpy_implementation.UnknownROSArgsError)
# Places in the sources of rcl, which its messages name.
_PLACE = re.compile(r', at /\S+:\d+')


@contextlib.contextmanager
def refusals_as_user_errors() -> Iterator[None]:
    """Turns what ROS refuses while it starts (arguments, names, files) into a UserError."""
    try:
        yield
    except _REFUSALS as error:
        lines = _PLACE.sub('', str(error)).strip().splitlines()
        raise UserError(f'ROS refuses to start: {lines[0] if lines else "no reason given"}'
                        ) from error


def lifecycle_state(node: LifecycleNodeMixin) -> int:
    """The node's present state as a constant of lifecycle_msgs/State.

    rclpy gives the state to its own services only.
    """
    return int(node._state_machine.current_state[0])


def refuse_impossible_transitions(node: LifecycleNodeMixin, lock: threading.RLock) -> None:
    """Answers a request for a transition that the state does not allow with `success` false.

    rclpy raises RCLError in the callback of the service, which would end the node.

    Args:
        node: A node with a life cycle.
        lock: Held during every transition.
    """
    service = node._service_change_state
    service.callback = _refusing(node, lock, service.callback)


def _refusing(node: LifecycleNodeMixin, lock: threading.RLock,
              change: Callable[..., ChangeState.Response]) -> Callable[..., ChangeState.Response]:
    def answer(request: ChangeState.Request,
               response: ChangeState.Response) -> ChangeState.Response:
        with lock:
            transition = request.transition
            # (id, label, start, goal) of each
            if any(transition.id == possible[0] or transition.label == possible[1]
                   for possible in node._state_machine.available_transitions):
                return change(request, response)
            node.get_logger().warning(f'no transition {transition.label or transition.id} in '
                                      f'state {node._state_machine.current_state[1]}')
            response.success = False
            return response
    return answer


def mark_executing(goal_handle: Any) -> None:
    """Sets a goal to the state EXECUTING without a callback that would have to wait for its end.

    rclpy polls a coroutine that waits, which takes a whole core, and a function blocks its node.
    """
    goal_handle._update_state(rclpy_implementation.GoalEvent.EXECUTE)
