"""A node with a life cycle that, if wanted, brings itself up and comes back after errors."""
from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import ChangeState
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.lifecycle.node import LifecycleNodeMixin

from ros_animate.errors import UserError
from ros_animate.nodes.stage_node import StageNode

SUPERVISION_S = 0.1
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0
SUCCESS, FAILURE, ERROR = (TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE,
                           TransitionCallbackReturn.ERROR)
UNCONFIGURED, INACTIVE, ACTIVE, FINALIZED = (
    State.PRIMARY_STATE_UNCONFIGURED, State.PRIMARY_STATE_INACTIVE, State.PRIMARY_STATE_ACTIVE,
    State.PRIMARY_STATE_FINALIZED)


class ManagedNode(LifecycleNodeMixin, StageNode):
    """Unconfigured, inactive (connected), active (at work): `ros2 lifecycle`.

    A defect leads through the error state to unconfigured, from where the node can be configured
    again. With `autostart` it configures and activates itself: at the start and, less and less
    often, after errors; without it somebody else does.
    """

    def __init__(self, **node_arguments: Any) -> None:
        StageNode.__init__(self, **node_arguments)
        LifecycleNodeMixin.__init__(self)
        self.autostart = False
        self._transition = threading.RLock()
        self._retry_s, self._retry_at_s = FIRST_RETRY_S, 0.0
        self._service_change_state.callback = self._refuse_impossible(
            self._service_change_state.callback)
        self.create_timer(SUPERVISION_S, self._supervise,
                          clock=Clock(clock_type=ClockType.STEADY_TIME))

    def configure(self) -> None:
        """Takes what the work needs; raises UserError if it is not to be had."""

    def activate(self) -> None:
        """Begins to work."""

    def deactivate(self) -> None:
        """Stops to work, in good order."""

    def release(self) -> None:
        """Gives back what `configure` took."""

    def finish(self) -> None:
        """Stops to work for good."""

    def defect(self) -> str:
        """Why the node, once configured, cannot work on; '' while it can."""
        return ''

    @property
    def life_state(self) -> int:
        """UNCONFIGURED, INACTIVE, ACTIVE or FINALIZED."""
        return int(self._state_machine.current_state[0])

    def bring_up(self) -> None:
        """Configures and activates, as far as it goes."""
        with self._transition:
            if self.life_state == UNCONFIGURED:
                self.trigger_configure()
            if self.life_state == INACTIVE:
                self.trigger_activate()

    def take_down(self) -> None:
        """To the final state, from wherever the node is."""
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
        """Runs a step. The life cycle itself would swallow what went wrong."""
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
                self._retry_s, self._retry_at_s = FIRST_RETRY_S, 0.0
            elif self.autostart and self.life_state == UNCONFIGURED:
                self._try_again()

    def _try_again(self) -> None:
        if time.monotonic() >= self._retry_at_s:
            self.bring_up()
            self._retry_at_s = time.monotonic() + self._retry_s
            self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)

    def _refuse_impossible(self, change: Callable[..., ChangeState.Response]
                           ) -> Callable[..., ChangeState.Response]:
        """A request that the state does not allow is answered, not fatal."""
        def answer(request: ChangeState.Request,
                   response: ChangeState.Response) -> ChangeState.Response:
            with self._transition:
                possible = [t for t in self._state_machine.available_transitions
                            if request.transition.id == t[0]
                            or request.transition.label == t[1]]
                if not possible:
                    self.get_logger().warning(
                        f'no transition {request.transition.label or request.transition.id} in '
                        f'state {self._state_machine.current_state[1]}')
                    response.success = False
                    return response
                return change(request, response)
        return answer
