"""The writer of a live run's files."""
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from ros_animate.outputs.spool import LiveFrame, SpoolWriter, count_waiting
from ros_animate.robot.descriptions import load_spec

FRAMES = 200
TIMEOUT_S = 60.0


@pytest.fixture
def busy_processor():
    """Programs that want all of the cores, twice."""
    burners = [subprocess.Popen([sys.executable, '-c', 'while True: pass'])
               for _ in range(2 * os.cpu_count())]
    yield
    for burner in burners:
        burner.kill()
        burner.wait()


@pytest.mark.slow
@pytest.mark.usefixtures('busy_processor')
def test_frames_do_not_pile_up_where_no_core_is_ever_idle(tmp_path):
    image, neutral = np.zeros((48, 64, 3), np.uint8), load_spec('ameca').neutral[None]
    spool = tmp_path / 'out' / '.part.spool'
    writer = SpoolWriter(spool)
    for k in range(FRAMES):
        writer.put(LiveFrame(k / 30, (k + 1) / 30, image, image, np.array([k / 30]), neutral))
    (tmp_path / 'settings.yaml').write_text('robot: ameca\n')
    outputs = subprocess.Popen([
        sys.executable, '-m', 'ros_animate.runtime.live_outputs', tmp_path / 'settings.yaml', spool,
        tmp_path / 'out', 'driving.mp4', 'controls.csv'], stdout=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + TIMEOUT_S
        while (waiting := count_waiting(spool)) > FRAMES // 2:
            assert time.monotonic() < end_s and outputs.poll() is None, f'{waiting} frames wait'
            time.sleep(0.1)
    finally:
        writer.close()
        outputs.terminate()
        assert outputs.wait() == 0
    assert (tmp_path / 'out' / 'driving.mp4').stat().st_size > 0
