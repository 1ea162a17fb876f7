"""A node with a life cycle that can start itself and recover from errors."""
from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import State
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.lifecycle.node import LifecycleNodeMixin

from ros_animate.backoff import Backoff
from ros_animate.errors import UserError
from ros_animate.nodes.rclpy_compatibility import (
    lifecycle_state,
    refuse_impossible_transitions,
)
from ros_animate.nodes.stage_node import StageNode

SUPERVISION_S = 0.1
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0
SUCCESS, FAILURE, ERROR = (TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE,
                           TransitionCallbackReturn.ERROR)
UNCONFIGURED, INACTIVE, ACTIVE, FINALIZED = (
    State.PRIMARY_STATE_UNCONFIGURED, State.PRIMARY_STATE_INACTIVE, State.PRIMARY_STATE_ACTIVE,
    State.PRIMARY_STATE_FINALIZED)


class ManagedNode(LifecycleNodeMixin, StageNode):
    """A node with the states unconfigured, inactive (connected) and active (at work).

    `ros2 lifecycle` shows and changes them. A defect leads through the error state to
    unconfigured, from where the node can be configured again. With `autostart` it configures and
    activates itself: at the start and, less and less often, after errors; without it somebody
    else does.
    """

    def __init__(self, **node_arguments: Any) -> None:
        StageNode.__init__(self, **node_arguments)
        LifecycleNodeMixin.__init__(self)
        self.autostart = False
        self._transition = threading.RLock()
        self._backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        refuse_impossible_transitions(self, self._transition)
        self.create_timer(SUPERVISION_S, self._supervise,
                          clock=Clock(clock_type=ClockType.STEADY_TIME))

    def configure(self) -> None:
        """Acquires all resources; raises UserError if one is not available."""

    def activate(self) -> None:
        """Begins the work."""

    def deactivate(self) -> None:
        """Ends the work in good order; it may begin again."""

    def release(self) -> None:
        """Releases the resources that `configure` acquired."""

    def finish(self) -> None:
        """Ends the work for good."""

    def defect(self) -> str:
        """Reason why the configured node cannot go on; '' while it can."""
        return ''

    @property
    def life_state(self) -> int:
        """UNCONFIGURED, INACTIVE, ACTIVE or FINALIZED."""
        return lifecycle_state(self)

    def bring_up(self) -> None:
        """Configures and activates, as far as that succeeds."""
        with self._transition:
            if self.life_state == UNCONFIGURED:
                self.trigger_configure()
            if self.life_state == INACTIVE:
                self.trigger_activate()

    def take_down(self) -> None:
        """Brings the node to the final state."""
        with self._transition:
            if self.life_state in (UNCONFIGURED, INACTIVE, ACTIVE):
                self.trigger_shutdown()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._try(self.configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._try(self.activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return ERROR if self.defect() else self._try(self.deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return ERROR if self.defect() else self._try(self.release)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        if state.state_id == ACTIVE and not self.defect():
            self._try(self.finish)
        return self._try(self.release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Everything is released: the node may be configured again."""
        self.diagnostics.count('errors')
        self.get_logger().error(f'{self.defect() or "a transition has failed"}; '
                                f'{"trying" if self.autostart else "to be configured"} again')
        return self._try(self.release)

    def _try(self, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Runs a step and logs its errors, which rclpy would swallow."""
        try:
            step()
        except UserError as error:
            self.get_logger().error(str(error), throttle_duration_sec=LAST_RETRY_S)
            return FAILURE
        except Exception:
            self.get_logger().error(traceback.format_exc())
            raise
        return SUCCESS

    def _supervise(self) -> None:
        with self._transition:
            if self.defect() and self.life_state == ACTIVE:
                self.trigger_deactivate()
            elif self.defect() and self.life_state == INACTIVE:
                self.trigger_cleanup()
            elif self.life_state == ACTIVE:
                self._backoff.reset()
            elif self.autostart and self.life_state == UNCONFIGURED:
                self._try_again()

    def _try_again(self) -> None:
        if self._backoff.is_due(time.monotonic()):
            self.bring_up()
            if self.life_state != ACTIVE:
                self._backoff.note_failure(time.monotonic())
