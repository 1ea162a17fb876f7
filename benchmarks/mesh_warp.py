#!/usr/bin/env python3
"""The figures of the mesh_warp animator: time per frame on one core, and fidelity.

    .venv/bin/python benchmarks/mesh_warp.py [CLIP …] [--portraits IMAGE …] [--limit 100]
        [--sizes 256 512] [--fidelity] [--json FILE]

Without clips: those of --media if they are there, else the demo source. Without portraits: the
robot's virtual face. Time is that of the thread, so other programs count as little as they can.
"""
from __future__ import annotations

import os

os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

import argparse
import itertools
import json
import pathlib
import time
from typing import Any

import cv2
import numpy as np

from ros_animate.animation.source_image import source_image
from ros_animate.camera.base import Source
from ros_animate.evaluation.fidelity import Track, compare, track
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame, Motion

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUDGET_MS = {256: 5.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person')
    parser.add_argument('--media', default=str(ROOT.parent / 'shared' / 'media'))
    parser.add_argument('--portraits', nargs='*', default=[''], help='images of one person')
    parser.add_argument('--limit', type=int, default=100, help='frames of each clip')
    parser.add_argument('--sizes', nargs='*', type=int, default=[256, 512])
    parser.add_argument('--fidelity', action='store_true',
                        help='also fidelity as measured by the face tracker')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    cv2.setNumThreads(1)
    clips = args.clips or sorted(map(str, pathlib.Path(args.media).glob('*.mp4'))) or ['demo']
    print(machine())
    driving = {pathlib.Path(clip).stem: watch(clip, args.limit) for clip in clips}
    figures: dict[str, Any] = {'machine': machine(), 'ms': {}, 'fidelity': {}}
    for portrait in args.portraits:
        name = pathlib.Path(portrait).stem or 'robot'
        figures['ms'][name] = {size: timing(portrait, driving, size) for size in args.sizes}
        if args.fidelity:
            figures['fidelity'][name] = fidelity(portrait, driving, args.sizes[0])
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=1))


def watch(clip: str, limit: int) -> list[tuple[Frame, Motion]]:
    """The frames of a clip in which there is a face, with its motion."""
    extractor = load('motion', 'mediapipe')
    with open_clip(clip) as source:
        frames = list(itertools.islice(iter(source.read, None), limit))
    motions = [(frame, extractor.extract(frame)) for frame in frames]
    extractor.close()
    return [(frame, motion) for frame, motion in motions if motion is not None]


def open_clip(clip: str) -> Source:
    source: Source = load('camera', 'demo') if clip == 'demo' else load('camera', 'video',
                                                                       {'path': clip})
    return source


def animate(portrait: str, size: int, motions: list[Motion]) -> tuple[list[Frame], list[float]]:
    """The animated frames and the milliseconds that each took its thread."""
    animator = load('animation', 'mesh_warp', {'size': size})
    animator.set_source(source_image(portrait, load_spec('mock')))
    frames, times = [], []
    for motion in motions:
        start = time.thread_time()
        frames.append(animator.animate(motion))
        times.append(1e3 * (time.thread_time() - start))
    return frames, times


def timing(portrait: str, driving: dict[str, list[tuple[Frame, Motion]]],
           size: int) -> dict[str, float]:
    """Median, 95th percentile and fastest tenth over all clips."""
    times = [t for pairs in driving.values()
             for t in animate(portrait, size, [motion for _, motion in pairs])[1]]
    fast, median, slow = np.percentile(times, (10, 50, 95))
    budget = f' (budget {BUDGET_MS[size]:.0f})' if size in BUDGET_MS else ''
    print(f'{portrait or "robot"} at {size} px: median {median:.2f} ms{budget}, '
          f'p95 {slow:.2f} ms, fastest tenth {fast:.2f} ms')
    return {'p10': float(fast), 'median': float(median), 'p95': float(slow)}


def tracked(frames: list[Frame]) -> Track:
    extractor = load('motion', 'mediapipe')
    result = track(frames, extractor)
    extractor.close()
    return result


def fidelity(portrait: str, driving: dict[str, list[tuple[Frame, Motion]]],
             size: int) -> dict[str, Any]:
    """Fidelity of the animated portrait to the person, as measured by the face tracker."""
    figures = {}
    for name, pairs in driving.items():
        frames, _ = animate(portrait, size, [motion for _, motion in pairs])
        result = compare(tracked([frame for frame, _ in pairs]), tracked(frames))
        figures[name] = {'expr_r': result.expr_r, 'gain': result.gain, 'pose_r': result.pose_r,
                         'regions': dict(result.regions)}
        print(f'{portrait or "robot"} driven by {name}: expr_r {result.expr_r}, gain '
              f'{result.gain}, pose_r {result.pose_r}')
    return figures


if __name__ == '__main__':
    main()
