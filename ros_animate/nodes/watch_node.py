"""Watches a live run: figures for the report, frames for the files.

It listens only; the run is the same with and without it. Once all other nodes are ready it
subscribes to the camera's topics; a camera that waits for it (`wait_for`) then begins.
"""
from __future__ import annotations

import json
import math
import pathlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from ros_animate.configuration import option
from ros_animate.errors import cut
from ros_animate.msg import Command as CommandMessage
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.endpoints import make_subscription
from ros_animate.nodes.frame_tracker import FrameTracker
from ros_animate.nodes.messages import nanoseconds, nanoseconds_message
from ros_animate.nodes.parameters import declare_options
from ros_animate.nodes.qos import buffered
from ros_animate.nodes.readiness import are_ready, check_names
from ros_animate.nodes.remote.polled import PolledSubscriptions
from ros_animate.nodes.run_figures import RunFigures
from ros_animate.nodes.running import RunnableNode
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import STAMPS_OK
from ros_animate.nodes.stamp_monitor import StampMonitor
from ros_animate.nodes.topics import IMAGE_TRANSPORTS, TOPICS, camera_topic, remapped
from ros_animate.plugins import STAGES
from ros_animate.robot.descriptions import load_spec

# The watcher may be late, but shall not lose any message: images of a second.
IMAGE_DEPTH, COMMAND_DEPTH, DEPTH = 30, 200, 50
STATUS_PERIOD_S = 0.5
READY_PERIOD_S = 0.1  # between two looks whether all nodes are ready
# Small messages come 160 times a second: a callback for each took an eighth of a core.
TAKE_PERIOD_S = 0.05


@dataclass(frozen=True)
class WatchOptions:
    """Parameters of the watcher."""

    robot: str = option('mock', 'name of a robot, or path of its description')
    spool: str = option('', 'folder for the frames; empty: only figures')
    wait_for: list[str] = option(list(STAGES[1:]), 'nodes that have to be ready before the camera '
                                 'is listened to')
    image_transport: str = option('raw', 'compressed: listens to <image_raw>/compressed instead',
                                  choices=IMAGE_TRANSPORTS)

    def __post_init__(self) -> None:
        check_names(self.wait_for)


class WatchNode(RunnableNode):
    """Prints a line of JSON twice a second, and the report when it is stopped.

    Each line names the namespace.
    """

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('watch', automatically_declare_parameters_from_overrides=True,
                         **node_arguments)
        self._options: WatchOptions = declare_options(self, WatchOptions)
        self.figures = RunFigures()
        self._ready = False
        self._tracker = FrameTracker(
            pathlib.Path(self._options.spool),
            load_spec(self._options.robot)) if self._options.spool else None
        self._stamps = StampMonitor(TOPICS['image_raw'].noun)
        prefix = self.get_namespace().strip('/')
        self._statuses = {f'{prefix}/{stage}'.lstrip('/'): stage for stage in STAGES}
        self._polled = PolledSubscriptions(self)
        self._taken: dict[str, Callable[[Any], None]] = {}
        self._poll('commands', self._add_command, COMMAND_DEPTH)
        self._poll('motion', self.figures.add_motion, DEPTH)
        self._own = f'{prefix}/'.encode() if prefix else b''
        make_subscription(
            self, DiagnosticArray, '/diagnostics',
            self._guarded('/diagnostics', self._take_diagnostics), buffered(DEPTH), raw=True)
        self.create_timer(STATUS_PERIOD_S, self._print_status)
        self.create_timer(TAKE_PERIOD_S, self._take_all)
        self._ready_timer = self.create_timer(READY_PERIOD_S, self._check_ready)

    def close(self) -> None:
        self._take_all()
        report = self.figures.as_report()
        try:
            if self._tracker is not None:
                self._tracker.close()
                report['not_recorded'] = self._tracker.spool.lost
        finally:
            self._print({'report': report})

    def _check_ready(self) -> None:
        if not are_ready(self, self._options.wait_for):
            return
        self.destroy_timer(self._ready_timer)
        self._ready = True
        if self._tracker is not None:
            self._listen(camera_topic(self._options.image_transport), self._add_image, IMAGE_DEPTH)
            self._listen('animated/image_raw', self._tracker.add_animated, IMAGE_DEPTH)
        # The last one: its subscription shows that the watcher is ready.
        self._poll('camera_info', self._count_frame, DEPTH)
        self._print_status()  # the run's duration counts from now

    def _listen(self, topic: str, callback: Callable[[Any], None], depth: int) -> None:
        make_subscription(self, TOPICS[topic].message_class, remapped(self, topic),
                          self._guarded(topic, callback), buffered(depth))

    def _poll(self, topic: str, callback: Callable[[Any], None], depth: int) -> None:
        self._taken[topic] = self._guarded(topic, callback)
        self._polled.add(topic, remapped(self, topic), TOPICS[topic].message_class,
                         buffered(depth))

    def _guarded(self, topic: str, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        def receive(message: Any) -> None:
            try:
                callback(message)
            except MessageError as error:
                self.get_logger().warning(f'{topic}: not recorded: {error}',
                                          throttle_duration_sec=5.0)
        return receive

    def _take_all(self) -> None:
        for topic, receive in self._taken.items():
            while (message := self._polled.take(topic)) is not None:
                receive(message)

    def _count_frame(self, message: CameraInfo) -> None:
        self.figures.frames += 1

    def _add_command(self, message: CommandMessage) -> None:
        self.figures.add_command(message)
        if self._tracker is not None:
            self._tracker.add_command(message)

    def _add_image(self, message: ImageMessage | CompressedImage) -> None:
        assert self._tracker is not None
        now_ns = self.get_clock().now().nanoseconds
        stamp_ns = self._stamps.judge(nanoseconds(message.header.stamp), now_ns, time.monotonic())
        message.header.stamp = nanoseconds_message(stamp_ns)
        self._take_all()  # the commands until now
        self._tracker.add_frame(message)

    def _take_diagnostics(self, data: bytes) -> None:
        """Reads those of this namespace alone: in a fleet most are those of other robots."""
        if self._own not in data:
            return
        try:
            message = deserialize_message(data, DiagnosticArray)
        except (RuntimeError, ValueError) as error:
            raise MessageError(f'malformed: {cut(str(error))}') from error
        self._add_diagnostics(message)

    def _add_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            stage = self._statuses.get(status.name)
            values = {v.key: v.value for v in status.values}
            if stage is None:
                continue
            if 'step_ms_p50' in values:
                self.figures.stages_ms[stage] = finite_number(values['step_ms_p50'])
            if values.get('stamps', STAMPS_OK) != STAMPS_OK:
                self.figures.stamps = values['stamps']

    def _print_status(self) -> None:
        self._print({'ready': self._ready, **self.figures.as_status()})

    def _print(self, content: dict[str, Any]) -> None:
        # In one piece: several watchers may share the output.
        line = json.dumps({'namespace': self.get_namespace(), **content})
        sys.stdout.write(f'{line}\n')
        sys.stdout.flush()


def finite_number(text: str) -> float:
    """The number in a value of the diagnostics; raises MessageError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise MessageError(f'{text[:40]!r} is not a number')
    return number


def main() -> int:
    """Runs the node."""
    return run(WatchNode)


if __name__ == '__main__':
    raise SystemExit(main())
