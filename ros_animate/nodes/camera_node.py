"""Publishes the frames of a camera source."""
from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from std_msgs.msg import Header

from ros_animate.backoff import Backoff
from ros_animate.camera.base import Source, SourceError
from ros_animate.configuration import option
from ros_animate.nodes import diagnostics
from ros_animate.nodes.camera_infos import CameraInfos
from ros_animate.nodes.diagnostics import Health
from ros_animate.nodes.image_publisher import ImagePublisher, JpegOptions
from ros_animate.nodes.readiness import check_names, wait_until_ready
from ros_animate.nodes.running import main as run
from ros_animate.nodes.stage_node import NodeOptions, StageNode
from ros_animate.types import Frame

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 5.0
# Longest sleep: a simulated clock has to be read again; the real one is waited for exactly.
MAX_WAIT_S = 0.1
MIN_WAIT_S = 0.002


@dataclass(frozen=True)
class CameraNodeOptions(JpegOptions, NodeOptions):
    """Options of the camera node."""

    frame_id: str = option('camera_optical_frame', 'frame_id in the headers of the images')
    camera_info_url: str = option('', 'calibration of the camera: file:///PATH, '
                                  'package://PACKAGE/PATH or a path of its YAML file')
    limit: int = option(0, 'the source ends after this many frames; 0 for all', low=0)
    wait_for: list[str] = option([], 'nodes that have to be ready before the first frame is read')
    exit_at_end: bool = option(False, 'the node ends with its source; else it stays, silent')

    def __post_init__(self) -> None:
        check_names(self.wait_for)


class CameraNode(StageNode):
    """Reads in a thread of its own: a file at the pace of its stamps, a camera at its own pace.

    A camera that is absent or unplugged is tried again, less and less often. A file that cannot
    be read ends the node with an error at once.
    """

    stage = 'camera'
    Options = CameraNodeOptions

    def __init__(self, **node_arguments: object) -> None:
        super().__init__(**node_arguments)
        self._options: CameraNodeOptions = self.parameters.options
        self._camera_infos = CameraInfos(self._options.camera_info_url, self.get_logger())
        self._images = ImagePublisher(self, 'image_raw')
        self._infos = self.publisher_of('camera_info')
        self._stopping = threading.Event()
        self._trouble = ''
        self._ended = False
        self._sent = 0
        self._source: Source = self.make_plugin()
        if not self._source.live:
            self._source.open()
        self._thread = threading.Thread(target=self._work, name='source')

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def close(self) -> None:
        self._source.close()

    def health(self) -> Health:
        if self._trouble:
            return diagnostics.ERROR, self._trouble
        if self._ended:
            return diagnostics.STALE, 'the source has ended'
        if not self._sent:
            return diagnostics.STALE, 'no frame yet'
        return diagnostics.OK, 'running'

    def _work(self) -> None:
        if wait_until_ready(self, self._options.wait_for, self._stopping):
            self._play()
        if self._ended and self._options.exit_at_end:
            self.request_stop()

    def _play(self) -> None:
        """Plays the source until it ends, fails for good, or the node stops."""
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        while not self._stopping.is_set() and not self._ended:
            before = self._sent
            try:
                if self._source.live:
                    self._source.open()
                self._publish_all()
            except SourceError as error:
                self._fail(str(error), final=not self._source.live)
                if self._sent > before:
                    backoff.reset()
                self._stopping.wait(backoff.note_failure(time.monotonic()))

    def _publish_all(self) -> None:
        start_s: float | None = None
        while not self._stopping.is_set():
            frame = self._source.read()
            if frame is None or (self._options.limit and self._sent >= self._options.limit):
                self._ended = True
                self.get_logger().info(f'the source has ended after {self._sent} frames')
                return
            if not self._source.live:
                start_s = self._wait_until_due(start_s, frame)
            self._publish(frame)

    def _wait_until_due(self, start_s: float | None, frame: Frame) -> float:
        """Waits for the frame's time; returns the time of frame 0.

        A source that cannot keep up is played slower, not with gaps.
        """
        if start_s is None:
            return self.now_s() - frame.stamp_s
        due_s = start_s + frame.stamp_s
        while (left_s := due_s - self.now_s()) > 0 and not self._stopping.is_set():
            self._stopping.wait(min(max(left_s, MIN_WAIT_S), MAX_WAIT_S))
        return start_s - min(left_s, 0.0)

    def _publish(self, frame: Frame) -> None:
        self._trouble = ''
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._options.frame_id)
        height, width = frame.image.shape[:2]
        self._images.publish(frame.image, header)
        self._infos.publish(self._camera_infos.message(header, width, height))
        self.note_sent(header)
        self._sent += 1

    def _fail(self, reason: str, *, final: bool) -> None:
        self._trouble, self._ended = reason, final
        self.diagnostics.count('failures')
        self.get_logger().error(reason if final else f'{reason}; trying again',
                                throttle_duration_sec=LAST_RETRY_S)


def main() -> int:
    """Runs the node."""
    return run(CameraNode)


if __name__ == '__main__':
    raise SystemExit(main())
