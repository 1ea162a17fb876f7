"""What the nodes of all stages have in common."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from rclpy.publisher import Publisher
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_srvs.srv import Trigger

from ros_animate.configuration import option
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.diagnostics import Diagnostics, Health
from ros_animate.nodes.messages import seconds
from ros_animate.nodes.parameters import declare
from ros_animate.nodes.running import RunnableNode
from ros_animate.plugins import find
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Frame, Motion

# The newest message wins: while a node works, newer messages replace the one that waits for it.
NEWEST = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
# Small messages are offered reliably, so that subscribers of either kind match.
RELIABLE = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10,
                      reliability=ReliabilityPolicy.RELIABLE)
SILENCE_S = 1.0
WARNING_PERIOD_S = 5.0


@dataclass(frozen=True)
class NodeOptions:
    """Options of every node besides those of its plug-in."""

    silence_s: float = option(SILENCE_S, 'without input for this long the node is diagnosed stale',
                              low=0.0)


class StageNode(RunnableNode):
    """A node around one plug-in: convert, call, convert, publish.

    Attributes:
        stage: Name of the stage, and of the node.
        with_robot: The stage needs the robot's description.
        changeable: Parameters that may be set while the node runs.
        parameters: The validated parameters.
        diagnostics: Figures published once a second.
    """

    stage: ClassVar[str]
    with_robot: ClassVar[bool] = False
    changeable: ClassVar[tuple[str, ...]] = ()
    Options: ClassVar[type] = NodeOptions

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__(self.stage, automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self.parameters = declare(self, self.stage, self.Options, with_robot=self.with_robot,
                                  changeable=self.changeable)
        self.diagnostics = Diagnostics(self, self.parameters.plugin, self.health)
        self._input_s: float | None = None
        self._rejected: tuple[float, str] | None = None

    @property
    def spec(self) -> RobotSpec:
        """The robot; only for stages that know it."""
        assert self.parameters.spec is not None
        return self.parameters.spec

    def make_plugin(self, *context: Any) -> Any:
        """The plug-in that the parameters name, built from them."""
        return find(self.stage, self.parameters.plugin)(self.parameters.config, *context)

    def now_s(self) -> float:
        """The node's clock (simulated with use_sim_time) in seconds."""
        return self.get_clock().now().nanoseconds * 1e-9

    def listen(self, message_type: type, topic: str, callback: Callable[[Any], None]) -> None:
        """Calls `callback` with the newest message; counts, times and survives bad ones."""
        def receive(message: Any) -> None:
            self._input_s = time.monotonic()
            self.diagnostics.count('received')
            start_s = time.perf_counter()
            try:
                callback(message)
            except MessageError as error:
                self._reject(str(error))
                return
            self.diagnostics.measure('step_ms', 1e3 * (time.perf_counter() - start_s))
        self.create_subscription(message_type, topic, receive, NEWEST)

    def send(self, publisher: Publisher, message: Any) -> None:
        """Publishes; notes how old the camera frame is that the message answers."""
        publisher.publish(message)
        self.diagnostics.count('published')
        stamp_s = seconds(message.header.stamp)
        self.diagnostics.measure('age_ms', 1e3 * (self.now_s() - stamp_s))

    def health(self) -> Health:
        """Level and message of the diagnostics."""
        now_s = time.monotonic()
        if self._input_s is None:
            return diagnostics.STALE, 'no input yet'
        silence_s = now_s - self._input_s
        if silence_s > self.parameters.options.silence_s:
            return diagnostics.STALE, f'no input for {silence_s:.1f} s'
        if self._rejected is not None and now_s - self._rejected[0] < WARNING_PERIOD_S:
            return diagnostics.WARN, f'input rejected: {self._rejected[1]}'
        return diagnostics.OK, 'running'

    def _reject(self, why: str) -> None:
        self.diagnostics.count('rejected')
        self._rejected = (time.monotonic(), why)
        self.get_logger().warning(f'input rejected: {why}',
                                  throttle_duration_sec=WARNING_PERIOD_S)


class NeutralCalibration:
    """Service `~/calibrate_neutral`: the person's present face becomes the neutral one.

    Args:
        node: Whose service it is.
        calibrate: Called with the observation.
    """

    MAX_AGE_S = 1.0

    def __init__(self, node: StageNode, calibrate: Callable[[Any], None]) -> None:
        self._node, self._calibrate = node, calibrate
        self._observation: Motion | Frame | None = None
        self._seen_s = 0.0
        node.create_service(Trigger, '~/calibrate_neutral', self._serve)

    def see(self, observation: Motion | Frame) -> None:
        """Keeps the observation for a call of the service."""
        self._observation, self._seen_s = observation, time.monotonic()

    def _serve(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        age_s = time.monotonic() - self._seen_s
        if self._observation is None or age_s > self.MAX_AGE_S:
            response.message = 'no face is seen: look at the camera and call again'
            return response
        self._calibrate(self._observation)
        self._node.diagnostics.count('calibrations')
        response.success, response.message = True, 'this face is neutral now'
        return response
