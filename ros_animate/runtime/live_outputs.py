"""Writes the files of a live run from its spool, in a process of its own, without ROS.

Arguments: settings (YAML), folder of the spool, folder of the files, names of the files.
"""
from __future__ import annotations

import itertools
import json
import pathlib
import signal
import sys
import threading
import time
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from ros_animate.animation.source_image import source_image
from ros_animate.errors import ExitStatus, UserError
from ros_animate.hardware.base import VirtualRobot
from ros_animate.outputs.file_names import FILES
from ros_animate.outputs.run_files import RunFiles
from ros_animate.outputs.spool import (
    LiveFrame,
    count_waiting,
    has_ended,
    read_spool,
    remove_spool,
)
from ros_animate.pipeline import virtual_robot
from ros_animate.processes import become_child, is_orphan
from ros_animate.scheduling import schedule_others_idle
from ros_animate.settings import Settings, load_settings
from ros_animate.types import Array, Command, Image

# Number of frames from which the rate of the videos is estimated.
RATE_FRAMES = 31
DEFAULT_FPS = 30.0
# The writer leaves idle time when more frames wait than the first, until fewer do than the second.
MAX_WAITING, FEW_WAITING = 150, 15
PACE_S = 0.2


class ReplayedRobot:
    """A virtual robot that gets the commands of the live run at their times of sending.

    Attributes:
        position: (N,) the newest command.
    """

    def __init__(self, robot: VirtualRobot, start: Array) -> None:
        self._robot = robot
        self.position = start

    def show(self, frame: LiveFrame, names: tuple[str, ...]) -> Image:
        """The robot's image at the end of the frame's interval."""
        zero = np.zeros(len(names))
        for time_s, position in zip(frame.sent_s, frame.positions, strict=True):
            self.position = position
            self._robot.write(Command(names, position, zero, zero, frame.stamp_s), time_s)
        self._robot.read(frame.end_s)
        return self._robot.render()


def write_outputs(settings: Settings, frames: Iterable[LiveFrame], folder: pathlib.Path,
                  files: Sequence[str] = FILES) -> None:
    """Writes the videos and the table, frame by frame; prints the count as lines of JSON."""
    frames = iter(frames)
    first = list(itertools.islice(frames, RATE_FRAMES))
    if not first:
        return
    spec = settings.spec
    animated = source_image(settings.portrait, spec)
    start_s = first[0].stamp_s
    robot = virtual_robot(settings)
    with robot, RunFiles(folder, spec, rate([f.stamp_s for f in first]), files) as outputs:
        replayed = ReplayedRobot(robot, spec.neutral)
        for count, frame in enumerate(itertools.chain(first, frames), 1):
            if frame.animated is not None:
                animated = frame.animated
            robot_image = replayed.show(frame, spec.names)
            outputs.write(frame.driving, animated, robot_image, frame.stamp_s - start_s,
                          replayed.position)
            print(json.dumps({'written': count}), flush=True)


def rate(stamps: list[float]) -> float:
    """Frames a second, rounded to a whole number where only jitter of the stamps differs."""
    steps = np.diff(stamps)
    steps = steps[steps > 0]
    if not len(steps):
        return DEFAULT_FPS
    fps = float(1.0 / np.median(steps))
    whole = max(1.0, round(fps))
    return whole if abs(fps / whole - 1) < 0.02 else round(fps, 2)


def main() -> int:
    """Writes until the spool has ended; a signal ends it earlier, with complete files."""
    become_child()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    cv2.setNumThreads(1)
    settings_file, spool, folder = map(pathlib.Path, sys.argv[1:4])
    try:
        settings = load_settings([settings_file])
        threading.Thread(target=_pace, args=(spool,), daemon=True).start()
        write_outputs(settings, read_spool(spool, stopping.is_set), folder, sys.argv[4:])
    except UserError as error:
        print(f'ros_animate: error: {error}', file=sys.stderr, flush=True)
        return ExitStatus.USER_ERROR
    finally:
        if is_orphan():
            remove_spool(spool)
    return ExitStatus.OK


def _pace(spool: pathlib.Path) -> None:
    """Lets the process work in idle time during the run, unless it falls behind.

    Where the stages take every core there is no idle time, and the spool would fill up.
    """
    most = MAX_WAITING
    while not has_ended(spool):
        is_behind = count_waiting(spool) > most
        schedule_others_idle(not is_behind)
        most = FEW_WAITING if is_behind else MAX_WAITING
        time.sleep(PACE_S)
    schedule_others_idle(False)


if __name__ == '__main__':
    raise SystemExit(main())
