"""The virtual face of the robot, drawn beside the pipeline from the joints that the robot measures.

To subscribe to robot/image_raw would let the hardware node draw, beside the commands. Drawing in
this process would hold up the web server.
"""
from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import threading
import time
from collections.abc import Callable

import numpy as np

from ros_animate.dashboard.draw_process import SIZE
from ros_animate.dashboard.state import PipelineState
from ros_animate.nodes.remote.previews import RATE_HZ, Preview
from ros_animate.processes import module_command
from ros_animate.types import Array

STILL_S = 1.0  # between two images of a robot that stands still
AGAIN_S = 5.0  # until a drawing process that has ended is started again
STOP_S = 2.0
MODULE = 'ros_animate.dashboard.draw_process'


class RobotDrawing:
    """A thread that has the robot drawn while somebody looks.

    Args:
        state: Newest values of the robot.
        is_watched: True while somebody looks.
        on_preview: Called in the thread with the name of the view and the image.
    """

    def __init__(self, state: PipelineState, is_watched: Callable[[], bool],
                 on_preview: Callable[[str, Preview], None]) -> None:
        self._state, self._is_watched, self._on_preview = state, is_watched, on_preview
        self._process: subprocess.Popen[bytes] | None = None
        self._drawn: Array | None = None
        self._drawn_s, self._number = 0.0, 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name='drawing', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and the process."""
        self._stopping.set()
        self._thread.join(STOP_S)
        self._end_process()

    def _work(self) -> None:
        while not self._stopping.wait(1.0 / RATE_HZ):
            position = self._state.measured
            if position is None or not self._is_watched() or not self._is_due(position):
                continue
            try:
                content = self._draw(position)
            except (OSError, ValueError, struct.error):  # the process has ended
                self._end_process()
                self._stopping.wait(AGAIN_S)
                continue
            self._number += bool(content)
            if content:
                self._on_preview('robot', Preview(self._number, content, (SIZE, SIZE)))

    def _is_due(self, position: Array) -> bool:
        now_s = time.monotonic()
        is_still = self._drawn is not None and np.array_equal(self._drawn, position)
        if is_still and now_s - self._drawn_s < STILL_S:
            return False
        self._drawn, self._drawn_s = position, now_s
        return True

    def _draw(self, position: Array) -> bytes:
        """A JPEG file from the drawing process; raises OSError or struct.error if it has ended."""
        if self._process is None:
            self._process = subprocess.Popen(module_command(MODULE), stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE)
        assert self._process.stdin is not None and self._process.stdout is not None
        request = {'robot': self._state.robot_name, 'position': position.tolist()}
        self._process.stdin.write(json.dumps(request).encode() + b'\n')
        self._process.stdin.flush()
        length, = struct.unpack('<I', self._process.stdout.read(4))
        return self._process.stdout.read(length)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe and pipe.close()
