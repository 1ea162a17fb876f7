"""Says how the face in every camera frame moves."""
from __future__ import annotations

import time
from dataclasses import dataclass

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from ros_animate.configuration import option
from ros_animate.motion.base import Extractor
from ros_animate.motion.mirror import mirrored
from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import image_from_compressed, image_from_message
from ros_animate.nodes.diagnostics import Health
from ros_animate.nodes.messages import motion_to_message, nothing_found, seconds
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import RELIABLE, NodeOptions, StageNode
from ros_animate.types import Frame


@dataclass(frozen=True)
class MotionNodeOptions(NodeOptions):
    """Options of the motion node."""

    mirror: bool = option(False, 'left and right are exchanged, as by a mirror')
    image_transport: str = option('raw', 'compressed: listens to <image_raw>/compressed instead',
                                  choices=('raw', 'compressed'))


class MotionNode(StageNode):
    """image_raw (or image_raw/compressed) to motion.

    A frame without a face gives a message too, with confidence 0: downstream knows that the camera
    lives, and the robot holds and then goes to neutral.
    """

    stage = 'motion'
    Options = MotionNodeOptions

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        self._extractor: Extractor = self.make_plugin()
        self._publisher = self.create_publisher(MotionMessage, 'motion', RELIABLE)
        self._face_seen_s: float | None = None
        if self.parameters.options.image_transport == 'compressed':
            # As image_transport does it: a remapping of the base name moves this topic too.
            topic = self.resolve_topic_name('image_raw') + '/compressed'
            self.listen(CompressedImage, topic, self._see)
        else:
            self.listen(ImageMessage, 'image_raw', self._see)

    def health(self) -> Health:
        level, message = super().health()
        if level == diagnostics.OK and self._face_seen_s is None:
            return diagnostics.WARN, 'no face seen yet'
        if level == diagnostics.OK and self._face_seen_s is not None:
            lost_s = time.monotonic() - self._face_seen_s
            if lost_s > self.parameters.options.silence_s:
                return diagnostics.WARN, f'no face for {lost_s:.1f} s'
        return level, message

    def close(self) -> None:
        self._extractor.close()

    def _see(self, message: ImageMessage | CompressedImage) -> None:
        compressed = isinstance(message, CompressedImage)
        image = image_from_compressed(message) if compressed else image_from_message(message)
        motion = self._extractor.extract(Frame(image, seconds(message.header.stamp)))
        if motion is None:
            self.diagnostics.count('face_missing')
            self.send(self._publisher, nothing_found(self.parameters.plugin, message.header))
            return
        self._face_seen_s = time.monotonic()
        if self.parameters.options.mirror:
            motion = mirrored(motion)
        self.send(self._publisher, motion_to_message(motion, message.header))


def main() -> int:
    """Runs the node."""
    return run(MotionNode)


if __name__ == '__main__':
    raise SystemExit(main())
