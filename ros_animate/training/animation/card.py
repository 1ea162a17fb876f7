"""Model card of animation weights that were trained here."""
from __future__ import annotations

import pathlib
import shutil
from collections.abc import Iterable

import torch

from ros_animate.outputs.machine import machine
from ros_animate.training.animation.options import AnimationOptions
from ros_animate.training.animation.request import TrainingRequest
from ros_animate.training.animation.source import DataOptions
from ros_animate.training.animation.trainer import SAMPLES, TrainingResult
from ros_animate.training.core.card import CARD, changed_options, length_option

GRID = 'samples.png'
# Options of the machine; the weights do not depend on them.
_LOCAL = ('cache', 'workers', 'stream_mb', 'retry_s')


def write_card(run: pathlib.Path, request: TrainingRequest, options: AnimationOptions,
               data_options: DataOptions, result: TrainingResult) -> None:
    """Writes the card: command, data, options, machine, time and error of the training."""
    folder = run / 'weights'
    changed = _general((*changed_options(options), *changed_options(data_options)))
    names = ', '.join(pathlib.Path(path).name for path in request.data)
    millions = sum(p.numel() for p in result.networks.parameters()) / 1e6
    gpu = f', {torch.cuda.get_device_name()}' if torch.cuda.is_available() else ''
    grids = sorted((run / SAMPLES).glob('step_*.png'))
    if grids:
        shutil.copyfile(grids[-1], folder / GRID)
    folder.joinpath(CARD).write_text(f"""\
# {request.model}, trained on {names}

Trained by

    {command(request)}

and used with `--animator {request.model}`.

| | |
|---|---|
| network | {request.model} {request.variant}, {millions:.1f} M parameters, see config.yaml |
| data | {names} |
| begun with | {pathlib.Path(request.init).name if request.init else 'random weights'} |
| seed | {options.seed} |
| steps | {result.steps} of {options.batch_size} pairs |
| options | {', '.join(changed) or 'defaults'} |
| machine | {machine()}{gpu} |
| time | {result.seconds / 60:.1f} min |
| error on held-out pairs | {result.error:.4f} (mean L1 of images in [0, 1]); the source \
image as it is: {result.source_error:.4f} |
| licence | Apache-2.0 |

![held-out pairs]({GRID})
""", encoding='utf-8')


def command(request: TrainingRequest) -> str:
    """Command that trains these weights again."""
    data = ' '.join(pathlib.Path(path).name for path in request.data)
    more = ''.join(f' --set {text}' for text in _general(request.settings))
    start = f' --init {pathlib.Path(request.init).name}' if request.init else ''
    return (f'ros_animate train animation --animator {request.model} --variant {request.variant} '
            f'--data {data} {length_option(request.steps, request.minutes)}{start}{more} '
            '--output RUN')


def _general(settings: Iterable[str]) -> list[str]:
    """Settings ('key=value') that do not depend on the machine."""
    return [text for text in settings if text.partition('=')[0].strip() not in _LOCAL]
