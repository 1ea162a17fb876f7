#!/usr/bin/env python3
"""Benchmark of the whole pipeline: fidelity and throughput offline, latency live.

    .venv/bin/python benchmarks/pipeline.py [CLIP …] [--limit 150] [--live 12] [--json FILE]

Without clips, those of --media are used if they exist, else the demo source. Fidelity compares the
robot's face with the person's, both tracked by the face tracker.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from ros_animate.evaluation.fidelity import Fidelity, Track, compare, track
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(sys.executable).parent / 'ros_animate'
STAGES = ('camera', 'motion', 'animation', 'policy', 'hardware', 'render')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person')
    parser.add_argument('--media', default=str(ROOT.parent / 'shared' / 'media'))
    parser.add_argument('--limit', type=int, default=150, help='frames of each clip')
    parser.add_argument('--live', type=float, default=12.0,
                        help='seconds of each live run; 0 for none')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    clips = args.clips or sorted(map(str, pathlib.Path(args.media).glob('*.mp4'))) or ['demo']
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        figures = {'offline': offline(clips, args.limit, pathlib.Path(folder)),
                   'live': live(clips[-1], args.live, pathlib.Path(folder))}
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({'machine': machine(), **figures}, indent=1))


def offline(clips: list[str], limit: int, folder: pathlib.Path) -> dict[str, Any]:
    """Fidelity and throughput of every clip; all files are written."""
    print(f'\n{"clip":10}{"expr_r":>8}{"gain":>7}{"pose_r":>8}{"lag":>5}{"fps":>7}  ms a frame: '
          + ', '.join(STAGES))
    figures: dict[str, Any] = {}
    for clip in clips:
        name = pathlib.Path(clip).stem
        report = retarget(clip, folder / name, '--offline', '--limit', str(limit))
        result = fidelity(folder / name)
        figures[name] = {'report': report, 'expr_r': result.expr_r, 'gain': result.gain,
                         'pose_r': result.pose_r, 'lag': result.lag, 'regions': result.regions}
        print(f'{name:10}{text(result.expr_r):>8}{text(result.gain):>7}{text(result.pose_r):>8}'
              f'{result.lag:>5}{report["fps"]:>7.1f}  '
              + ', '.join(f'{report["stages_ms"].get(s, 0):.1f}' for s in STAGES))
    for key in ('expr_r', 'pose_r'):
        values = [f[key] for f in figures.values() if f[key] is not None]
        print(f'mean {key} {np.mean(values):.3f}' if values else f'no {key}')
    return figures


def live(clip: str, seconds: float, folder: pathlib.Path) -> dict[str, Any]:
    """Latency from camera stamp to sent command, through ROS, while all files are written."""
    figures = {}
    for name, mode in (('composed', ()), ('processes', ('--processes',))):
        if seconds > 0:
            report = retarget(clip, folder / name, '--loop', '--duration', str(seconds), *mode)
            figures[name] = report
            print(f'live, {name}: latency ms {report["latency_ms"]}, {report["fps"]:.1f} commands '
                  f'from new frames a second, {report["dropped"]} dropped')
    return figures


def retarget(clip: str, output: pathlib.Path, *options: str) -> dict[str, Any]:
    subprocess.run([str(PROGRAM), 'retarget', '--source', clip, '--output', str(output), '--quiet',
                    *options], check=True)
    report: dict[str, Any] = json.loads((output / 'report.json').read_text())
    return report


def fidelity(folder: pathlib.Path) -> Fidelity:
    return compare(tracked(folder / 'driving.mp4'), tracked(folder / 'robot.mp4'))


def tracked(video: pathlib.Path) -> Track:
    extractor = load('motion', 'mediapipe')
    with load('camera', 'video', {'path': str(video)}) as source:
        result = track(iter(source.read, None), extractor)
    extractor.close()
    return result


def text(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'


if __name__ == '__main__':
    main()
