#!/usr/bin/env python3
"""The figures of the policies: time for an image, error on unseen pairs, both paths on clips.

    .venv/bin/python benchmarks/policies.py [CLIP …] [--pairs 600] [--seed 7] [--limit 100]
        [--json FILE]

Time: every image policy with its own weights and image size in every mode of the engine, beside
a plain ResNet-18 at 224 pixels as X2CNet runs it, in turns. Error: on pairs that are collected for
this, rendered ones and animated ones. Clips (those of --media, if none are named): the robot's face
beside the person's, by the feature path and by each image policy.
"""
from __future__ import annotations

import argparse
import functools
import json
import pathlib
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from pipeline import PROGRAM, ROOT, fidelity, retarget, text
from tqdm import tqdm

from ros_animate.inference.device import to_tensor
from ros_animate.inference.engine import fastest_precision
from ros_animate.networks import build_networks
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Frame

POLICIES = ('bc_z', 'x2cnet')
Options = dict[str, str | bool]
WAYS: dict[str, Options] = {'float32': {'precision': 'float32'}, 'float32 + compile': {
    'precision': 'float32', 'speed': 'fastest'}}
NARROW: dict[str, Options] = {'bf16': {'precision': 'bf16'}, 'bf16 + compile': {
    'precision': 'bf16', 'speed': 'fastest'}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person')
    parser.add_argument('--media', default=str(ROOT.parent / 'shared' / 'media'))
    parser.add_argument('--pairs', type=int, default=600, help='of each kind; 0: none')
    parser.add_argument('--seed', type=int, default=7, help='of the pairs')
    parser.add_argument('--limit', type=int, default=100, help='frames of each clip')
    parser.add_argument('--rounds', type=int, default=100, help='of the timing; 0: none')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    clips = args.clips or sorted(map(str, pathlib.Path(args.media).glob('*.mp4'))) or ['demo']
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        figures = {'machine': machine(), 'ms': timing(args.rounds) if args.rounds else {},
                   'error': errors(args.pairs, args.seed, folder) if args.pairs else {},
                   'clips': paths(clips, args.limit, folder)}
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=1))


def timing(rounds: int) -> dict[str, float]:
    """Milliseconds (median) from the input image to the control values."""
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    runs: dict[str, Callable[[], Any]] = {'plain ResNet-18, eager, 224 px': plain(image)}
    ways = WAYS if fastest_precision(torch.device('cpu')) == 'float32' else {**WAYS, **NARROW}
    for policy in POLICIES:
        for way, options in ways.items():
            stage = load('policy', policy, options, load_spec('mock'))
            name = f'{policy}, {way}, {stage.network_config.image_size} px'
            runs[name] = functools.partial(stage.act, Frame(image, 0.0))
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in tqdm(range(rounds), desc='timing', leave=False):
        for name, run in runs.items():
            for again in range(3):  # the first ones find the caches cold
                start_s = time.perf_counter()
                run()
                if again:
                    taken[name].append(1e3 * (time.perf_counter() - start_s))
    figures = {name: float(np.median(ms)) for name, ms in taken.items()}
    slowest = next(iter(figures.values()))
    for name, ms in figures.items():
        print(f'{name:36}{ms:7.2f} ms{slowest / ms:7.1f} x')
    return figures


def plain(image: np.ndarray) -> Callable[[], Any]:
    """The published network in eager PyTorch, without any optimisation."""
    network = build_networks('x2cnet')['mapping_network'].eval()

    def run() -> torch.Tensor:
        with torch.inference_mode():
            values: torch.Tensor = network(to_tensor(image, 224, torch.device('cpu')))
        return values
    return run


def errors(count: int, seed: int, folder: pathlib.Path) -> dict[str, Any]:
    """Errors on unseen pairs."""
    figures: dict[str, Any] = {}
    for kind, how in (('rendered', ()), ('animated', ('--animator', 'mesh_warp'))):
        data = folder / kind
        subprocess.run([str(PROGRAM), 'collect', '--robot', 'mock', '--count', str(count), '--seed',
                        str(seed), '--size', '224', '--output', str(data), *how, '--quiet'],
                       check=True)
        for policy in POLICIES:
            done = subprocess.run([str(PROGRAM), 'evaluate', 'policy', '--policy', policy, '--data',
                                   str(data), '--json'], check=True, capture_output=True, text=True)
            figures[f'{policy}, {kind}'] = found = json.loads(done.stdout)
            print(f'{policy} on {count} {kind} pairs: error {found["mae"]:.4f}; ' + ', '.join(
                f'{group} {value:.3f}' for group, value in found['groups'].items()))
    return figures


def paths(clips: list[str], limit: int, folder: pathlib.Path) -> dict[str, Any]:
    """The robot's face beside the person's, by the feature path and each image policy."""
    ways = {'features: blendshape_map': ('--path', 'features'), **{
        f'image: {policy}': ('--path', 'image', '--policy', policy) for policy in POLICIES}}
    figures: dict[str, Any] = {}
    for clip in clips:
        for way, options in ways.items():
            output = folder / pathlib.Path(clip).stem / way.partition(': ')[2]
            retarget(clip, output, '--offline', '--limit', str(limit), *options)
            found = fidelity(output)
            figures.setdefault(way, {})[clip] = {'expr_r': found.expr_r, 'gain': found.gain,
                                                 'pose_r': found.pose_r}
            print(f'{pathlib.Path(clip).stem:8}{way:28} expr_r {text(found.expr_r)}, gain '
                  f'{text(found.gain)}, pose_r {text(found.pose_r)}', flush=True)
    for way, rows in figures.items():
        values = [row['expr_r'] for row in rows.values() if row['expr_r'] is not None]
        print(f'{way}: mean expr_r {np.mean(values):.3f}' if values else f'{way}: no expr_r')
    return figures


if __name__ == '__main__':
    main()
