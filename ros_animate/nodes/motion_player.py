"""Plays a source of motion in the motion node: live, or a recording at the pace of its stamps."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from std_msgs.msg import Header

from ros_animate.configuration import option
from ros_animate.motion.base import MotionSource, Reading
from ros_animate.motion.drawn_face import draw
from ros_animate.nodes.image_publisher import JpegOptions
from ros_animate.nodes.messages import seconds
from ros_animate.nodes.readiness import check_names, wait_until_ready
from ros_animate.nodes.requested_images import RequestedImages
from ros_animate.nodes.stage_node import StageNode
from ros_animate.types import Motion

FRAME_ID = 'face'
READ_S = 0.1
# A person waits no longer than 3 s for the reason why nothing comes.
WARN_AFTER_S = 2.0
# Longest sleep: a simulated clock has to be read again; the real one is waited for exactly.
MAX_WAIT_S, MIN_WAIT_S = 0.1, 0.002


@dataclass(frozen=True)
class PlayerOptions(JpegOptions):
    """Options of the motion node for sources that need no camera."""

    drawn_fps: float = option(30.0, 'most images a second of the drawn person, which takes the '
                                    "place of a camera's image while somebody subscribes",
                              low=1.0, high=120.0)
    limit: int = option(0, 'a source without a camera ends after this many motions; 0 for all',
                        low=0)
    wait_for: list[str] = option([], 'nodes that have to be ready before a source without a '
                                     'camera begins')
    exit_at_end: bool = option(False, 'the node ends with its source, if that is a recording')

    def __post_init__(self) -> None:
        check_names(self.wait_for)


class MotionPlayer:
    """Reads in a thread of its own and publishes the newest motion.

    Args:
        node: The motion node; its options are PlayerOptions.
        source: The source, which is opened here; raises UserError.
        publish: Called with each motion, None without a face, and its header.

    Attributes:
        ended: True once a recording has come to its end.
    """

    def __init__(self, node: StageNode, source: MotionSource,
                 publish: Callable[[Motion | None, Header], None]) -> None:
        self._node, self._source, self._publish = node, source, publish
        self._options: PlayerOptions = node.parameters.options
        self._images = RequestedImages(node, 'image_raw', self._options.drawn_fps, draw)
        self._stopping = threading.Event()
        self._sent = 0
        self._last_s = time.monotonic()
        self._warned = False
        self.ended = False
        source.open()
        self._thread = threading.Thread(target=self._work, name='source')

    def start(self) -> None:
        """Begins to play."""
        self._images.start()
        self._thread.start()

    def stop(self) -> None:
        """Ends the threads."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._images.stop()

    def close(self) -> None:
        """Closes the source."""
        self._source.close()

    def reason(self) -> str:
        """Why nothing comes, '' if it does."""
        if self.ended:
            return 'the source has ended'
        silent = time.monotonic() - self._last_s > WARN_AFTER_S
        return self._source.waits_for if silent else ''

    def _work(self) -> None:
        if wait_until_ready(self._node, self._options.wait_for, self._stopping):
            self._last_s = time.monotonic()
            if self._source.live:
                self._listen()
            else:
                self._play()
        if self.ended and self._options.exit_at_end:
            self._node.request_stop()

    def _listen(self) -> None:
        """Publishes what comes, stamped on arrival: the sender's clock is not ours."""
        while not self._stopping.is_set() and not self._is_over():
            reading = self._source.read(READ_S)
            for name, count in self._source.counts.items():
                self._node.diagnostics.counts[name] = count
            if reading is not None:
                self._last_s, self._warned = time.monotonic(), False
                self._send(reading)
            elif (reason := self.reason()) and not self._warned:
                self._warned = True
                self._node.get_logger().warning(reason)

    def _play(self) -> None:
        """Publishes a recording; one that the machine cannot keep up with is played slower."""
        start_s: float | None = None
        while not self._stopping.is_set() and not self._is_over():
            reading = self._source.read(READ_S)
            if reading is None:
                self._end()
                return
            if start_s is None:
                start_s = self._node.now_s() - reading.stamp_s
            while (left_s := start_s + reading.stamp_s - self._node.now_s()) > 0:
                if self._stopping.wait(min(max(left_s, MIN_WAIT_S), MAX_WAIT_S)):
                    return
            start_s -= min(left_s, 0.0)
            self._send(reading)

    def _is_over(self) -> bool:
        if self._options.limit and self._sent >= self._options.limit:
            self._end()
        return self.ended

    def _end(self) -> None:
        self.ended = True
        self._node.get_logger().info(f'the source has ended after {self._sent} motions')

    def _send(self, reading: Reading) -> None:
        header = Header(stamp=self._node.get_clock().now().to_msg(), frame_id=FRAME_ID)
        self._node.note_input()
        self._publish(reading.motion, header)
        self._sent += 1
        self._images.request(reading.motion, header, seconds(header.stamp))
