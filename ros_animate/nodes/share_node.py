"""Gives what the pipeline sees and shows to other programs: VMC, takes, a camera, a stream."""
from __future__ import annotations

import contextlib
import pathlib
import socket
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from sensor_msgs.msg import Image as ImageMessage

from ros_animate.configuration import option
from ros_animate.face.streams import vmc
from ros_animate.face.streams.from_motion import face_of_motion
from ros_animate.msg import Command as CommandMessage
from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes.conversions import MessageError, image_from_message
from ros_animate.nodes.endpoints import make_subscription
from ros_animate.nodes.messages import Joints, motion_from_message, seconds
from ros_animate.nodes.parameters import declare_options
from ros_animate.nodes.qos import NEWEST, buffered
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.running import main as run
from ros_animate.nodes.topics import TOPICS
from ros_animate.outputs.http_stream import HttpStream
from ros_animate.outputs.panels import fit
from ros_animate.outputs.share import SHOWS, VMC_OF, split_address
from ros_animate.outputs.take_file import TakeFile
from ros_animate.outputs.virtual_camera import VirtualCamera
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.rig_inverse import RigInverse
from ros_animate.types import Image

PANEL = (640, 720)
VMC_PERIOD_S = 1 / 62  # of the robot's motion, whose commands come as often as the robot ticks
TAKE_DEPTH = 500


@dataclass(frozen=True)
class ShareOptions:
    """Parameters of the node; an empty one leaves its output out."""

    robot: str = option('mock', 'name of a robot, or path of its description')
    vmc: str = option('', 'HOST:PORT of a program that receives VMC')
    vmc_of: str = option('person', 'motion that is sent: the tracked person, or the robot',
                         choices=VMC_OF)
    take: str = option('', 'CSV file of the take')
    virtual_camera: str = option('', 'device of the virtual camera; auto: the first one')
    stream: str = option('', '[HOST:]PORT at which images are served')
    show: str = option('both', 'images for camera and stream', choices=SHOWS)


class ShareNode(RunnableNode):
    """Listens only; the pipeline is the same with and without it."""

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('share', automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self._options: ShareOptions = declare_options(self, ShareOptions)
        spec = load_spec(self._options.robot)
        self._joints, self._inverse = Joints.of(spec), RigInverse(spec)
        self._stack = contextlib.ExitStack()
        self._animated: Image | None = None
        self._take: TakeFile | None = None
        self._sent_s = 0.0
        self._open_vmc()
        self._open_screens()
        # The last one: its subscription shows that the node is ready.
        self._listen('motion', self._add_motion, buffered(TAKE_DEPTH))

    def close(self) -> None:
        self._stack.close()

    def _open_vmc(self) -> None:
        self._socket: socket.socket | None = None
        if not self._options.vmc:
            return
        vmc.require_osc()
        self._target = split_address(self._options.vmc, '127.0.0.1', 'vmc')
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._stack.callback(self._socket.close)
        if self._options.vmc_of == 'robot':
            self._listen('commands', self._send_robot, NEWEST)

    def _open_screens(self) -> None:
        options = self._options
        self._screens: list[HttpStream | VirtualCamera] = []
        if options.virtual_camera:
            device = options.virtual_camera
            self._screens.append(VirtualCamera('' if device == 'auto' else device))
        if options.stream:
            stream = HttpStream(*split_address(options.stream, '127.0.0.1', 'stream'))
            self._screens.append(stream)
            self.get_logger().warning(f'images at {stream.address}')
        for screen in self._screens:
            self._stack.callback(screen.close)
        if self._screens and options.show != 'robot':
            self._listen('animated/image_raw', self._add_animated, NEWEST)
        if self._screens and options.show != 'portrait':
            self._listen('robot/image_raw', self._add_robot, NEWEST)

    def _listen(self, topic: str, callback: Any, profile: Any) -> None:
        def receive(message: Any) -> None:
            try:
                callback(message)
            except MessageError as error:
                self.get_logger().warning(f'{topic}: not shared: {error}',
                                          throttle_duration_sec=5.0)
        make_subscription(self, TOPICS[topic].message_class, topic, receive, profile)

    def _add_motion(self, message: MotionMessage) -> None:
        motion = motion_from_message(message)
        if self._options.take:
            if self._take is None:
                model = message.model if motion is None else motion.model
                self._take = TakeFile(pathlib.Path(self._options.take).expanduser(), model)
                self._stack.callback(self._take.close)
            # The take tells the time of day.
            stamp_s = seconds(message.header.stamp)
            self._take.write(stamp_s - time.timezone, motion)
        if self._socket is not None and self._options.vmc_of == 'person' and motion is not None:
            face = face_of_motion(motion)
            self._send(vmc.encode(face.expression, face.head_deg, face.eyes_deg))

    def _send_robot(self, message: CommandMessage) -> None:
        now_s = time.monotonic()
        if now_s - self._sent_s < VMC_PERIOD_S:
            return
        self._sent_s = now_s
        position = self._joints.command_from_message(message).position
        expression, head_deg = self._inverse.expression(position)
        self._send(vmc.encode(expression, head_deg))

    def _send(self, data: bytes) -> None:
        assert self._socket is not None
        # Nobody may be listening yet, and a full queue has newer packets.
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self._target)

    def _add_animated(self, message: ImageMessage) -> None:
        self._animated = image_from_message(message)
        if self._options.show == 'portrait':
            self._show(self._animated)

    def _add_robot(self, message: ImageMessage) -> None:
        robot = image_from_message(message)
        if self._options.show == 'both' and self._animated is not None:
            robot = np.hstack([fit(self._animated, PANEL), fit(robot, PANEL)])
        self._show(robot)

    def _show(self, image: Image) -> None:
        for screen in self._screens:
            screen.show(image)


def main() -> int:
    """Runs the node."""
    return run(ShareNode)


if __name__ == '__main__':
    raise SystemExit(main())
