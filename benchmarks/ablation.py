#!/usr/bin/env python3
"""Monkey-Net without one of its parts: the ablation of its paper, on synthetic faces.

    .venv/bin/python benchmarks/ablation.py [--seeds 0 1 2] [--steps N] [--size 64] [--jobs 2]
        [--output output/ablation] [--variants full no_F …] [--set KEY=VALUE …]

Trains every variant with every seed (`ros_animate train animation`, one core each), measures the
reconstruction of unseen people (`ros_animate evaluate animation`) and prints means and standard
deviations over the seeds, and how many of a variant's runs are worse than the full model of the
same seed, which has begun with the same data in the same order. What is finished stays: a second
call goes on where the first one was stopped. The folder receives table.md, figures.json,
figures.png and samples.png.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.evaluation.animation.clips import Clips
from ros_animate.evaluation.animation.figures import draw_chart, draw_samples
from ros_animate.evaluation.animation.measurement import evaluate
from ros_animate.evaluation.animation.methods import AnimatorMethod
from ros_animate.evaluation.animation.published import ABLATION
from ros_animate.evaluation.animation.table import COLUMNS, markdown
from ros_animate.outputs.machine import machine

PROGRAM = pathlib.Path(sys.executable).parent / 'ros_animate'
# What is left out, in the paper's words: no F, no F_residual, no F_coarse, no Sigma_k, no x.
# Where the residual is all the motion there is, it need not be held back.
VARIANTS: dict[str, tuple[str, ...]] = {
    'no_F': ('dense_motion=false',), 'no_F_residual': ('residual=false',),
    'no_F_coarse': ('coarse=false', 'residual_scale=1'), 'no_Sigma': ('variance=0.01',),
    'no_x': ('source_in_motion=false',), 'full': ()}
FULL, STILL = 'full', 'source repeated'
MEASURES = ('l1', 'akd', 'mkr', 'aed')
COMPARED = ('l1', 'akd')
# A small network, few people, and pairs as in the paper: both frames of one person, as they are.
# Keypoints are held to landmarks: few steps suffice, and variants differ in the motion alone.
# Undivided heat maps: at a hundredth, as in the reference, so few steps hardly learn to see them.
SETTINGS = ('block_expansion=8', 'max_features=64', 'keypoint_levels=3', 'motion_levels=3',
            'generator_levels=3', 'refinement_blocks=0', 'motion_step=2', 'residual_scale=0.1',
            'heatmap_divisor=1', 'discriminator_features=32', 'discriminator_levels=3',
            'feature_matching=[10, 10, 10, 1]', 'predictor_features=8', 'batch_size=8',
            'learning_rate=1e-3', 'average=0.99', 'precision=float32', 'looks=4',
            'identities=1600', 'cross=0.0', 'guide=20', 'driving_colour=0.0', 'driving_blur=0.0',
            'driving_jpeg=0.0', 'driving_noise=0.0', 'workers=1')
SHOWN_CLIPS = 6


@dataclass(frozen=True)
class Run:
    """One training and its evaluation.

    Attributes:
        variant: One of VARIANTS.
        seed: Of weights and order.
        folder: Of the run.
    """

    variant: str
    seed: int
    folder: pathlib.Path

    @property
    def weights(self) -> pathlib.Path:
        return self.folder / 'weights'

    @property
    def report(self) -> pathlib.Path:
        return self.folder / 'evaluation' / 'report.json'


def main() -> None:
    args = arguments()
    folder = claimed(pathlib.Path(args.output).expanduser(), args)
    runs = [Run(variant, seed, folder / f'{variant}_{seed}')
            for seed in args.seeds for variant in args.variants]
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(lambda run: work(run, args), runs))
    reports = {(run.variant, run.seed): json.loads(run.report.read_text('utf-8')) for run in runs}
    figures = collect(reports, args)
    (folder / 'figures.json').write_text(json.dumps(figures, indent=1) + '\n', encoding='utf-8')
    text = tables(figures)
    (folder / 'table.md').write_text(text + '\n', encoding='utf-8')
    print(text)
    draw_chart(figures['mean'], folder / 'figures.png', MEASURES, figures['deviation'])
    draw(runs, args, folder / 'samples.png')


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--output', default='output/ablation', help='folder of all runs')
    parser.add_argument('--variants', nargs='+', default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--steps', type=int, default=800, help='of each training')
    parser.add_argument('--size', type=int, default=64, help='side of the pictures in pixels')
    parser.add_argument('--clips', type=int, default=20, help='unseen people that are measured')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='trainings at a time')
    parser.add_argument('--set', metavar='KEY=VALUE', action='append', default=[],
                        help='another option of all trainings')
    return parser.parse_args()


def claimed(folder: pathlib.Path, args: argparse.Namespace) -> pathlib.Path:
    """The folder, if all runs in it are of one kind."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = {'steps': args.steps, 'size': args.size, 'clips': args.clips,
            'settings': [*SETTINGS, *args.set]}
    path = folder / 'kind.json'
    if path.exists() and (begun := json.loads(path.read_text('utf-8'))) != kind:
        raise SystemExit(f'{folder} was begun with {begun}, not {kind}: name another --output')
    path.write_text(json.dumps(kind), encoding='utf-8')
    return folder


def work(run: Run, args: argparse.Namespace) -> None:
    """Trains and evaluates, as far as that is not done yet."""
    if not run.weights.is_dir():
        say(run, 'trains')
        begun = ('--resume',) if (run.folder / 'last.ckpt').exists() else ()
        settings = (f'image_size={args.size}', *SETTINGS, f'seed={run.seed}',
                    f'data_seed={run.seed}', f'cache={pathlib.Path(args.output) / "faces"}',
                    *VARIANTS[run.variant], *args.set)
        call(run, 'train', '--model', 'monkey_net', '--variant', 'nemo', '--output', run.folder,
             '--data', 'synthetic', '--steps', args.steps, '--quiet', *begun,
             *(word for text in settings for word in ('--set', text)))
    if not run.report.exists():
        say(run, 'is measured')
        call(run, 'evaluate', '--model', 'monkey_net', '--weights', run.weights, '--output',
             run.report.parent, '--data', 'synthetic', '--clips', args.clips, '--param',
             'animation.precision=float32')
    say(run, 'is done')


def call(run: Run, verb: str, *words: object) -> None:
    """`ros_animate VERB animation …` on one core, all that it says in the run's log."""
    run.folder.mkdir(parents=True, exist_ok=True)
    with open(run.folder / f'{verb}.log', 'a', encoding='utf-8') as log:
        done = subprocess.run([str(PROGRAM), verb, 'animation', *map(str, words)], stdout=log,
                              stderr=log, env={**os.environ, 'OMP_NUM_THREADS': '1'}, check=False)
    if done.returncode:
        raise SystemExit(f'{run.variant} {run.seed}: `ros_animate {verb}` failed, see {log.name}')


def say(run: Run, what: str) -> None:
    print(f'{run.variant} {run.seed} {what}', file=sys.stderr, flush=True)


def collect(reports: Mapping[tuple[str, int], Any], args: argparse.Namespace) -> dict[str, Any]:
    """Mean and deviation of every measure over the seeds, and comparisons with the full model."""
    values = {run: report['performers']['monkey_net'] for run, report in reports.items()}
    by_variant = {v: [values[v, seed] for seed in args.seeds] for v in args.variants}
    still = next(iter(reports.values()))['performers'][STILL]
    figures = {'mean': {**{v: over(rows, np.mean) for v, rows in by_variant.items()},
                        STILL: {m: still[m] for m in MEASURES}},
               'deviation': {v: over(rows, lambda x: np.std(x, ddof=1)) if len(rows) > 1 else {}
                             for v, rows in by_variant.items()}}
    if FULL in by_variant:
        figures['worse_than_full'] = {
            v: {m: sum(row[m] > full[m] for row, full in
                       zip(rows, by_variant[FULL], strict=True)) for m in COMPARED}
            for v, rows in by_variant.items() if v != FULL}
    return {**figures, 'seeds': args.seeds, 'steps': args.steps, 'size': args.size,
            'clips': args.clips, 'settings': [*SETTINGS, *args.set], 'machine': machine(),
            'runs': {f'{v}_{seed}': {m: row[m] for m in MEASURES}
                     for (v, seed), row in values.items()}}


def over(rows: Sequence[Mapping[str, float | None]], how: Any) -> dict[str, float | None]:
    """Each measure over the seeds; None where a run does not have it."""
    result: dict[str, float | None] = {}
    for measure in MEASURES:
        known = [row[measure] for row in rows]
        result[measure] = None if None in known else float(how(known))
    return result


def tables(figures: Mapping[str, Any]) -> str:
    """Ours, how often each variant is worse than the full model, and the paper's."""
    count = len(figures['seeds'])
    parts = [f'{count} seeds, {figures["steps"]} steps, {figures["size"]} px, '
             f'{figures["clips"]} unseen people; mean ± standard deviation over the seeds',
             markdown('synthetic faces', figures['mean'], figures['deviation'], MEASURES)]
    if 'worse_than_full' in figures:
        worse = [f'- {v}: ' + ', '.join(f'{COLUMNS[m].title.split()[0]} in {row[m]} of {count}'
                                        for m in COMPARED)
                 for v, row in figures['worse_than_full'].items()]
        parts.append('\n'.join(['Runs that are worse than the full model of the same seed:',
                                *worse]))
        parts.append('\n'.join(verdict(figures['mean'], m) for m in COMPARED))
    parts += [f'{ABLATION.source}; {ABLATION.tools}', markdown('Tai-Chi, published', ABLATION.rows)]
    return '\n\n'.join(parts)


def verdict(mean: Mapping[str, Mapping[str, float]], measure: str) -> str:
    """From the best to the worst variant, ours and the paper's."""
    ours, theirs = (sorted((name for name in rows if name in ABLATION.rows),
                           key=lambda name: rows[name][measure])
                    for rows in (mean, ABLATION.rows))
    title = COLUMNS[measure].title.split()[0]
    return (f'{title}, best first: {" < ".join(ours)}; the paper: {" < ".join(theirs)}')


def draw(runs: Sequence[Run], args: argparse.Namespace, path: pathlib.Path) -> None:
    """What the variants of the first seed make of some clips."""
    with contextlib.ExitStack() as stack:
        methods = []
        for run in (r for r in runs if r.seed == args.seeds[0]):
            method = AnimatorMethod('monkey_net', {'weights': str(run.weights)})
            method.name = run.variant
            methods.append(method)
            stack.callback(method.close)
        clips = Clips(('synthetic',), args.size, limit=SHOWN_CLIPS)
        draw_samples(evaluate(methods, clips.tasks('reconstruction')), path)


if __name__ == '__main__':
    main()
