"""The table of `benchmarks/animation.py --device cuda`: networks by the ways in which they run.

First what needs no preparation, then what is compiled, as far as the time allows: a way is left
out where the longest compilation so far would not fit any more.
"""
from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MODELS = ('live_portrait', 'fomm', 'monkey_net_256', 'face_vid2vid')
WAYS = ('reference', 'reference+half', 'fp16', 'fp16+graphs', 'fp16+compile',
        'fp16+compile+graphs')
FIRST_COMPILATION_S = 45.0  # estimate, until one has been measured
_WARM_UPS = 4  # graphs are recorded, kernels chosen

Step = Callable[[], Tensor]
Make = Callable[[str, str], tuple[Step, Step]]


@dataclass(frozen=True)
class Timing:
    """Medians of one network in one way.

    Attributes:
        keypoints_ms: Detection of the driving keypoints.
        frame_ms: A whole frame, detection included.
        psnr_db: Of the image, against the reference's in float32.
    """

    keypoints_ms: float
    frame_ms: float
    psnr_db: float


Timings = dict[tuple[str, str], Timing]


def measure(models: Sequence[str], rounds: int, seconds: float, make: Make,
            clock: Callable[[], float] = time.perf_counter) -> Timings:
    """Times of every network in every way for which there was time.

    Args:
        models: Names of networks.
        rounds: Runs of which the median is taken.
        seconds: Time for everything.
        make: Makes (detection, whole frame) of a model in a way.
        clock: Seconds.
    """
    end_s, longest_s = clock() + seconds, FIRST_COMPILATION_S
    timings: Timings = {}
    expected: dict[str, Tensor] = {}
    for way in sorted(WAYS, key=lambda way: 'compile' in way):
        for model in models:
            start_s = clock()
            if start_s + ('compile' in way) * longest_s > end_s:
                print(f'{model}, {way}: left out, as no time is left', flush=True)
                continue
            timings[model, way] = _timing(*make(model, way), rounds, expected, model, clock)
            took_s = clock() - start_s
            longest_s = max(longest_s, took_s) if 'compile' in way else longest_s
            print(f'{model}, {way}: {timings[model, way].frame_ms:.1f} ms, measured in '
                  f'{took_s:.0f} s', flush=True)
    return timings


def _timing(detect: Step, frame: Step, rounds: int, expected: dict[str, Tensor], model: str,
            clock: Callable[[], float]) -> Timing:
    for _ in range(_WARM_UPS):
        detect()
        image = frame().float().cpu()
    difference = (image - expected.setdefault(model, image)).double().square().mean()
    keypoints_ms, frame_ms = (statistics.median(_duration_ms(step, clock) for _ in range(rounds))
                              for step in (detect, frame))
    return Timing(keypoints_ms, frame_ms, -10 * math.log10(float(difference) + 1e-20))


def _duration_ms(step: Step, clock: Callable[[], float]) -> float:
    start_s = clock()
    step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return 1e3 * (clock() - start_s)


def text(timings: Timings) -> str:
    """The timings as a Markdown table, a row for each network."""
    models = list(dict.fromkeys(model for model, _ in timings))
    lines = [f'| whole frame, ms | {" | ".join(WAYS)} | keypoints, fastest | least PSNR, dB |',
             '|---' * (len(WAYS) + 3) + '|']
    for model in models:
        found = [timings.get((model, way)) for way in WAYS]
        known = [timing for timing in found if timing is not None]
        cells = ['' if timing is None else f'{timing.frame_ms:.1f}' for timing in found]
        lines.append(f'| {model} | {" | ".join(cells)} | '
                     f'{min(timing.keypoints_ms for timing in known):.1f} | '
                     f'{min(timing.psnr_db for timing in known):.0f} |')
    return '\n'.join(lines)
