"""Cameras that watch a robot: the newest image of a source, or of a virtual robot."""
from __future__ import annotations

import threading
import time

from ros_animate.backoff import Backoff
from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.resolve import resolve
from ros_animate.errors import UserError
from ros_animate.hardware.base import VirtualRobot
from ros_animate.hardware.pose_driver import SimulatedTime
from ros_animate.plugins import load
from ros_animate.types import Image

FPS = 30.0  # of the virtual camera
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 10.0
CLOSING_S = 5.0


class VirtualCamera:
    """Renders a virtual robot as often as a camera takes images, in simulated time.

    Args:
        robot: The robot.
        times: Its clock.

    Attributes:
        trouble: Always ''.
    """

    def __init__(self, robot: VirtualRobot, times: SimulatedTime) -> None:
        self.trouble = ''
        self._robot, self._times = robot, times
        self._rendered: tuple[bytes, Image] | None = None

    def __enter__(self) -> VirtualCamera:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def newest(self) -> tuple[int, Image | None]:
        """Number of images so far, and the last one, (H, W, 3) uint8 RGB."""
        position = self._robot.read(self._times.now_s).position.tobytes()
        if self._rendered is None or self._rendered[0] != position:
            self._rendered = position, self._robot.render()
        return int(self._times.now_s * FPS), self._rendered[1]


class SourceCamera:
    """The newest image of a live camera source, which a thread reads and opens again if it fails.

    A context manager.

    Args:
        source: The source, not open yet.

    Attributes:
        trouble: Reason why there is no image, '' if unknown.

    Raises:
        SourceError: The source cannot be opened (on entering).
    """

    def __init__(self, source: Source) -> None:
        self.trouble = ''
        self._source = source
        self._lock = threading.Lock()
        self._count = 0
        self._image: Image | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name='camera', daemon=True)

    def __enter__(self) -> SourceCamera:
        self._source.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(CLOSING_S)
        if not self._thread.is_alive():  # else it hangs in the driver, and may not be closed
            self._source.close()

    def newest(self) -> tuple[int, Image | None]:
        """Number of images so far, and the last one, (H, W, 3) uint8 RGB."""
        with self._lock:
            return self._count, self._image

    def _work(self) -> None:
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        while not self._stopping.is_set():
            try:
                self._read()
                backoff.reset()
            except SourceError as error:
                self.trouble = str(error)
                self._stopping.wait(backoff.note_failure(time.monotonic()))
                self._reopen()

    def _read(self) -> None:
        frame = self._source.read()
        if frame is None:
            raise SourceError('the source has ended')
        with self._lock:
            self._count, self._image, self.trouble = self._count + 1, frame.image, ''

    def _reopen(self) -> None:
        try:
            self._source.open()
        except SourceError as error:
            self.trouble = str(error)


def open_source(name: str) -> SourceCamera:
    """The camera of a name that `camera.resolve` knows, not open yet.

    Raises:
        UserError: It names no camera, or a recording, which does not show the robot.
    """
    plugin, options = resolve(name)
    source = load('camera', plugin, options)
    if not source.live:
        raise UserError(f'--camera {name} is a recording: it does not show what the robot does '
                        'now; name a camera that sees its face, or virtual for a virtual robot')
    return SourceCamera(source)
