"""Animates the portrait with the motion of the face."""
from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from sensor_msgs.msg import Image as ImageMessage

from ros_animate.animation.base import Animator, SourceImageError
from ros_animate.animation.source_image import source_image
from ros_animate.configuration import ConfigurationError, option
from ros_animate.errors import shown
from ros_animate.motion.base import LANDMARKS, Extractor
from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import MessageError, image_from_message
from ros_animate.nodes.diagnostics import Health
from ros_animate.nodes.image_publisher import ImagePublisher, JpegOptions
from ros_animate.nodes.live_parameters import LiveParameters
from ros_animate.nodes.messages import motion_from_message, seconds
from ros_animate.nodes.neutral_calibration import NeutralCalibration
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import NodeOptions, StageNode
from ros_animate.nodes.stamp_monitor import MAX_AGE_S
from ros_animate.plugins import load_shared
from ros_animate.scheduling import GivingWay, lower_priority
from ros_animate.types import Frame, Motion, UnusableMotion

# Images come a little early and late: of 30 a second every second one is to be taken for 15.
TOLERANCE = 0.9


@dataclass(frozen=True)
class AnimationNodeOptions(JpegOptions, NodeOptions):
    """Options of the animation node."""

    portrait: str = option('', "image that is animated; empty: the robot's virtual face")
    own_extractor: bool = option(
        False, 'listens to image_raw with the extractor that the animator understands, for a '
        'policy that needs the motion of another one')
    background: bool = option(
        False, 'runs at a lower priority than other nodes: for a portrait that no command waits '
        'for')
    background_rate_hz: float = option(60.0, 'with background: images a second at most',
                                       low=0.1, high=1000.0)
    gives_way: bool = option(
        True, 'with background: fewer images where processors are busy; false if every image is '
        'wanted')


class AnimationNode(StageNode):
    """Node from motion to animated/image_raw.

    Nothing is computed while nobody listens: in feature space the portrait is only for people.
    """

    stage = 'animation'
    with_robot = True
    Options = AnimationNodeOptions
    changeable = ('portrait',)

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        options: AnimationNodeOptions = self.parameters.options
        self._animator: Animator = self.make_plugin()
        self._animator.set_source(source_image(options.portrait, self.spec))
        self._changes = LiveParameters(self, options, self.changeable, self._change_portrait,
                                       'animation node')
        self._publisher = ImagePublisher(self, 'animated/image_raw')
        self._is_background = options.background
        self._next_s = 0.0
        self._giving_way = GivingWay()
        self._calibration = NeutralCalibration(self, self._animator.calibrate)
        self._extractor: Extractor | None = None
        if options.own_extractor:
            self._extractor = load_shared('motion', self._animator.extractor,
                                          dataclasses.asdict(self.parameters.config))
            self.listen('image_raw', self._animate_image, max_age_s=MAX_AGE_S)
        else:
            self.listen('motion', self._animate_motion)

    def health(self) -> Health:
        level, message = super().health()
        if level == diagnostics.OK and not self._publisher.has_subscribers:
            return diagnostics.OK, 'idle: nobody listens to animated/image_raw'
        return level, message

    def _change_portrait(self, options: AnimationNodeOptions) -> None:
        """Animates another image; raises ConfigurationError and keeps the present one."""
        try:
            self._animator.set_source(source_image(options.portrait, self.spec))
        except SourceImageError as error:
            raise ConfigurationError(str(error)) from error

    def close(self) -> None:
        if self._extractor is not None:
            self._extractor.close()

    def _animate_image(self, message: ImageMessage) -> None:
        assert self._extractor is not None
        frame = Frame(image_from_message(message), seconds(message.header.stamp))
        try:
            motion = self._extractor.extract(frame)
        except UnusableMotion as error:
            raise MessageError(str(error)) from error
        self._animate(motion, message)

    def _animate_motion(self, message: MotionMessage) -> None:
        is_mesh = self._animator.extractor == LANDMARKS and len(message.landmarks)
        if message.model != self._animator.extractor and not is_mesh:
            raise MessageError(f'{self.parameters.plugin} understands the motion of '
                               f'{self._animator.extractor}, not of {shown(message.model)}')
        self._animate(motion_from_message(message), message)

    def _is_due(self) -> bool:
        """True if the next image may be made: in the background at its rate, and giving way."""
        now_s = time.monotonic()
        if not self._is_background:
            return True
        if now_s < self._next_s:
            return False
        self._next_s = now_s + TOLERANCE / self.parameters.options.background_rate_hz
        return True

    def _animate(self, motion: Motion | None, message: MotionMessage | ImageMessage) -> None:
        if motion is None:
            return
        self._calibration.update(motion)
        if self._publisher.has_subscribers and self._is_due():
            try:
                if self._is_background:
                    lower_priority()
                animated = self._animator.animate(motion)
            except UnusableMotion as error:
                raise MessageError(str(error)) from error
            self._publisher.publish(animated.image, message.header)
            self.note_sent(message.header)
            if self.parameters.options.gives_way:
                self._next_s = max(self._next_s, time.monotonic() + self._giving_way.rest_s())


def main() -> int:
    """Runs the node."""
    return run(AnimationNode)


if __name__ == '__main__':
    raise SystemExit(main())
