"""Images of the pipeline for the dashboard, made by a process beside it.

Making them in the process of the server would hold up the server.
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

from ros_animate.dashboard.preview_process import HEADER
from ros_animate.dashboard.state import PipelineState
from ros_animate.nodes.remote.previews import RATE_HZ, Preview
from ros_animate.nodes.remote.subscriptions import VIEWS
from ros_animate.processes import module_command
from ros_animate.scheduling import LOWEST_NICE, lower_priority
from ros_animate.types import Array

STILL_S = 1.0  # between two images of a robot that stands still
AGAIN_S = 5.0  # until a process that has ended is started again
STOP_S = 2.0
MODULE = 'ros_animate.dashboard.preview_process'


class PreviewProcess:
    """The process that makes the images, started when somebody looks; and two threads beside it.

    Args:
        namespace: Namespace of the pipeline as ROS writes it.
        state: Newest values of the robot.
        is_watched: True while somebody looks.
        on_preview: Called in a thread with the name of the view and the image.
    """

    def __init__(self, namespace: str, state: PipelineState, is_watched: Callable[[], bool],
                 on_preview: Callable[[str, Preview], None]) -> None:
        self._state, self._is_watched, self._on_preview = state, is_watched, on_preview
        self._command = [*module_command(MODULE), namespace]
        self._process: subprocess.Popen[bytes] | None = None
        self._was_watched = False
        self._drawn: Array | None = None
        self._drawn_s = 0.0
        self._is_drawing = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name='previews', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the process and the threads."""
        self._stopping.set()
        self._thread.join(STOP_S)
        self._end_process()

    def _work(self) -> None:
        while not self._stopping.wait(1.0 / RATE_HZ):
            try:
                self._step()
            except OSError:  # the process has ended
                self._end_process()
                self._stopping.wait(AGAIN_S)

    def _step(self) -> None:
        is_watched = self._is_watched()
        if self._process is None and not is_watched:
            return
        if self._process is None:
            self._start_process()
        elif self._process.poll() is not None:  # nothing may be due that would be sent to it
            raise BrokenPipeError
        if is_watched != self._was_watched:
            self._send(watch=is_watched)
            self._was_watched = is_watched
        position = self._state.measured
        if is_watched and position is not None and not self._is_drawing and self._is_due(position):
            self._is_drawing = True
            self._send(robot=self._state.robot_name, position=position.tolist())

    def _is_due(self, position: Array) -> bool:
        now_s = time.monotonic()
        is_still = self._drawn is not None and np.array_equal(self._drawn, position)
        if is_still and now_s - self._drawn_s < STILL_S:
            return False
        self._drawn, self._drawn_s = position, now_s
        return True

    def _start_process(self) -> None:
        self._was_watched = self._is_drawing = False
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)
        lower_priority(self._process.pid, LOWEST_NICE)  # all of its threads, its start too
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def _send(self, **request: object) -> None:
        """Sends a line; raises OSError if the process has just ended."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b'\n')
        self._process.stdin.flush()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Hands the images on until the process ends."""
        views = tuple(VIEWS)
        assert process.stdout is not None
        with contextlib.suppress(OSError, ValueError, struct.error):
            while True:
                number, width, height, length = HEADER.unpack(process.stdout.read(HEADER.size))
                jpeg = process.stdout.read(length)
                if views[number] == 'robot':
                    self._is_drawing = False
                if jpeg:
                    self._on_preview(views[number], Preview(jpeg, (width, height)))

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe and pipe.close()
