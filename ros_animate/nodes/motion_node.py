"""Extracts the motion of the face from every camera frame."""
from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from ros_animate.configuration import option
from ros_animate.motion.base import Extractor, MotionSource
from ros_animate.motion.following import RULES
from ros_animate.motion.mirror import mirrored
from ros_animate.nodes import diagnostics
from ros_animate.nodes.conversions import image_from_message
from ros_animate.nodes.diagnostics import Health
from ros_animate.nodes.hri_faces import AUTO, CHOICES, make_hri_faces
from ros_animate.nodes.live_parameters import LiveParameters
from ros_animate.nodes.messages import (
    faces_to_message,
    motion_to_message,
    nothing_found,
    seconds,
)
from ros_animate.nodes.motion_player import MotionPlayer, PlayerOptions
from ros_animate.nodes.newest_work import NewestWork
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import NodeOptions, StageNode
from ros_animate.nodes.stamp_monitor import MAX_AGE_S
from ros_animate.nodes.topic_motion import TopicMotion
from ros_animate.nodes.topics import IMAGE_TRANSPORTS, camera_topic
from ros_animate.srv import Follow
from ros_animate.types import Frame, Image, Motion, UnusableMotion


@dataclass(frozen=True)
class MotionNodeOptions(PlayerOptions, NodeOptions):
    """Options of the motion node."""

    mirror: bool = option(False, 'left and right are exchanged, as by a mirror')
    image_transport: str = option('raw', 'compressed: listens to <image_raw>/compressed instead',
                                  choices=IMAGE_TRANSPORTS)
    hri: str = option(AUTO, 'faces for other packages on /humans/faces (REP-155); auto: where '
                            'hri_msgs is installed', choices=CHOICES)
    hri_crop: int = option(128, 'width and height of the images of faces there, in pixels',
                           low=16, high=1024)


@dataclass(frozen=True)
class Sight:
    """All faces of one frame.

    Attributes:
        motions: Their motions.
        followed: That of the followed one, None without a face.
        header: Header of the frame.
        image: The frame, None without a camera.
    """

    motions: Sequence[Motion]
    followed: Motion | None
    header: Header
    image: Image | None


class MotionNode(StageNode):
    """Node from image_raw (or image_raw/compressed), or what else its plug-in reads, to motion.

    A plug-in that needs no camera is played in a thread; a drawn person takes the place of its
    images.

    A frame without a face gives a message too, with confidence 0: downstream nodes can tell it
    from a silent camera, and the robot holds and then goes to neutral. All faces in sight are
    published as `faces` while somebody subscribes; the service `~/follow` selects one of them.
    """

    stage = 'motion'
    from_outside = True
    Options = MotionNodeOptions
    changeable = ('mirror',)

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        self._plugin: Extractor | TopicMotion | MotionSource = self.make_plugin()
        self._publisher = self.publisher_of('motion')
        self._faces: Publisher | None = None
        if not isinstance(self._plugin, TopicMotion) or self._plugin.relays:
            self._faces = self.publisher_of('faces')
        self._mirror: bool = self.parameters.options.mirror
        self._changes = LiveParameters(self, self.parameters.options, self.changeable,
                                       self._configure, 'motion node')
        self.create_service(Follow, '~/follow', self._follow)
        self._face_found_s: float | None = None
        self._hri = None
        self._faces_work = NewestWork('faces', self._send_faces)
        self._player: MotionPlayer | None = None
        if isinstance(self._plugin, Extractor):
            options = self.parameters.options
            self._hri = make_hri_faces(self, options.hri, options.hri_crop)
        if isinstance(self._plugin, TopicMotion):
            self._plugin.attach(self, self._publish)
        elif isinstance(self._plugin, MotionSource):
            self._player = MotionPlayer(self, self._plugin, self._publish)
        else:
            self.listen(camera_topic(self.parameters.options.image_transport), self._extract,
                        max_age_s=MAX_AGE_S)

    def start(self) -> None:
        self._faces_work.start()
        if self._player is not None:
            self._player.start()

    def stop(self) -> None:
        if self._player is not None:
            self._player.stop()

    def health(self) -> Health:
        level, message = super().health()
        if level == diagnostics.STALE and self._player is not None:
            reason = self._player.reason()
            return level, f'{message}: {reason}' if reason else message
        if level != diagnostics.OK:
            return level, message
        if self._face_found_s is None:
            return diagnostics.WARN, 'no face seen yet'
        missing_s = time.monotonic() - self._face_found_s
        if missing_s > self.parameters.options.silence_s:
            return diagnostics.WARN, f'no face for {missing_s:.1f} s'
        return level, message

    def _configure(self, options: MotionNodeOptions) -> None:
        self._mirror = options.mirror

    def close(self) -> None:
        if isinstance(self._plugin, Extractor):
            self._plugin.close()
        if self._player is not None:
            self._player.close()
        self._faces_work.stop()
        if self._hri is not None:
            self._hri.close()

    def _extract(self, message: ImageMessage | CompressedImage) -> None:
        frame = Frame(image_from_message(message), seconds(message.header.stamp))
        assert isinstance(self._plugin, Extractor)
        try:
            motion = self._plugin.extract(frame)
        except UnusableMotion:
            self.diagnostics.count('nonfinite')
            motion = None
        self._publish(motion, message.header, frame.image)

    def _publish(self, motion: Motion | None, header: Header, image: Image | None = None) -> None:
        """Publishes the followed face, and then what nobody waits for."""
        if motion is None:
            self.diagnostics.count('face_missing')
            self.send(self._publisher, nothing_found(self.parameters.plugin, header))
        else:
            self._face_found_s = time.monotonic()
            sent = mirrored(motion) if self._mirror else motion
            self.send(self._publisher, motion_to_message(sent, header))
        if isinstance(self._plugin, Extractor):
            self._plugin.complete()
        self._request_faces(motion, header, image)

    def _request_faces(self, followed: Motion | None, header: Header, image: Image | None) -> None:
        """Has all faces in sight published, if they may concern anybody."""
        if self._hri is None and not self._has_listeners_of_faces:
            return
        try:
            motions = self._plugin.faces()
        except UnusableMotion:
            self.diagnostics.count('nonfinite')
            return
        self._faces_work.request(Sight(motions, followed, header, image))

    @property
    def _has_listeners_of_faces(self) -> bool:
        return self._faces is not None and self._faces.get_subscription_count() > 0

    def _send_faces(self, sight: Sight) -> None:
        motions, followed = sight.motions, sight.followed
        if self._has_listeners_of_faces:
            assert self._faces is not None
            follow = self.get_parameter('follow').value if self.has_parameter('follow') else ''
            self._faces.publish(faces_to_message(
                motions, sight.header, follow, followed.face_id if followed is not None else ''))
        if self._hri is not None:
            self._hri.publish(motions or [followed] if followed is not None else motions,
                              sight.image, sight.header)

    def _follow(self, request: Follow.Request, response: Follow.Response) -> Follow.Response:
        """Sets the parameter `follow`, so that the parameter and the service agree."""
        if not self.has_parameter('follow'):
            response.message = f'{self.parameters.plugin} does not tell faces apart'
            return response
        result, = self.set_parameters([Parameter('follow', value=request.follow)])
        response.success = result.successful
        response.message = result.reason or f'follow: {request.follow}, from the next image on'
        if result.successful and request.follow not in RULES:
            response.followed = request.follow
        return response


def main() -> int:
    """Runs the node."""
    return run(MotionNode)


if __name__ == '__main__':
    raise SystemExit(main())
