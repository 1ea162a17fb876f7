#!/usr/bin/env python3
"""Fidelity of the policy `calibrated` against the number of poses that it was learned from.

    .venv/bin/python benchmarks/calibration.py [CLIP …] [--observations FILE.npz] [--poses 4800]
        [--seconds 150] [--sizes 150 300 600 1200 2400 4800] [--limit 150] [--save FOLDER]
        [--json FILE]

The virtual face shows random poses and is tracked; the file keeps them, so that the same command
goes on where --seconds ended it. Then a forward model is fitted to the first poses of each size and
drives the robot on every clip (those of --media, if none are named), beside the rig alone. The time
of one frame in the policy is measured beside the rig's. --save writes the calibration of all poses
with its card; so weights/calibrated was made.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import tempfile
import time
from typing import Any

import numpy as np
from pipeline import ROOT, fidelity, retarget, text

from ros_animate.calibration.faces import PersonFaces
from ros_animate.calibration.fitting import FitOptions, fit
from ros_animate.calibration.observations import Observations, read_observations
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.files import write_atomically
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load
from ros_animate.policy.forward_model import ForwardModel
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Frame, Motion

SIZES = (150, 300, 600, 1200, 2400, 4800)
KEPT_EVERY = 200  # poses
SAVED_STEPS = 4000  # of the optimiser, for many poses
SHOWN_SPREAD = 0.03  # blendshapes that the robot hardly moves have no useful R²


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person')
    parser.add_argument('--media', default=str(ROOT.parent / 'shared' / 'media'))
    parser.add_argument('--robot', default='ameca')
    parser.add_argument('--observations', help='file of the poses, .npz, which is continued',
                        default=str(ROOT / 'output' / 'benchmark_observations.npz'))
    parser.add_argument('--poses', type=int, default=max(SIZES))
    parser.add_argument('--seconds', type=float, default=1e9, help='longest time for the poses')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--sizes', type=int, nargs='*', default=SIZES)
    parser.add_argument('--limit', type=int, default=150, help='frames of each clip')
    parser.add_argument('--save', type=pathlib.Path, help='folder for the calibration')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    spec = load_spec(args.robot)
    path = pathlib.Path(args.observations)
    path.parent.mkdir(parents=True, exist_ok=True)
    observed = observe(spec, path, args.poses, args.seed, args.seconds)
    print(f'{machine()}; {len(observed)} poses')
    clips = args.clips or sorted(map(str, pathlib.Path(args.media).glob('*.mp4')))
    figures: dict[str, Any] = {}
    for size in args.sizes if len(observed) >= args.poses else ():
        model = fit(spec, observed.rows(slice(0, size)))
        with tempfile.TemporaryDirectory() as folder:
            figures[str(size)] = measure(model, clips, args.limit, pathlib.Path(folder))
        print(line(f'{size} poses', figures[str(size)]), flush=True)
    if figures:
        print('policy, ms a frame: ' + ', '.join(
            f'{name} {ms:.2f}' for name, ms in timing(spec, model).items()))
    if args.save:
        save(fit(spec, observed, FitOptions(steps=SAVED_STEPS)), args.save, args)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({'machine': machine(), **figures}, indent=1))


def observe(spec: RobotSpec, path: pathlib.Path, count: int, seed: int,
            seconds: float) -> Observations:
    """Poses of the virtual face with what the tracker reports, those in the file among them."""
    observed = read_observations(path) if path.exists() else Observations.empty(spec.names)
    faces, face_map = PersonFaces(spec), FaceMap(spec)
    face = VirtualFace(face_map.appearance, Camera((384, 384), 27.0))
    tracker = load('motion', 'mediapipe', {'stills': True})
    end_s, new = time.monotonic() + seconds, Observations.empty(spec.names)
    index = len(observed)
    while len(observed) + len(new) < count and time.monotonic() < end_s:
        pose = faces.sample(np.random.default_rng((seed, index)))
        index += 1
        motion = tracker.extract(Frame(face.render(face_map.muscles(pose)), 0.0))
        new = new if motion is None else new.with_face(pose, motion)
        if len(new) == KEPT_EVERY or len(observed) + len(new) == count:
            observed, new = observed.with_rows(new), Observations.empty(spec.names)
            observed.write(path)
    tracker.close()
    return observed


def measure(model: ForwardModel, clips: list[str], limit: int,
            folder: pathlib.Path) -> dict[str, Any]:
    """Error of a model on the poses that were held back, and fidelity on the clips."""
    calibration = folder / 'calibration'
    calibration.mkdir()
    model.save(calibration)
    found = []
    for clip in clips:
        output = folder / pathlib.Path(clip).stem
        retarget(clip, output, '--offline', '--limit', str(limit), '--policy', 'calibrated',
                 '--param', f'policy.weights={calibration}')
        found.append(fidelity(output))
    return {'r2': predicted_share(model), 'expr_r': [f.expr_r for f in found],
            'gain': [f.gain for f in found], 'lag': [f.lag for f in found]}


def predicted_share(model: ForwardModel) -> float:
    """Mean R² of the blendshapes that the robot moves, on the poses that were held back."""
    shapes = len(BLENDSHAPES)
    error, spread = np.array(model.config.error[:shapes]), np.array(model.config.spread[:shapes])
    shown = spread > SHOWN_SPREAD
    return float(np.mean(1 - (error[shown] / spread[shown]) ** 2))


def save(model: ForwardModel, folder: pathlib.Path, args: argparse.Namespace) -> None:
    """Writes the calibration and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder)
    write_atomically(folder / 'README.md', f"""\
# Calibration of the virtual {model.config.robot}

Made by

    .venv/bin/python benchmarks/calibration.py --robot {args.robot} --poses {args.poses} \\
        --seed {args.seed} --sizes --save FOLDER

which shows the random faces of `ros_animate calibrate` without the ways between them; that command
makes a calibration of any robot. It is used with `--robot {args.robot}` (policy `calibrated`).

| | |
|---|---|
| poses | {model.config.poses} random faces of the virtual face, at rest |
| seed | {args.seed} |
| network | mean of {FitOptions().members} perceptrons of {FitOptions().hidden} hidden units |
| steps | {SAVED_STEPS} |
| R² on poses held back | {predicted_share(model):.2f}, mean of the blendshapes that move |
| machine | {machine()} |
| licence | Apache-2.0 |
""")


def line(name: str, figures: dict[str, Any]) -> str:
    known = [r for r in figures['expr_r'] if r is not None]
    clips = ', '.join(f'{text(r)} ({text(g)})'
                      for r, g in zip(figures['expr_r'], figures['gain'], strict=True))
    mean = f'{np.mean(known):.3f}, worst {min(known):.2f}' if known else '-'
    return (f'{name:12} R² {figures["r2"]:.2f}, expr_r {mean}; by clip (gain): {clips}; lag '
            f'{figures["lag"]}')


def timing(spec: RobotSpec, model: ForwardModel, frames: int = 300) -> dict[str, float]:
    """Median milliseconds of one frame by policy, in turns."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        policies = {'blendshape_map': load('policy', 'blendshape_map', {}, spec),
                    'calibrated': load('policy', 'calibrated', {'weights': folder}, spec)}
    taken: dict[str, list[float]] = {name: [] for name in policies}
    for k in range(frames):
        expression = dict(zip(BLENDSHAPES, rng.uniform(0, 0.6, len(BLENDSHAPES))))
        motion = Motion('mediapipe', k / 30, expression=expression, rotation=np.eye(3))
        for name, policy in policies.items():
            start_s = time.perf_counter()
            policy.act(motion)
            taken[name].append(1e3 * (time.perf_counter() - start_s))
    return {name: float(np.median(values)) for name, values in taken.items()}


if __name__ == '__main__':
    main()
