"""Fixtures of tests that run `ros_animate retarget` live."""
import pathlib
import signal

import cv2
import numpy as np
import pytest
import yaml

from helpers.ros_helpers import Process

FRAMES, FPS = 90, 30.0
FILES = ['driving.mp4', 'animated.mp4', 'robot.mp4', 'side_by_side.mp4', 'controls.csv',
         'controls.png', 'report.json']
_LIMITED = """\
import os, resource, sys
# Python leaves the cut byte code of an import for everybody.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from ros_animate.cli import main
sys.exit(main(sys.argv[1:]))"""


@pytest.fixture
def clip(tmp_path):
    """Three seconds of a red light that comes and goes."""
    path = tmp_path / 'clip.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), FPS, (64, 48))
    for k in range(FRAMES):
        red = round(165 + 85 * np.sin(2 * np.pi * k / FPS))
        writer.write(np.full((48, 64, 3), (80, 80, red), np.uint8))
    writer.release()
    return path


@pytest.fixture
def retarget(environment, tmp_path):
    """Function: starts `ros_animate retarget` with the quick plug-ins of the tests.

    With `file_size`, no file may grow beyond it: a stand-in for a full disk.
    """
    config, running = tmp_path / 'quick.yaml', []
    config.write_text(yaml.safe_dump({'motion': {'plugin': 'brightness'},
                                      'animation': {'plugin': 'tint'}}))

    def start(*arguments, quick=True, file_size=None):
        given = ['--config', config, *arguments] if quick else arguments
        program = (['-m', 'ros_animate'] if file_size is None
                   else ['-c', _LIMITED.format(size=file_size)])
        running.append(Process([*program, 'retarget', *map(str, given)], environment,
                               tmp_path / f'retarget{len(running)}.log'))
        return running[-1]
    yield start
    for process in running:
        process.stop(signal.SIGKILL)


def frame_count(path):
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        count += 1
    return count


def child(run, module):
    """Process number of a run's child that runs the module; None if there is none."""
    for status in pathlib.Path('/proc').glob('[0-9]*/status'):
        try:
            if (f'\nPPid:\t{run.pid}\n' in status.read_text()
                    and module in status.with_name('cmdline').read_text()):
                return int(status.parent.name)
        except OSError:  # it has ended
            continue
    return None
