#!/usr/bin/env python3
"""Robots whose actuators are late, and what the smoother makes up for.

    .venv/bin/python benchmarks/late_robots.py [CLIP …] [--robot ameca] [--delays 0.05 0.1 0.2]
        [--policies calibrated blendshape_map] [--limit 150] [--json FILE]

Policy, smoother and virtual robot follow the tracked face of each clip; without clips, those of
--media, else the demo source. What a control shows at the stamp of a frame is compared with what
the policy asks for in that frame: mean correlation over the controls that move, and error as a
share of their spread, of the head and of the face; with the delay stated in the robot's file and
made up for (compensation 1), and not (0).
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ros_animate.camera.resolve import resolve
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Motion

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS = 4  # of the robot in a frame
SETTLE = 12  # frames at the beginning that do not count
MOVES = 0.02  # least spread of a control that counts, in ranges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person')
    parser.add_argument('--media', default=str(ROOT.parent / 'shared' / 'media'))
    parser.add_argument('--robot', default='ameca')
    parser.add_argument('--delays', type=float, nargs='+', default=(0.05, 0.1, 0.2))
    parser.add_argument('--policies', nargs='+', default=('calibrated', 'blendshape_map'))
    parser.add_argument('--limit', type=int, default=150, help='frames of each clip')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    print(machine())
    spec = load_spec(args.robot)
    clips = args.clips or sorted(map(str, pathlib.Path(args.media).glob('*.mp4'))) or ['demo']
    motions = [list(tracked(clip, args.limit)) for clip in clips]
    figures: dict[str, Any] = {}
    for policy in args.policies:
        for delay_s in args.delays:
            for compensation in (0.0, 1.0):
                key = f'{policy}, {delay_s:g} s, compensation {compensation:g}'
                figures[key] = measure(late(spec, delay_s), policy, compensation, motions)
                print(f'{key}: {text(figures[key])}', flush=True)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({'machine': machine(), **figures}, indent=1))


def tracked(clip: str, limit: int) -> Iterator[Motion]:
    """The motion of the first frames of a clip."""
    plugin, options = resolve(clip)
    tracker = load('motion', 'mediapipe')
    with load('camera', plugin, options) as source:
        for _ in range(limit):
            frame = source.read()
            if frame is None:
                break
            motion = tracker.extract(frame)
            if motion is not None:
                yield motion
    tracker.close()


def late(spec: RobotSpec, delay_s: float) -> RobotSpec:
    """The robot with actuators that are late."""
    return dataclasses.replace(spec, controls=tuple(
        dataclasses.replace(control, delay_s=delay_s) for control in spec.controls))


def measure(spec: RobotSpec, policy: str, compensation: float, clips: list[list[Motion]]
            ) -> dict[str, dict[str, float]]:
    """Correlation and error of head and face, means over the moving controls of all clips."""
    rows: dict[str, list[tuple[float, float]]] = {'head': [], 'face': []}
    for motions in clips:
        asked, shown = (part[SETTLE:] for part in follow(spec, policy, compensation, motions))
        spread = asked.std(axis=0)
        for index in np.flatnonzero(spread > MOVES * (spec.high - spec.low)):
            error = float(np.sqrt(np.square(asked[:, index] - shown[:, index]).mean()))
            part = 'head' if spec.controls[index].group == 'head' else 'face'
            rows[part].append((float(np.corrcoef(asked[:, index], shown[:, index])[0, 1]),
                               error / spread[index]))
    return {part: dict(zip(('r', 'error'), np.mean(values, axis=0).tolist()))
            for part, values in rows.items() if values}


def follow(spec: RobotSpec, name: str, compensation: float, motions: list[Motion]
           ) -> tuple[Array, Array]:
    """(T, N) what the policy asks for, and what the robot shows at that time."""
    policy = load('policy', name, {}, spec)
    smoother = load('smoothing', 'bezier', {'compensation': compensation}, spec)
    asked, shown = [], []
    with load('hardware', 'mock', {}, spec) as robot:
        for motion, after in zip(motions, motions[1:]):
            shown.append(robot.read(motion.stamp_s).position)
            chunk = policy.act(motion)
            asked.append(chunk.values[0])
            smoother.push(chunk, motion.stamp_s)
            for tick in range(TICKS):
                now_s = motion.stamp_s + tick / TICKS * (after.stamp_s - motion.stamp_s)
                robot.write(smoother.sample(now_s), now_s)
    return np.array(asked), np.array(shown)


def text(figures: dict[str, dict[str, float]]) -> str:
    return ', '.join(f'{part} r {row["r"]:.3f} error {row["error"]:.2f}'
                     for part, row in figures.items())


if __name__ == '__main__':
    main()
