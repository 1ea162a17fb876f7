"""Watches a live run: its figures for the report, its frames for the files.

It listens only; the run is the same with and without it. Once everything is there it subscribes to
the camera's topics; a camera that waits for it (`wait_for`) then begins.
"""
from __future__ import annotations

import array
import json
import pathlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from ros_animate.configuration import option
from ros_animate.msg import Command as CommandMessage
from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes.conversions import (
    MessageError,
    image_from_compressed,
    image_from_message,
)
from ros_animate.nodes.messages import NANOSECONDS, Joints, seconds
from ros_animate.nodes.parameters import declare_options
from ros_animate.nodes.readiness import are_ready, check_names
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.running import main as run
from ros_animate.outputs.report import percentiles_ms
from ros_animate.outputs.spool import LiveFrame, SpoolWriter
from ros_animate.plugins import STAGES
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Array, Image

# Room for a second of pictures: the watcher may be late, but shall not lose any.
IMAGE_DEPTH = 30
STATUS_PERIOD_S = 0.5
POLL_PERIOD_S = 0.1
# A frame is complete when this many later ones have come: its answer takes about one interval.
FRAMES_LATER = 2


@dataclass(frozen=True)
class WatchOptions:
    """Parameters of the watcher."""

    robot: str = option('mock', 'name of a robot, or path of its description')
    spool: str = option('', 'folder for the frames; empty: only figures')
    wait_for: list[str] = option(list(STAGES[1:]), 'nodes that have to be there before the camera '
                                 'is listened to')
    image_transport: str = option('raw', 'compressed: listens to <image_raw>/compressed instead',
                                  choices=('raw', 'compressed'))

    def __post_init__(self) -> None:
        check_names(self.wait_for)


@dataclass
class Figures:
    """Counts and times of the run so far."""

    frames: int = 0
    motions: int = 0
    face_missing: int = 0
    answered: int = 0
    latencies_s: array.array[float] = field(default_factory=lambda: array.array('d'))
    stages_ms: dict[str, float] = field(default_factory=dict)
    _last_stamp: tuple[int, int] = (0, 0)
    _first_sent_s: float = 0.0
    _last_sent_s: float = 0.0

    def add_command(self, message: CommandMessage) -> None:
        """Notes the first command that answers a camera frame, and how late it is."""
        stamp = (message.header.stamp.sec, message.header.stamp.nanosec)
        if stamp <= self._last_stamp:
            return
        self._last_stamp = stamp
        self._last_sent_s = seconds(message.sent)
        self._first_sent_s = self._first_sent_s or self._last_sent_s
        self.answered += 1
        self.latencies_s.append(_difference_s(message.sent, message.header.stamp))

    def as_report(self) -> dict[str, Any]:
        """For report.json."""
        passed_s = self._last_sent_s - self._first_sent_s
        frames = max(self.frames, self.motions)
        return {'frames': frames,
                'fps': round((self.answered - 1) / passed_s, 2) if passed_s > 0 else 0.0,
                'dropped': frames - self.motions,
                'face_missing': self.face_missing,
                'latency_ms': percentiles_ms(self.latencies_s),
                'stages_ms': {k: self.stages_ms[k] for k in STAGES if k in self.stages_ms}}


class WatchNode(RunnableNode):
    """Prints a line of JSON twice a second, and the report when it is stopped."""

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('watch', automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self._options: WatchOptions = declare_options(self, WatchOptions)
        self.figures = Figures()
        self._ready = False
        self._ledger = Ledger(self._options) if self._options.spool else None
        prefix = self.get_namespace().strip('/')
        self._statuses = {f'{prefix}/{stage}'.lstrip('/'): stage for stage in STAGES}
        self._listen(CommandMessage, 'commands', self._take_command, 200)
        self._listen(MotionMessage, 'motion', self._take_motion, 50)
        self._listen(DiagnosticArray, '/diagnostics', self._take_diagnostics, 50)
        self.create_timer(STATUS_PERIOD_S, self._print_status)
        self._poll_timer = self.create_timer(POLL_PERIOD_S, self._poll)

    def close(self) -> None:
        report = self.figures.as_report()
        if self._ledger is not None:
            self._ledger.close()
            report['not_recorded'] = self._ledger.spool.lost
        print(json.dumps({'report': report}), flush=True)

    def _poll(self) -> None:
        if not are_ready(self, self._options.wait_for):
            return
        self.destroy_timer(self._poll_timer)
        self._ready = True
        if self._ledger is not None:
            self._listen_to_camera()
            self._listen(ImageMessage, 'animated/image_raw', self._take_animated, IMAGE_DEPTH)
        self._listen(CameraInfo, 'camera_info', self._take_info, 50)

    def _listen_to_camera(self) -> None:
        topic = self.resolve_topic_name('image_raw')
        if self._options.image_transport == 'compressed':
            self._listen(CompressedImage, f'{topic}/compressed', self._take_image, IMAGE_DEPTH)
        else:
            self._listen(ImageMessage, topic, self._take_image, IMAGE_DEPTH)

    def _listen(self, message_type: type, topic: str, callback: Any, depth: int) -> None:
        self.create_subscription(message_type, topic, callback, QoSProfile(
            history=HistoryPolicy.KEEP_LAST, depth=depth,
            reliability=ReliabilityPolicy.BEST_EFFORT))

    def _take_info(self, message: CameraInfo) -> None:
        self.figures.frames += 1

    def _take_motion(self, message: MotionMessage) -> None:
        self.figures.motions += 1
        self.figures.face_missing += message.confidence <= MotionMessage.CONFIDENCE_NOTHING_FOUND

    def _take_command(self, message: CommandMessage) -> None:
        self.figures.add_command(message)
        if self._ledger is not None:
            self._ledger.add_command(message)

    def _take_image(self, message: ImageMessage | CompressedImage) -> None:
        assert self._ledger is not None
        try:
            self._ledger.add_frame(message)
        except MessageError as error:
            self.get_logger().warning(f'not recorded: {error}', throttle_duration_sec=5.0)

    def _take_animated(self, message: ImageMessage) -> None:
        assert self._ledger is not None
        self._ledger.add_animated(message)

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            stage = self._statuses.get(status.name)
            values = {v.key: v.value for v in status.values}
            if stage is not None and 'step_ms_p50' in values:
                self.figures.stages_ms[stage] = float(values['step_ms_p50'])

    def _print_status(self) -> None:
        latency = percentiles_ms(self.figures.latencies_s[-100:])['p50']
        print(json.dumps({'ready': self._ready, 'answered': self.figures.answered,
                          'frames': max(self.figures.frames, self.figures.motions),
                          'latency_ms': latency}), flush=True)


class Ledger:
    """Collects what belongs to each camera frame, and spools it when it is complete."""

    def __init__(self, options: WatchOptions) -> None:
        self.spool = SpoolWriter(pathlib.Path(options.spool))
        self._joints = Joints.of(load_spec(options.robot))
        self._frames: deque[tuple[Header, Image]] = deque()
        self._animated: dict[tuple[int, int], Image] = {}
        self._commands: deque[tuple[float, Array]] = deque()

    def add_frame(self, message: ImageMessage | CompressedImage) -> None:
        """A camera frame; completes the one before the last."""
        compressed = isinstance(message, CompressedImage)
        image = image_from_compressed(message) if compressed else image_from_message(message)
        self._frames.append((message.header, image))
        if len(self._frames) > FRAMES_LATER:
            self._complete(seconds(self._frames[1][0].stamp))

    def add_animated(self, message: ImageMessage) -> None:
        """The portrait that answers a camera frame."""
        if self._frames:
            self._animated[_key(message.header)] = image_from_message(message)

    def add_command(self, message: CommandMessage) -> None:
        """A command that was sent."""
        position = self._joints.command_from_message(message).position
        if not self._frames:
            # Only the last one before the first frame matters.
            self._commands.clear()
        self._commands.append((seconds(message.sent), position))

    def close(self) -> None:
        """Spools what is left."""
        while len(self._frames) > 1:
            self._complete(seconds(self._frames[1][0].stamp))
        if self._frames:
            self._complete(self._commands[-1][0] if self._commands else 0.0)
        self.spool.close()

    def _complete(self, end_s: float) -> None:
        header, driving = self._frames.popleft()
        commands = []
        while self._commands and self._commands[0][0] <= end_s:
            commands.append(self._commands.popleft())
        key = _key(header)
        animated = self._animated.get(key)
        self._animated = {k: v for k, v in self._animated.items() if k > key}
        stamp_s = seconds(header.stamp)
        self.spool.put(LiveFrame(
            stamp_s, max(end_s, stamp_s), driving, animated,
            np.array([time_s for time_s, _ in commands]),
            np.array([position for _, position in commands]).reshape(
                len(commands), len(self._joints.names))))


def _key(header: Header) -> tuple[int, int]:
    return header.stamp.sec, header.stamp.nanosec


def _difference_s(later: Any, earlier: Any) -> float:
    return ((later.sec - earlier.sec) * NANOSECONDS + later.nanosec - earlier.nanosec) / NANOSECONDS


def main() -> int:
    """Runs the node."""
    return run(WatchNode)


if __name__ == '__main__':
    raise SystemExit(main())
