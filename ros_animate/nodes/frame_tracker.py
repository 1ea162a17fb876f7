"""Collects the images and commands that belong to each camera frame of a live run."""
from __future__ import annotations

import pathlib
from collections import deque

import numpy as np
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from ros_animate.msg import Command as CommandMessage
from ros_animate.nodes.conversions import image_from_message
from ros_animate.nodes.messages import NANOSECONDS, Joints, nanoseconds, seconds
from ros_animate.outputs.spool import LiveFrame, SpoolWriter
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Image

# A frame is complete when this many later ones have come: its answer takes about one interval.
FRAMES_LATER = 2
# Commands that are kept while no frame comes: the robot is at rest long before.
MAX_COMMANDS = 10_000


class FrameTracker:
    """Spools each camera frame with its animated portrait and its commands.

    Args:
        folder: Folder of the spool.
        spec: Description of the robot.

    Attributes:
        spool: The writer of the spool.
    """

    def __init__(self, folder: pathlib.Path, spec: RobotSpec) -> None:
        self.spool = SpoolWriter(folder)
        self._joints = Joints.of(spec)
        self._frames: deque[tuple[Header, Image]] = deque()
        self._animated: dict[int, Image] = {}
        self._commands: deque[tuple[float, Array]] = deque(maxlen=MAX_COMMANDS)

    def add_frame(self, message: ImageMessage | CompressedImage) -> None:
        """Adds a camera frame; completes an earlier one. Raises MessageError."""
        self._frames.append((message.header, image_from_message(message)))
        if len(self._frames) > FRAMES_LATER:
            self._complete(seconds(self._frames[1][0].stamp))

    def add_animated(self, message: ImageMessage) -> None:
        """Adds the portrait that answers a camera frame."""
        if self._frames:
            self._animated[nanoseconds(message.header.stamp)] = image_from_message(message)

    def add_command(self, message: CommandMessage) -> None:
        """Adds a command that was sent."""
        position = self._joints.command_from_message(message).position
        if not self._frames:
            # Only the last one before the first frame matters.
            self._commands.clear()
        self._commands.append((seconds(message.sent), position))

    def close(self) -> None:
        """Spools the remaining frames."""
        while len(self._frames) > 1:
            self._complete(seconds(self._frames[1][0].stamp))
        if self._frames:
            self._complete(self._commands[-1][0] if self._commands else 0.0)
        self.spool.close()

    def _complete(self, end_s: float) -> None:
        """Spools the oldest frame with the commands up to `end_s`."""
        header, driving = self._frames.popleft()
        commands = []
        while self._commands and self._commands[0][0] <= end_s:
            commands.append(self._commands.popleft())
        stamp_s = seconds(header.stamp)
        animated = self._take_animated(nanoseconds(header.stamp), end_s - stamp_s)
        self.spool.put(LiveFrame(
            stamp_s, max(end_s, stamp_s), driving, animated,
            np.array([time_s for time_s, _ in commands]),
            np.array([position for _, position in commands]).reshape(
                len(commands), len(self._joints.names))))

    def _take_animated(self, stamp_ns: int, interval_s: float) -> Image | None:
        """The portrait with the frame's stamp, else the nearest within half an interval.

        Frames that were stamped on arrival arrived at the motion node at nearly the same time.
        """
        nearest = min(self._animated, key=lambda other_ns: abs(other_ns - stamp_ns), default=None)
        if nearest is None or abs(nearest - stamp_ns) > 0.5 * interval_s * NANOSECONDS:
            nearest = stamp_ns
        animated = self._animated.get(nearest)
        self._animated = {k: v for k, v in self._animated.items() if k > nearest}
        return animated
