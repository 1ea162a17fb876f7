"""Predicts the robot's actions from motion or animated images."""
from __future__ import annotations

from dataclasses import dataclass

from rclpy.subscription import Subscription
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes.conversions import image_from_message
from ros_animate.nodes.endpoints import make_subscription
from ros_animate.nodes.expression_input import ExpressionInput
from ros_animate.nodes.live_parameters import LiveParameters
from ros_animate.nodes.messages import Joints, motion_from_message, seconds, stamp_message
from ros_animate.nodes.neutral_calibration import NeutralCalibration
from ros_animate.nodes.qos import NEWEST
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import NodeOptions, StageNode
from ros_animate.policy.base import Policy
from ros_animate.policy.face_layers import PERIOD_S, FaceLayers, LayerOptions
from ros_animate.types import Frame, Motion


@dataclass(frozen=True)
class PolicyNodeOptions(NodeOptions, LayerOptions):
    """Options of the policy node."""


class PolicyNode(StageNode):
    """Node from motion (feature space) or animated/image_raw (image space) to actions.

    Above what the policy predicts lie expressions that other programs ask for, below it idle life.
    """

    stage = 'policy'
    with_robot = True
    changeable = ('expression_s', 'idle', 'idle_after_s')
    Options = PolicyNodeOptions

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        spec, options = self.spec, self.parameters.options
        self._layers = FaceLayers(spec, options)
        self._changes = LiveParameters(self, options, self.changeable, self._configure,
                                       'policy node')
        self._joints = Joints.of(spec)
        self._policy: Policy = self.make_plugin(spec)
        self._publisher = self.publisher_of('actions')
        self._calibration = NeutralCalibration(self, self._policy.calibrate)
        if self._policy.observes == 'motion':
            self.listen('motion', self._act)
        else:
            self.listen('animated/image_raw', self._act)
        # Stopped while there is nothing to give but the policy's actions.
        self._timer = self.create_timer(PERIOD_S, self._fill)
        self._expressions = ExpressionInput(self, self._layers, self._timer.reset)
        self._presence: Subscription | None = None
        self._configure(options)

    def _configure(self, options: PolicyNodeOptions) -> None:
        self._layers.configure(options)
        if options.idle and self._policy.observes == 'image' and self._presence is None:
            self._presence = make_subscription(
                self, MotionMessage, 'motion', self._note_presence, NEWEST)
        if not options.idle:
            self._timer.cancel()
        else:
            self._timer.reset()

    def _act(self, message: MotionMessage | ImageMessage) -> None:
        observation: Motion | Frame | None
        if isinstance(message, MotionMessage):
            observation = motion_from_message(message)
        else:
            observation = Frame(image_from_message(message), seconds(message.header.stamp))
        self._layers.note_tracker(observation is not None, self.now_s())
        if observation is None:
            return
        self._calibration.update(observation)
        chunk = self._layers.imitate(self._policy.act(observation), self.now_s())
        self.send(self._publisher, self._joints.chunk_to_message(chunk, message.header))

    def _note_presence(self, message: MotionMessage) -> None:
        """Takes who is in sight, where the policy sees only portraits."""
        self._layers.note_tracker(
            message.confidence > MotionMessage.CONFIDENCE_NOTHING_FOUND, self.now_s())

    def _fill(self) -> None:
        """Gives actions that answer no frame: an expression, idle life."""
        now_s = self.now_s()
        chunk = self._layers.fill(now_s)
        if chunk is not None:
            header = Header(stamp=stamp_message(chunk.stamp_s))
            self.send(self._publisher, self._joints.chunk_to_message(chunk, header))
        if not self._layers.wants_filling and not self._layers.is_expressing(now_s):
            self._timer.cancel()


def main() -> int:
    """Runs the node."""
    return run(PolicyNode)


if __name__ == '__main__':
    raise SystemExit(main())
