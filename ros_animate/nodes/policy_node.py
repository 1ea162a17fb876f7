"""Predicts the robot's actions from motion or animated images."""
from __future__ import annotations

from sensor_msgs.msg import Image as ImageMessage

from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes.conversions import image_from_message
from ros_animate.nodes.messages import Joints, motion_from_message, seconds
from ros_animate.nodes.neutral_calibration import NeutralCalibration
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import StageNode
from ros_animate.policy.base import Policy
from ros_animate.types import Frame, Motion


class PolicyNode(StageNode):
    """Node from motion (feature space) or animated/image_raw (image space) to actions."""

    stage = 'policy'
    with_robot = True

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        spec = self.spec
        self._joints = Joints.of(spec)
        self._policy: Policy = self.make_plugin(spec)
        self._publisher = self.publisher_of('actions')
        self._calibration = NeutralCalibration(self, self._policy.calibrate)
        if self._policy.observes == 'motion':
            self.listen('motion', self._act)
        else:
            self.listen('animated/image_raw', self._act)

    def _act(self, message: MotionMessage | ImageMessage) -> None:
        observation: Motion | Frame | None
        if isinstance(message, MotionMessage):
            observation = motion_from_message(message)
        else:
            observation = Frame(image_from_message(message), seconds(message.header.stamp))
        if observation is None:
            return
        self._calibration.update(observation)
        chunk = self._policy.act(observation)
        self.send(self._publisher, self._joints.chunk_to_message(chunk, message.header))


def main() -> int:
    """Runs the node."""
    return run(PolicyNode)


if __name__ == '__main__':
    raise SystemExit(main())
