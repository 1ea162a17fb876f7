"""Recording of a bag by a node of its own, for as long as somebody wants."""
from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import signal
import subprocess
import time

from ros_animate.dashboard.steering import Result
from ros_animate.processes import PARENT, module_command

END_S = 15.0
LOG = '.record.log'


class Recording:
    """Starts and ends the recording node; the bag is complete when the node has ended.

    Args:
        folder: Folder of the bags.
        namespace: Namespace of the pipeline as ROS writes it, '' for none.
    """

    def __init__(self, folder: pathlib.Path, namespace: str) -> None:
        self._folder, self._namespace = folder, namespace
        self._process: subprocess.Popen[bytes] | None = None
        self._bag = folder
        self._started_s = 0.0

    @property
    def duration_s(self) -> float | None:
        """Duration so far; None if nothing is recorded."""
        if self._process is None or self._process.poll() is not None:
            return None
        return time.monotonic() - self._started_s

    def start(self) -> Result:
        """Begins a new bag, named after the time."""
        if self.duration_s is not None:
            return Result(False, f'{self._bag} is being recorded')
        self._bag = self._folder / time.strftime('%Y-%m-%d_%H-%M-%S')
        arguments = ['--ros-args', '-p', f'bag:={self._bag}']
        if self._namespace:
            arguments += ['-r', f'__ns:={self._namespace}']
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / LOG).open('wb') as log:
                self._process = subprocess.Popen(
                    [*module_command('ros_animate.nodes.record_node'), *arguments],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={**os.environ, PARENT: str(os.getpid())})
        except OSError as error:
            return Result(False, f'cannot record in {self._folder}: {error.strerror}')
        self._started_s = time.monotonic()
        return Result(True, f'recording {self._bag}')

    async def stop(self) -> Result:
        """Completes the bag."""
        if self._process is None:
            return Result(False, 'nothing is being recorded')
        status = await asyncio.get_running_loop().run_in_executor(None, self.end)
        if status:
            lines = (self._folder / LOG).read_text(errors='replace').strip().splitlines()
            return Result(False, f'{self._bag}: {lines[-1] if lines else f"status {status}"}')
        return Result(True, f'recorded {self._bag}')

    def end(self) -> int:
        """Ends the node; returns its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
