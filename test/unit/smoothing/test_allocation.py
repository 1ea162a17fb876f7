"""A tick allocates nothing but its result."""
import tracemalloc

import numpy as np
import pytest

from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.plugins import load
from ros_animate.robot.spec import Control, CoupledLimit, RobotSpec
from ros_animate.types import ActionChunk

# So many that an array of them stands out from the numbers that Python makes on the way, and that
# NumPy does not take it from its stock of small blocks.
SIZE = 2000
ARRAY = 8 * SIZE
SPEC = RobotSpec('many', 'many', 'mock', tuple(
    Control(f'c{i}', f'c{i}', 'all', '', 0.0, 1.0, 0.5, 0.5, 10.0, 500.0, 0.01)
    for i in range(SIZE)), (
    CoupledLimit((('c0', 1.0),), 'c1', 'upper', ((0.0, 0.6), (1.0, 0.5))),))
PERIOD_S, TICK_S = 1 / 30, 1 / 60


def most_allocated(call):
    """(bytes in use at most during a call more than before it, its result)."""
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    result = call()
    return tracemalloc.get_traced_memory()[1] - before, result


@pytest.fixture(params=['moving', 'limited'])
def ticks(request):
    """Bytes that each tick of the smoother and each of the safety layer allocates."""
    rng = np.random.default_rng(0)
    smoother, safety = load('smoothing', 'bezier', {}, SPEC), Safety(SafetyConfig(), SPEC)
    used = []
    reach = {'moving': 0.05, 'limited': 10.0}[request.param]
    tracemalloc.start()
    try:
        for k in range(60):
            target = 0.5 + reach * rng.uniform(-0.5, 0.5, (1, SIZE))
            smoother.push(ActionChunk(SPEC.names, target, PERIOD_S, k * PERIOD_S), k * PERIOD_S)
            for now_s in (k * PERIOD_S, k * PERIOD_S + TICK_S):
                smoothing, command = most_allocated(lambda now_s=now_s: smoother.sample(now_s))
                # Behind the smoother nothing would be limited.
                np.copyto(command.position, target[0])
                sending, _ = most_allocated(
                    lambda command=command, now_s=now_s: safety.step(command, now_s))
                used.append((smoothing, sending))
    finally:
        tracemalloc.stop()
    assert (safety.counts['limited'] > 0) == (request.param == 'limited')
    return np.array(used[2:])  # the first ones fill what Python remembers


def test_a_tick_allocates_nothing_but_its_result(ticks):
    result = 3 * ARRAY  # position, velocity, acceleration
    assert (ticks >= result).all()
    assert (ticks < result + 0.5 * ARRAY).all()
