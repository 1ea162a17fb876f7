#!/usr/bin/env python3
"""X2Face and Monkey-Net, trained alike on synthetic faces: the comparison of Monkey-Net's table 1.

    .venv/bin/python benchmarks/x2face.py [--seeds 0 1] [--steps N] [--size 64] [--jobs 2]
        [--output output/x2face] [--set KEY=VALUE …]

Trains both with every seed (`ros_animate train animation`, one core each) on the same pairs in the
same order, without labels, measures the reconstruction of unseen people (`ros_animate evaluate
animation`) and prints means and standard deviations over the seeds beside the paper's figures.
Finished runs are kept, and a run that was stopped goes on. The folder receives table.md.
"""
from __future__ import annotations

import argparse
import json
import pathlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from ablation import (
    MEASURES,
    SETTINGS,
    SOURCE_REPEATED,
    Run,
    add_run_options,
    call,
    report,
    sample_deviation,
    statistic,
)

from ros_animate.evaluation.animation.published import RECONSTRUCTION
from ros_animate.evaluation.animation.table import markdown
from ros_animate.outputs.machine import machine

# Options of the networks of Monkey-Net alone, and the landmarks that guide its keypoints.
_ONLY_MONKEY_NET = ('keypoint_levels', 'motion_levels', 'generator_levels', 'refinement_blocks',
                    'motion_step', 'residual_scale', 'heatmap_divisor', 'discriminator_features',
                    'discriminator_levels', 'feature_matching', 'predictor_features', 'guide')
_ALIKE = tuple(text for text in SETTINGS if text.split('=')[0] not in (
    *_ONLY_MONKEY_NET, 'block_expansion', 'max_features'))
METHODS = {
    'x2face': (*_ALIKE, 'block_expansion=16', 'max_features=128', 'driving_features=64',
               'optimizer=adam', 'beta1=0.5', 'milestones=[0.6667]'),
    'monkey_net': tuple(text for text in SETTINGS if not text.startswith('guide='))}
VARIANTS = {'x2face': 'vox256', 'monkey_net': 'nemo'}


def main() -> None:
    args = arguments()
    folder = pathlib.Path(args.output).expanduser()
    runs = [Run(method, seed, folder / f'{method}_{seed}')
            for seed in args.seeds for method in METHODS]
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(lambda run: train_and_evaluate(run, args), runs))
    text = tables({run: json.loads(run.report.read_text('utf-8')) for run in runs}, args)
    (folder / 'table.md').write_text(text + '\n', encoding='utf-8')
    print(text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--output', default='output/x2face', help='folder of all runs')
    add_run_options(parser, seeds=[0, 1])
    return parser.parse_args()


def train_and_evaluate(run: Run, args: argparse.Namespace) -> None:
    """Trains and evaluates a run, unless that is done."""
    method = run.variant
    if not run.weights.is_dir():
        report(run, 'trains')
        resume = ('--resume',) if (run.folder / 'last.ckpt').exists() else ()
        settings = (f'image_size={args.size}', *METHODS[method], f'seed={run.seed}',
                    f'data_seed={run.seed}', f'cache={pathlib.Path(args.output) / "faces"}',
                    'checkpoint_steps=50', *args.set)
        call(run, 'train', '--animator', method, '--variant', VARIANTS[method], '--output',
             run.folder, '--data', 'synthetic', '--steps', args.steps, *resume,
             *(word for text in settings for word in ('--set', text)))
    if not run.report.exists():
        report(run, 'is evaluated')
        call(run, 'evaluate', '--animator', method, '--weights', run.weights, '--output',
             run.report.parent, '--data', 'synthetic', '--clips', args.clips, '--param',
             'animation.precision=float32')
    report(run, 'is done')


def tables(reports: Mapping[Run, Any], args: argparse.Namespace) -> str:
    """Ours, and the paper's for each of its data sets."""
    rows = {method: [r['performers'][method] for run, r in reports.items()
                     if run.variant == method] for method in METHODS}
    source = next(iter(reports.values()))['performers'][SOURCE_REPEATED]
    mean = {**{m: statistic(r, np.mean) for m, r in rows.items()},
            SOURCE_REPEATED: {m: source[m] for m in MEASURES}}
    spread = {m: statistic(r, sample_deviation) for m, r in rows.items() if len(r) > 1}
    parts = [f'seeds {args.seeds}, {args.steps} steps, {args.size} px, {args.clips} unseen '
             f'people; {machine()}', markdown('synthetic faces', mean, spread, MEASURES)]
    parts += [f'{p.source}\n\n' + markdown(p.data, p.rows, measures=MEASURES)
              for p in RECONSTRUCTION]
    return '\n\n'.join(parts)


if __name__ == '__main__':
    main()
