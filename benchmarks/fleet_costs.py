"""What a frame costs in the shared stages of a fleet, by batch size, and what follows from it.

A stage costs `own_ms` for each frame (crop, tensors, keypoints: in the thread of its node) and
`batch_ms[b]` for a forward pass of b frames. A fleet on another machine, or on a GPU, is predicted
by a simulation of the rule of `inference/batching.py`: a pass takes all frames that wait.
"""
from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ros_animate.animation.source_image import source_image
from ros_animate.inference.cuda_graphs import map_tensors
from ros_animate.inference.device import choose_device
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame

SIZES = (1, 2, 4, 8, 16)
BUDGET_S = 0.5
# Between the camera's stamp and the command besides the shared stages, median (ms): hops, policy,
# smoothing, tick; measured with one robot (docs/benchmarks.md).
OTHERS_MS = 16.0
SECONDS = 60.0


class Recorder:
    """A network that remembers its last calls."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.calls: dict[str, tuple[Any, ...]] = {}

    def __call__(self, *arguments: Any) -> Any:
        return self._run('__call__', arguments)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self._run(name, arguments)

    def _run(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self.calls[name] = arguments
        return getattr(self.network, name)(*arguments)


def measure(animators: Sequence[str]) -> dict[str, Any]:
    """Costs of the extractor and the animator of each name, and of those without networks."""
    torch.set_num_threads(1)  # as in the node processes
    device = str(choose_device('auto'))
    print(f'device {device}; ms a forward pass of a batch, and a frame besides it\n'
          f'{"stage":26}' + ''.join(f'{b:>9}' for b in SIZES) + f'{"own":>9}{"a + k b":>18}')
    with load('camera', 'demo', {'fps': 5.0}) as source:
        frames = [source.read() for _ in range(6)]
    stages: dict[str, Any] = {}
    for name in ('mediapipe', *animators):
        for title, stage in _stages(name, frames).items():
            print(_row(title, stage), flush=True)
            stages[title] = stage
    return {'device': device, 'stages': stages}


def _stages(name: str, frames: Sequence[Frame]) -> dict[str, Any]:
    """Costs of an extractor, and of the animator that takes its motion."""
    animation = 'mesh_warp' if name == 'mediapipe' else name
    extractor, animator = load('motion', name), load('animation', animation)
    motions = [extractor.extract(frame) for frame in frames]
    animator.set_source(source_image('', load_spec('mock')))
    count = itertools.count(len(frames))

    def extract() -> None:
        k = next(count)
        extractor.extract(Frame(frames[k % len(frames)].image, frames[1].stamp_s * k))

    def animate() -> None:
        animator.animate(motions[next(count) % len(motions)])
    costs = {f'motion {name}': _stage(extractor, extract),
             f'animation {animation}': _stage(animator, animate)}
    extractor.close()
    return costs


def _stage(plugin: Any, step: Callable[[], Any]) -> dict[str, Any]:
    """{own_ms, batch_ms by batch size}; without networks all of a frame is its own."""
    networks: dict[str, Any] = getattr(plugin, 'networks', {})
    whole_ms = _median_ms(step)
    recorders = {name: Recorder(network) for name, network in networks.items()}
    if not recorders:
        return {'own_ms': whole_ms, 'batch_ms': {}}
    plugin.networks = recorders
    step()
    plugin.networks = networks
    calls = [(recorder.network, name, arguments) for recorder in recorders.values()
             for name, arguments in recorder.calls.items()]
    batch_ms = {b: sum(_median_ms(functools.partial(_pass, *call, b)) for call in calls)
                for b in SIZES}
    return {'own_ms': max(0.0, whole_ms - batch_ms[1]), 'batch_ms': batch_ms}


def _pass(network: Any, name: str, arguments: tuple[Any, ...], batch: int) -> None:
    """One forward pass of several frames, until its result is there."""
    with torch.inference_mode():
        joined = map_tensors(lambda t: torch.cat([t] * batch), arguments)
        getattr(network, name)(*joined)
        if torch.cuda.is_available():
            torch.cuda.synchronize()


def _median_ms(step: Callable[[], Any]) -> float:
    step()
    times: list[float] = []
    while sum(times) < BUDGET_S and len(times) < 50:
        start_s = time.perf_counter()
        step()
        times.append(time.perf_counter() - start_s)
    return 1e3 * float(np.median(times))


def _row(title: str, stage: dict[str, Any]) -> str:
    sizes = stage['batch_ms']
    text = ''.join(f'{sizes[b]:9.1f}' for b in SIZES) if sizes else f'{"":{9 * len(SIZES)}}'
    fit = ''
    if sizes:
        slope, constant = np.polyfit(list(sizes), list(sizes.values()), 1)
        fit = f'{constant:.1f} + {slope:.1f} b'
    return f'{title:26}{text}{stage["own_ms"]:9.1f}{fit:>18}'


def predict(costs: dict[str, Any], robots: Sequence[int], fps: float) -> dict[str, Any]:
    """Prints and returns rate and latency of fleets that wait for a stage of the costs."""
    figures: dict[str, Any] = {}
    print(f'{costs.get("machine", "?")}, device {costs["device"]}; {fps:g} images a second each\n'
          f'{"stage":26}{"robots":>8}{"frames/s each":>15}{"p50":>8}{"p95":>8}  '
          'ms camera -> command')
    for title, stage in costs['stages'].items():
        for count in robots:
            latency, rate = simulate(stage, count, fps)
            p50, p95 = np.percentile(latency, [50, 95]) + OTHERS_MS
            figures[f'{title}, {count}'] = {'fps': rate, 'p50': p50, 'p95': p95}
            print(f'{title:26}{count:8d}{rate:15.1f}{p50:8.1f}{p95:8.1f}')
    return figures


def simulate(stage: dict[str, Any], robots: int, fps: float,
             threads: int = 1) -> tuple[np.ndarray, float]:
    """Latencies in the stage (ms), and frames a second that each robot gets answered.

    Frames come at fps with phases at random; each robot has one under way and keeps the newest
    that waits. `own_ms` is computed by `threads` at a time, the passes one after the other.

    Args:
        stage: own_ms and batch_ms of the stage.
        robots: Number of robots.
        fps: Images a second of each.
        threads: Threads of Python's work that run side by side.
    """
    sizes = {int(b): ms for b, ms in stage['batch_ms'].items()}
    period_ms, end_ms = 1e3 / fps, 1e3 * SECONDS
    phases = np.random.default_rng(0).uniform(0, period_ms, robots)
    latencies, now_ms = [], 0.0
    answered = np.full(robots, -1)  # index of the newest frame that was answered
    while now_ms < end_ms:
        newest = np.floor((now_ms - phases) / period_ms).astype(int)
        waiting = np.flatnonzero(newest > answered)
        if not len(waiting):
            # A little later than the next frame, which rounding could put off for ever.
            now_ms = float(min(phases + period_ms * (answered + 1))) + 1e-3
            continue
        arrived = phases[waiting] + period_ms * newest[waiting]
        batch = waiting[np.argsort(arrived)][:max(sizes, default=1)]
        now_ms += len(batch) * stage['own_ms'] / threads
        now_ms += float(np.interp(len(batch), list(sizes), list(sizes.values()))) if sizes else 0.0
        latencies += list(now_ms - (phases[batch] + period_ms * newest[batch]))
        answered[batch] = newest[batch]
    return np.array(latencies), len(latencies) / SECONDS / robots
