#!/usr/bin/env python3
"""Benchmark of the whole pipeline: fidelity and throughput offline, latency live.

    .venv/bin/python benchmarks/pipeline.py [CLIP …] [--policies calibrated blendshape_map]
        [--limit 150] [--live 12] [--images FOLDER] [--json FILE]

Without clips, those of --media are used if they exist, else the demo source. Fidelity compares the
robot's face with the person's, both tracked by the face tracker: by policy, clip, region. --images
draws the moments at which they differ most.
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
from worst_moments import draw_worst

from ros_animate.evaluation.fidelity import (
    REGIONS,
    RELIABLE,
    Fidelity,
    Track,
    compare,
    track,
)
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(sys.executable).parent / 'ros_animate'
POLICIES = ('calibrated', 'blendshape_map')
STAGES = ('camera', 'motion', 'animation', 'policy', 'hardware', 'render')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person')
    parser.add_argument('--media', default=str(ROOT.parent / 'shared' / 'media'))
    parser.add_argument('--limit', type=int, default=150, help='frames of each clip')
    parser.add_argument('--policies', nargs='+', default=POLICIES)
    parser.add_argument('--images', type=pathlib.Path, help='folder for the worst moments')
    parser.add_argument('--live', type=float, default=12.0,
                        help='seconds of each live run; 0 for none')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    clips = args.clips or sorted(map(str, pathlib.Path(args.media).glob('*.mp4'))) or ['demo']
    print(machine())
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for policy in args.policies:
            figures[policy] = offline(policy, clips, args.limit, folder / policy, args.images)
        figures['live'] = live(clips[-1], args.live, folder)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({'machine': machine(), **figures}, indent=1))


def offline(policy: str, clips: list[str], limit: int, folder: pathlib.Path,
            images: pathlib.Path | None) -> dict[str, Any]:
    """Fidelity and throughput of every clip; all files are written."""
    print(f'\n{policy}\n{"clip":10}{"expr_r":>8}' + ''.join(f'{r:>7}' for r in REGIONS)
          + f'{"gain":>7}{"pose_r":>8}{"lag":>5}{"mae":>7}{"offset":>8}{"fps":>7}  ms a frame: '
          + ', '.join(STAGES))
    figures: dict[str, Any] = {}
    for clip in clips:
        name = pathlib.Path(clip).stem
        report = retarget(clip, folder / name, '--offline', '--limit', str(limit), '--policy',
                          policy)
        driving, robot = (tracked(folder / name / f'{side}.mp4') for side in ('driving', 'robot'))
        result = compare(driving, robot, names=RELIABLE)
        if images is not None:
            images.mkdir(parents=True, exist_ok=True)
            draw_worst(folder / name, driving, robot, result.lag, images / f'{policy}_{name}.jpg')
        figures[name] = {'report': report, 'expr_r': result.expr_r, 'gain': result.gain,
                         'pose_r': result.pose_r, 'lag': result.lag, 'mae': result.mae,
                         'offset': result.offset, 'regions': result.regions}
        print(row(name, result, report), flush=True)
    for key in ('expr_r', 'gain', 'pose_r', 'mae', 'offset'):
        values = [f[key] for f in figures.values() if f[key] is not None]
        print(f'mean {key} {np.mean(values):.3f}' if values else f'no {key}')
    return figures


def row(name: str, result: Fidelity, report: dict[str, Any]) -> str:
    """A line of the table."""
    regions = ''.join(f'{text(result.regions.get(region)):>7}' for region in REGIONS)
    return (f'{name:10}{text(result.expr_r):>8}{regions}{text(result.gain):>7}'
            f'{text(result.pose_r):>8}{result.lag:>5}{result.mae:>7.3f}{result.offset:>8.3f}'
            f'{report["fps"]:>7.1f}  '
            + ', '.join(f'{report["stages_ms"].get(s, 0):.1f}' for s in STAGES))


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
    return compare(tracked(folder / 'driving.mp4'), tracked(folder / 'robot.mp4'), names=RELIABLE)


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
