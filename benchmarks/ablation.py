#!/usr/bin/env python3
"""Ablation of Monkey-Net's parts, as in its paper, on synthetic faces.

    .venv/bin/python benchmarks/ablation.py [--seeds 0 1 2] [--steps N] [--size 64] [--jobs 2]
        [--output output/ablation] [--variants full no_F …] [--set KEY=VALUE …]

Trains every variant with every seed (`ros_animate train animation`, one core each), measures the
reconstruction of unseen people (`ros_animate evaluate animation`) and prints means and standard
deviations over the seeds, and how many of a variant's runs are worse than the full model of the
same seed, which was trained on the same data in the same order. Finished runs are kept: a second
call continues where the first one was stopped. The folder receives table.md, figures.json,
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
# Variants by the part that is left out, as in the paper: F, F_residual, F_coarse, Sigma_k, x.
# Where the residual is the whole motion, its learning rate is not reduced.
VARIANTS: dict[str, tuple[str, ...]] = {
    'no_F': ('dense_motion=false',), 'no_F_residual': ('residual=false',),
    'no_F_coarse': ('coarse=false', 'residual_scale=1'), 'no_Sigma': ('variance=0.01',),
    'no_x': ('source_in_motion=false',), 'full': ()}
FULL, SOURCE_REPEATED = 'full', 'source repeated'
MEASURES = ('l1', 'akd', 'mkr', 'aed')
COMPARED = ('l1', 'akd')
# A small network, few people, and pairs as in the paper: both frames of one person, as they are.
# Keypoints are guided by landmarks: few steps suffice, and variants differ in the motion alone.
# Heat maps are not divided by 100 as in the reference: few steps hardly learn to use such maps.
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
        seed: Seed of the weights and of the order of the data.
        folder: Folder of the run.
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
    folder = claim(pathlib.Path(args.output).expanduser(), args)
    runs = [Run(variant, seed, folder / f'{variant}_{seed}')
            for seed in args.seeds for variant in args.variants]
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(lambda run: train_and_evaluate(run, args), runs))
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
    add_run_options(parser, seeds=[0, 1, 2])
    return parser.parse_args()


def add_run_options(parser: argparse.ArgumentParser, seeds: list[int]) -> None:
    """Adds the options of a comparison of trainings, with its seeds."""
    parser.add_argument('--seeds', nargs='+', type=int, default=seeds)
    parser.add_argument('--steps', type=int, default=800, help='steps of each training')
    parser.add_argument('--size', type=int, default=64,
                        help='width and height of the images in pixels')
    parser.add_argument('--clips', type=int, default=20, help='unseen people of the evaluation')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='trainings at a time')
    parser.add_argument('--set', metavar='KEY=VALUE', action='append', default=[],
                        help='another option of all trainings')


def claim(folder: pathlib.Path, args: argparse.Namespace) -> pathlib.Path:
    """The folder; exits if it has runs with other settings."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {'steps': args.steps, 'size': args.size, 'clips': args.clips,
                'settings': [*SETTINGS, *args.set]}
    path = folder / 'kind.json'
    if path.exists() and (before := json.loads(path.read_text('utf-8'))) != settings:
        raise SystemExit(f'{folder} was begun with {before}, not {settings}: name another --output')
    path.write_text(json.dumps(settings), encoding='utf-8')
    return folder


def train_and_evaluate(run: Run, args: argparse.Namespace) -> None:
    """Trains and evaluates a run, unless that is done."""
    if not run.weights.is_dir():
        report(run, 'trains')
        resume = ('--resume',) if (run.folder / 'last.ckpt').exists() else ()
        settings = (f'image_size={args.size}', *SETTINGS, f'seed={run.seed}',
                    f'data_seed={run.seed}', f'cache={pathlib.Path(args.output) / "faces"}',
                    *VARIANTS[run.variant], *args.set)
        call(run, 'train', '--animator', 'monkey_net', '--variant', 'nemo', '--output', run.folder,
             '--data', 'synthetic', '--steps', args.steps, '--quiet', *resume,
             *(word for text in settings for word in ('--set', text)))
    if not run.report.exists():
        report(run, 'is evaluated')
        call(run, 'evaluate', '--animator', 'monkey_net', '--weights', run.weights, '--output',
             run.report.parent, '--data', 'synthetic', '--clips', args.clips, '--param',
             'animation.precision=float32')
    report(run, 'is done')


def call(run: Run, verb: str, *words: object) -> None:
    """Runs `ros_animate VERB animation …` on one core, with its output in the run's log."""
    run.folder.mkdir(parents=True, exist_ok=True)
    with open(run.folder / f'{verb}.log', 'a', encoding='utf-8') as log:
        done = subprocess.run([str(PROGRAM), verb, 'animation', *map(str, words)], stdout=log,
                              stderr=log, env={**os.environ, 'OMP_NUM_THREADS': '1'}, check=False)
    if done.returncode:
        raise SystemExit(f'{run.variant} {run.seed}: `ros_animate {verb}` failed, see {log.name}')


def report(run: Run, state: str) -> None:
    print(f'{run.variant} {run.seed} {state}', file=sys.stderr, flush=True)


def collect(reports: Mapping[tuple[str, int], Any], args: argparse.Namespace) -> dict[str, Any]:
    """Mean and deviation of every measure over the seeds, and comparisons with the full model."""
    values = {run: report['performers']['monkey_net'] for run, report in reports.items()}
    by_variant = {v: [values[v, seed] for seed in args.seeds] for v in args.variants}
    source = next(iter(reports.values()))['performers'][SOURCE_REPEATED]
    figures = {'mean': {**{v: statistic(rows, np.mean) for v, rows in by_variant.items()},
                        SOURCE_REPEATED: {m: source[m] for m in MEASURES}},
               'deviation': {v: statistic(rows, sample_deviation) if len(rows) > 1 else {}
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


def statistic(rows: Sequence[Mapping[str, float | None]], function: Any) -> dict[str, float | None]:
    """A statistic of each measure over the seeds; None where a run lacks the measure."""
    result: dict[str, float | None] = {}
    for measure in MEASURES:
        known = [row[measure] for row in rows]
        result[measure] = None if None in known else float(function(known))
    return result


def sample_deviation(values: Sequence[float]) -> float:
    """Standard deviation of a sample."""
    return float(np.std(values, ddof=1))


def tables(figures: Mapping[str, Any]) -> str:
    """Tables: ours, comparisons with the full model of the same seed, and the paper's."""
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
        parts.append('\n'.join(ranking(figures['mean'], m) for m in COMPARED))
    parts += [f'{ABLATION.source}; {ABLATION.tools}', markdown('Tai-Chi, published', ABLATION.rows)]
    return '\n\n'.join(parts)


def ranking(mean: Mapping[str, Mapping[str, float]], measure: str) -> str:
    """Variants from the best to the worst, ours and the paper's."""
    ours, theirs = (sorted((name for name in rows if name in ABLATION.rows),
                           key=lambda name: rows[name][measure])
                    for rows in (mean, ABLATION.rows))
    title = COLUMNS[measure].title.split()[0]
    return (f'{title}, best first: {" < ".join(ours)}; the paper: {" < ".join(theirs)}')


def draw(runs: Sequence[Run], args: argparse.Namespace, path: pathlib.Path) -> None:
    """Draws the results of the first seed's variants for some clips."""
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
