"""Model card of policy weights that were trained here."""
from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator

import torch

from ros_animate.collection.folder import OPTIONS
from ros_animate.documents import DocumentError, parse_json, read_text
from ros_animate.errors import cut
from ros_animate.outputs.machine import machine
from ros_animate.training.core.card import CARD, changed_options, length_option
from ros_animate.training.policy.data import PolicyData
from ros_animate.training.policy.options import TrainOptions
from ros_animate.training.policy.request import TrainingRequest
from ros_animate.training.policy.trainer import TrainingResult

# Options of `collect` that a folder may have been collected with, by their keys in its file.
_COLLECTED = {'through': 'animator', 'images': 'images', 'portrait': 'portrait',
              'exaggerated': 'exaggerated'}


def write_card(folder: pathlib.Path, request: TrainingRequest, options: TrainOptions,
               data: PolicyData, result: TrainingResult) -> None:
    """Writes the card: data, commands, options, machine, time and error of the training."""
    error = 'not measured' if result.mae is None else f'{result.mae:.4f}'
    millions = sum(p.numel() for p in result.network.parameters()) / 1e6
    gpu = f', {torch.cuda.get_device_name()}' if torch.cuda.is_available() else ''
    folder.joinpath(CARD).write_text(f"""\
# {request.policy} for {request.robot}

Made by

{_indented(_collections(request, data), f'ros_animate train policy {_arguments(request)}')}

and used with `--policy {request.policy}`.

| | |
|---|---|
| network | {request.policy}, {millions:.1f} M parameters, see config.yaml |
| data | {len(data.pairs)} pairs, {len(data.held_back)} of them held back |
| begun with | {pathlib.Path(request.init).name if request.init else 'random weights'} |
| seed | {options.seed} |
| steps | {result.steps} of {request.batch_size} pairs |
| options | {', '.join(changed_options(options)) or 'defaults'} |
| machine | {machine()}{gpu} |
| time | {result.seconds / 60:.1f} min |
| error on pairs held back | {error} (mean L1 of controls scaled to [-1, 1], X2CNet's definition) |
| licence | Apache-2.0 |
""", encoding='utf-8')


def _collections(request: TrainingRequest, data: PolicyData) -> Iterator[str]:
    """Commands that made the data, as far as they are known."""
    for folder in data.folders:
        known = folder.path / OPTIONS
        if not known.is_file():
            continue
        try:
            options = parse_json(read_text(known))
        except DocumentError:
            continue
        if not isinstance(options, dict) or not {'seed', 'size'} <= options.keys():
            continue
        more = ''.join(f' --{option} {cut(str(options[key]))}'
                       for key, option in _COLLECTED.items() if options.get(key))
        yield (f'ros_animate collect --robot {request.robot}{more} --count {len(folder.pairs)} '
               f'--seed {cut(str(options["seed"]))} --size {cut(str(options["size"]))} '
               f'--output {folder.path.name}')


def _arguments(request: TrainingRequest) -> str:
    shares = ' '.join(f'{share:g}' for share in request.weights_of_folders)
    return ' '.join((
        f'--policy {request.policy} --robot {request.robot} --data',
        *(pathlib.Path(path).name for path in request.data),
        *([f'--weights-of-folders {shares}'] if shares else []),
        *([f'--init {pathlib.Path(request.init).name}'] if request.init else []),
        f'{length_option(request.steps, request.minutes)} --batch-size {request.batch_size}',
        *(f'--set {text}' for text in request.settings)))


def _indented(commands: Iterable[str], last: str) -> str:
    return '\n'.join(f'    {command}' for command in (*commands, last))
