#!/usr/bin/env python3
"""Real people animate the robot's portrait: every animator that can run here, side by side.

    .venv/bin/python benchmarks/animators.py [CLIP …] [--animators fomm mesh_warp …]
        [--portrait IMAGE] [--limit 150] [--output DIR] [--json FILE]

Without clips: those of --media if they are there, else the demo source. Animators with weights (the
package's own, or those in ROS_ANIMATE_WEIGHTS) and mesh_warp. The metric is the pipeline's: the
face tracker's measurements of the animated portrait (animated.mp4 of `ros_animate retarget
--offline`) against those of the person. Jitter is in thousandths of the face's height, `of` the
person's own. Times are medians in ms: of extracting the motion and of animating, while the
pipeline's other stages work on other frames (`ms`, and `stage` of it for animating); and of
animating while nothing else works (`alone`), with the program's threads.
"""
from __future__ import annotations

import os

# As the program sets them.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import argparse
import itertools
import json
import pathlib
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from pipeline import ROOT, retarget, text, tracked

from ros_animate.animation.source_image import source_image
from ros_animate.checkpoints import weights
from ros_animate.checkpoints.weights import WeightsNotFoundError
from ros_animate.evaluation.animation.distances import Frames, jitter
from ros_animate.evaluation.animation.tasks import resized
from ros_animate.evaluation.animation.tracking import FaceTracker
from ros_animate.evaluation.fidelity import compare
from ros_animate.face.crop import centre_crop
from ros_animate.images import write_image
from ros_animate.outputs.machine import machine
from ros_animate.plugins import available, find, load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Image

JITTER_PX, TILE_PX = 256, 192
MOMENTS = 6  # of each clip, in the sheet
COLUMNS = ('expr_r', 'gain', 'pose_r', 'missed', 'jitter', 'of', 'ms', 'stage',
           'alone')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person')
    parser.add_argument('--media', default=str(ROOT.parent / 'shared' / 'media'))
    parser.add_argument('--animators', nargs='+', help='default: all that can run')
    parser.add_argument('--portrait', default='', help="default: the robot's virtual face")
    parser.add_argument('--param', action='append', default=[], metavar='STAGE.KEY=VALUE',
                        help='another option of the pipeline, for all animators')
    parser.add_argument('--limit', type=int, default=150, help='frames of each clip')
    parser.add_argument('--output', help='folder for the videos and an image of each clip')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    clips = args.clips or sorted(map(str, pathlib.Path(args.media).glob('*.mp4'))) or ['demo']
    animators = args.animators or runnable()
    print(f'{machine()}\n\n{"clip":10}{"animator":16}' + ''.join(f'{c:>9}' for c in COLUMNS))
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, FaceTracker() as tracker:
        folder = pathlib.Path(args.output or scratch)
        for clip in clips:
            figures[pathlib.Path(clip).stem] = measure(clip, animators, args, folder, tracker)
    print()
    for name in animators:
        line('mean', name, {c: mean([f[name][c] for f in figures.values()]) for c in COLUMNS})
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({'machine': machine(), **figures}, indent=1))


def runnable() -> list[str]:
    """Animators that need no weights, or whose weights are on this machine."""
    found = []
    for name in available('animation'):
        family = getattr(find('animation', name), 'family', None)
        try:
            if family is not None:
                weights.locate(family)
        except WeightsNotFoundError:
            continue
        found.append(name)
    return found


def measure(clip: str, animators: list[str], args: argparse.Namespace, folder: pathlib.Path,
            tracker: FaceTracker) -> dict[str, Any]:
    """The figures of every animator on one clip."""
    stem = pathlib.Path(clip).stem
    figures: dict[str, Any] = {}
    rows: list[Frames] = []
    for name in animators:
        output = folder / f'{stem}_{name}'
        options = [word for param in args.param for word in ('--param', param)]
        report = retarget(clip, output, '--offline', '--limit', str(args.limit), '--animator',
                          name, '--portrait', args.portrait, *options)
        driving, animated = (moments(output / f'{v}.mp4') for v in ('driving', 'animated'))
        compared = compare(tracked(output / 'driving.mp4'), tracked(output / 'animated.mp4'))
        stages = report['stages_ms']
        figures[name] = {
            'expr_r': compared.expr_r, 'gain': compared.gain, 'pose_r': compared.pose_r,
            'missed': compared.missed, 'lag': compared.lag, 'regions': dict(compared.regions),
            'jitter': relative_jitter(animated, tracker), 'of': relative_jitter(driving, tracker),
            'ms': stages.get('motion', 0.0) + stages.get('animation', 0.0),
            'stage': stages.get('animation'), 'alone': alone_ms(clip, name, args)}
        line(stem, name, figures[name])
        rows += [driving, animated] if not rows else [animated]
    if args.output:
        write_image(folder / f'{stem}.png', np.vstack([strip(frames) for frames in rows]))
    return figures


def alone_ms(clip: str, name: str, args: argparse.Namespace) -> float | None:
    """Median time of animating a frame of a clip while nothing else works; None without a face."""
    animator = load('animation', name)
    animator.set_source(source_image(args.portrait, load_spec('mock')))
    extractor = load('motion', animator.extractor)
    options = {} if clip == 'demo' else {'path': clip}
    with load('camera', 'demo' if clip == 'demo' else 'video', options) as source:
        frames = itertools.islice(iter(source.read, None), args.limit)
        motions = [motion for frame in frames if (motion := extractor.extract(frame)) is not None]
    extractor.close()
    times = []
    for motion in motions:
        start_s = time.perf_counter()
        animator.animate(motion)
        times.append(1e3 * (time.perf_counter() - start_s))
    return float(np.median(times)) if times else None


def line(clip: str, name: str, figures: Mapping[str, Any]) -> None:
    print(f'{clip:10}{name:16}' + ''.join(f'{text(figures[c]):>9}' for c in COLUMNS), flush=True)


def moments(video: pathlib.Path) -> Frames:
    """The middle square of every frame, (T, JITTER_PX, JITTER_PX, 3)."""
    with load('camera', 'video', {'path': str(video)}) as source:
        return np.stack([resized(centre_crop(frame.image, min(frame.image.shape[:2])), JITTER_PX)
                         for frame in iter(source.read, None)])


def relative_jitter(frames: Frames, tracker: FaceTracker) -> float | None:
    """Jitter in thousandths of the face's height; None without a face."""
    landmarks = tracker.track(frames).landmarks
    if not np.isfinite(landmarks).any():
        return None
    height = np.nanmean(np.ptp(landmarks[..., 1], axis=1))
    return float(1e3 * np.nanmean(jitter(landmarks)) / height)


def strip(frames: Frames) -> Image:
    """Moments spread over the clip, beside each other."""
    at = np.linspace(0, len(frames) - 1, MOMENTS).astype(int)
    return np.hstack([cv2.resize(frames[k], (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
                      for k in at])


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


if __name__ == '__main__':
    main()
