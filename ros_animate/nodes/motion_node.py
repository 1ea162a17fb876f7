"""Extracts the motion of the face from every camera frame."""
from __future__ import annotations

import time
from dataclasses import dataclass

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from ros_animate.configuration import option
from ros_animate.motion.base import Extractor
from ros_animate.motion.mirror import mirrored
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import image_from_message
from ros_animate.nodes.diagnostics import Health
from ros_animate.nodes.messages import motion_to_message, nothing_found, seconds
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import NodeOptions, StageNode
from ros_animate.nodes.stamp_monitor import MAX_AGE_S
from ros_animate.nodes.topics import IMAGE_TRANSPORTS, camera_topic
from ros_animate.types import Frame, UnusableMotion


@dataclass(frozen=True)
class MotionNodeOptions(NodeOptions):
    """Options of the motion node."""

    mirror: bool = option(False, 'left and right are exchanged, as by a mirror')
    image_transport: str = option('raw', 'compressed: listens to <image_raw>/compressed instead',
                                  choices=IMAGE_TRANSPORTS)


class MotionNode(StageNode):
    """Node from image_raw (or image_raw/compressed) to motion.

    A frame without a face gives a message too, with confidence 0: downstream nodes can tell it
    from a silent camera, and the robot holds and then goes to neutral.
    """

    stage = 'motion'
    from_outside = True
    Options = MotionNodeOptions

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        self._extractor: Extractor = self.make_plugin()
        self._publisher = self.publisher_of('motion')
        self._face_found_s: float | None = None
        self.listen(camera_topic(self.parameters.options.image_transport), self._extract,
                    max_age_s=MAX_AGE_S)

    def health(self) -> Health:
        level, message = super().health()
        if level != diagnostics.OK:
            return level, message
        if self._face_found_s is None:
            return diagnostics.WARN, 'no face seen yet'
        missing_s = time.monotonic() - self._face_found_s
        if missing_s > self.parameters.options.silence_s:
            return diagnostics.WARN, f'no face for {missing_s:.1f} s'
        return level, message

    def close(self) -> None:
        self._extractor.close()

    def _extract(self, message: ImageMessage | CompressedImage) -> None:
        frame = Frame(image_from_message(message), seconds(message.header.stamp))
        try:
            motion = self._extractor.extract(frame)
        except UnusableMotion:
            self.diagnostics.count('nonfinite')
            motion = None
        if motion is None:
            self.diagnostics.count('face_missing')
            self.send(self._publisher, nothing_found(self.parameters.plugin, message.header))
            return
        self._face_found_s = time.monotonic()
        if self.parameters.options.mirror:
            motion = mirrored(motion)
        self.send(self._publisher, motion_to_message(motion, message.header))


def main() -> int:
    """Runs the node."""
    return run(MotionNode)


if __name__ == '__main__':
    raise SystemExit(main())
