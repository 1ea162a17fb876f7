#!/usr/bin/env python3
"""Benchmark of smoothing and safety: limits, time, tracking error, jerk, stillness.

    .venv/bin/python benchmarks/smoothing.py [--streams 100000] [--json FILE]

Recorded controls are the output of tracker and policy for the clips of --media (for the demo source
if there are none). The random streams are those of test/helpers/random_robots.py.
"""
from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'test'))

from helpers.random_robots import KINDS, excess, random_robot, stream  # noqa: E402

from ros_animate.hardware.safety import Safety  # noqa: E402
from ros_animate.hardware.safety_config import SafetyConfig  # noqa: E402
from ros_animate.motion.base import Extractor  # noqa: E402
from ros_animate.outputs.machine import machine  # noqa: E402
from ros_animate.plugins import load  # noqa: E402
from ros_animate.policy.base import Policy  # noqa: E402
from ros_animate.robot.descriptions import load_spec  # noqa: E402
from ros_animate.robot.spec import RobotSpec  # noqa: E402
from ros_animate.settings import Settings, load_settings  # noqa: E402
from ros_animate.smoothing.base import Smoother  # noqa: E402
from ros_animate.types import ActionChunk, Array, Frame, Image  # noqa: E402

SMOOTHERS = ('bezier', 'ruckig', 'one_euro', 'hold')
CHUNKS = 8  # in a random stream: about 0.3 s
TICK_S = 1 / 60
STILL_S, STILL_NOISE = 5.0, 3.0  # the noise in grey levels
MOVING_FRAMES = 60  # of a clip before its face is frozen
SETTLING_S = 1.0  # after that, until a still face is measured

Recordings = dict[str, tuple[Array, Array]]  # by name; still faces as 'still CLIP'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--streams', type=int, default=1000, help='random streams (default: 1000)')
    parser.add_argument('--seed', type=int, default=0, help='of the random streams')
    parser.add_argument('--jobs', type=int, default=1, help='processes for them')
    parser.add_argument('--media', type=pathlib.Path, default=ROOT.parent / 'shared' / 'media',
                        help='folder of driving clips (*.mp4)')
    parser.add_argument('--json', type=pathlib.Path, help='the figures, for programs')
    args = parser.parse_args()
    spec = load_spec('ameca')
    figures: dict[str, Any] = {'machine': machine(),
                               'limits': limits(args.streams, args.seed, args.jobs)}
    recordings = record(args.media)
    figures['smoothers'] = {name: compare(name, spec, recordings) for name in SMOOTHERS}
    figures['safety_tick_us'] = time_safety(spec, recordings)
    show(figures)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2), encoding='utf-8')
    return int(figures['limits']['violations'] > 0)


def limits(count: int, seed: int, jobs: int) -> dict[str, Any]:
    """Violations of limits by random robots under random streams."""
    violations, worst = 0, np.full(3, -np.inf)
    with multiprocessing.Pool(jobs) as pool:
        results = pool.imap_unordered(one_stream, ((seed, k) for k in range(count)), 50)
        for beyond in tqdm(results, 'random streams', count, disable=not sys.stderr.isatty()):
            violations += bool((beyond > 1e-6).any())
            worst = np.maximum(worst, beyond)
    return {'streams': count, 'violations': violations, 'worst': worst.tolist()}


def one_stream(number: tuple[int, int]) -> Array:
    """(3,) excess of position, velocity and acceleration of the smoother or the sent commands.

    The smoother is sampled at 1 kHz; the safety layer ticks behind it at 1 kHz or less.
    """
    rng = np.random.default_rng(number)
    spec, kind = random_robot(rng), KINDS[number[1] % len(KINDS)]
    every = int(rng.choice([1, 5, 16]))
    smoother: Any = load('smoothing', 'bezier', {'stillness': float(rng.integers(2))}, spec)
    safety = Safety(SafetyConfig(), spec)
    times_s, now_s = [0.0], 0.0
    smoothed, sent = [smoother.sample(0.0).position], [safety.step(None, 0.0).position]
    for chunk in stream(kind, CHUNKS, spec, rng):
        while now_s < chunk.stamp_s:
            now_s = len(times_s) / 1000
            command = smoother.sample(now_s)
            times_s.append(now_s)
            smoothed.append(command.position)
            if len(smoothed) % every == 1 % every:
                sent.append(safety.step(command, now_s).position)
        smoother.push(chunk, now_s)
    return np.maximum(excess(spec, times_s, smoothed), excess(spec, times_s[::every], sent))


def record(media: pathlib.Path) -> Recordings:
    """(stamps, targets) of each clip, and of each with a frame in it frozen under camera noise."""
    settings = load_settings(robot='ameca')
    cameras: dict[str, dict[str, Any]] = {
        path.stem: {'plugin': 'video', 'path': str(path)} for path in sorted(media.glob('*.mp4'))}
    cameras = cameras or {'demo': {'plugin': 'demo'}}
    result = {name: targets(settings, frames(camera)) for name, camera in cameras.items()}
    result |= {f'still {name}': targets(settings, freezing(frames(camera)))
               for name, camera in cameras.items()}
    return result


def frames(camera: dict[str, Any]) -> Iterator[Frame]:
    with load_settings(camera=camera).load('camera') as source:
        while (frame := source.read()) is not None:
            yield frame


def freezing(moving: Iterator[Frame]) -> Iterator[Frame]:
    """The first frames, then the last of them for STILL_S, each time with different noise."""
    rng = np.random.default_rng(0)
    for frame in itertools.islice(moving, MOVING_FRAMES):
        yield frame
    for k in range(1, round(STILL_S * 30)):
        noise = rng.normal(0, STILL_NOISE, frame.image.shape)
        image: Image = np.clip(frame.image + noise, 0, 255).astype(np.uint8)
        yield Frame(image, frame.stamp_s + k / 30)


def targets(settings: Settings, source: Iterator[Frame]) -> tuple[Array, Array]:
    """(stamps (T,), control values (T, N)) that tracker and policy give for the frames."""
    extractor: Extractor = settings.load('motion')
    policy: Policy = settings.load('policy')
    stamps, values = [], []
    for frame in source:
        motion = extractor.extract(frame)
        if motion is not None:
            stamps.append(frame.stamp_s)
            values.append(policy.act(motion).values[0])
    extractor.close()
    return np.array(stamps), np.array(values)


def compare(name: str, spec: RobotSpec, recordings: Recordings) -> dict[str, float]:
    """Time of push and sample, tracking error and jerk on the clips, noise of a still face."""
    span = spec.high - spec.low
    errors, jerks, pushes, samples, still = [], [], [], [], []
    for clip, (stamps, values) in recordings.items():
        follower = Follower(load('smoothing', name, {}, spec), spec)
        follower.follow(stamps, values)
        positions = np.array(follower.positions)
        if clip.startswith('still'):
            late = stamps >= stamps[-1] - STILL_S + SETTLING_S
            still.append(float((positions[late].std(axis=0) / span).max()))
            continue
        allowed = Follower(load('smoothing', 'hold', {}, spec), spec)
        allowed.follow(stamps, values)
        errors.append((positions - np.array(allowed.positions)) / span)
        jerks.append(np.diff(follower.ticks, 3, axis=0) / TICK_S ** 3 / span)
        pushes += follower.push_s
        samples += follower.sample_s
    return {'push_us': 1e6 * float(np.median(pushes)), 'sample_us': 1e6 * float(np.median(samples)),
            'error_percent': 100 * _rms(errors), 'jerk_rms_per_s3': _rms(jerks),
            'still_percent': 100 * max(still)}


class Follower:
    """Runs a smoother on a recording.

    Attributes:
        positions: Positions a chunk period after each target, as the next one comes.
        ticks: Positions at the rate of the robot.
        push_s, sample_s: Times of the calls.
    """

    def __init__(self, smoother: Smoother, spec: RobotSpec) -> None:
        self._smoother, self._spec = smoother, spec
        self.positions: list[Array] = []
        self.ticks: list[Array] = []
        self.push_s: list[float] = []
        self.sample_s: list[float] = []

    def follow(self, stamps: Array, values: Array) -> None:
        """Pushes each target at its stamp and samples until the next one."""
        period_s = float(np.median(np.diff(stamps)))
        for stamp_s, target, next_s in zip(stamps, values, [*stamps[1:], stamps[-1] + period_s],
                                         strict=True):
            chunk = ActionChunk(self._spec.names, target[np.newaxis], period_s, float(stamp_s))
            start_s = time.perf_counter()
            self._smoother.push(chunk, float(stamp_s))
            self.push_s.append(time.perf_counter() - start_s)
            while (now_s := float(stamps[0]) + len(self.ticks) * TICK_S) < next_s:
                start_s = time.perf_counter()
                command = self._smoother.sample(now_s)
                self.sample_s.append(time.perf_counter() - start_s)
                self.ticks.append(command.position)
            self.positions.append(self._smoother.sample(float(next_s)).position)


def _rms(parts: Sequence[Array]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


def time_safety(spec: RobotSpec, recordings: Recordings) -> float:
    """Median time of a tick of the safety layer behind the smoother, in microseconds."""
    stamps, values = next(iter(recordings.values()))
    smoother, safety = load('smoothing', 'bezier', {}, spec), Safety(SafetyConfig(), spec)
    times_s, ticks = [], 0
    for stamp_s, target in zip(stamps.tolist(), values, strict=True):
        smoother.push(ActionChunk(spec.names, target[np.newaxis], 1 / 30, stamp_s), stamp_s)
        while (now_s := float(stamps[0]) + ticks * TICK_S) < stamp_s + 1 / 30:
            command = smoother.sample(now_s)
            start_s = time.perf_counter()
            safety.step(command, now_s)
            times_s.append(time.perf_counter() - start_s)
            ticks += 1
    return 1e6 * float(np.median(times_s))


def show(figures: dict[str, Any]) -> None:
    found = figures['limits']
    print(f'{figures["machine"]}\n\nlimits: {found["streams"]} random streams and robots at 1 kHz, '
          f'{found["violations"]} violations\nsafety layer behind bezier: '
          f'{figures["safety_tick_us"]:.0f} µs a tick (median)\n')
    print('30 controls    push (replan)  sample (tick)  error   jerk (rms)  still face (std)')
    for name, row in figures['smoothers'].items():
        print(f'{name:<12}{row["push_us"]:13.0f} µs {row["sample_us"]:11.1f} µs '
              f'{row["error_percent"]:5.2f} % {row["jerk_rms_per_s3"]:8.0f} /s³ '
              f'{row["still_percent"]:14.3f} %')
    print('\nMedians of times; error against the allowed target a chunk period after it; error, '
          'jerk and\nstill face relative to the ranges; still face: the control with the most '
          'noise in all clips, a\nsecond after a frame froze under camera noise.')


if __name__ == '__main__':
    raise SystemExit(main())
