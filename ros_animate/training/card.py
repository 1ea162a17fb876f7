"""The model card beside weights that were trained here."""
from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch

from ros_animate.collection.folder import OPTIONS
from ros_animate.evaluation.machine import machine
from ros_animate.training.options import TrainOptions

if TYPE_CHECKING:
    from ros_animate.training.data import Data
    from ros_animate.training.run import Wishes
    from ros_animate.training.trainer import Outcome

CARD = 'README.md'
# Options of `collect` that a folder may have been made with.
_COLLECTED = ('through', 'images', 'portrait', 'exaggerated')


def write_card(folder: pathlib.Path, wishes: Wishes, options: TrainOptions, data: Data,
               outcome: Outcome) -> None:
    """What was trained on what, how long, where, and how well it does."""
    error = 'not measured' if outcome.mae is None else f'{outcome.mae:.4f}'
    millions = sum(p.numel() for p in outcome.network.parameters()) / 1e6
    gpu = f', {torch.cuda.get_device_name()}' if torch.cuda.is_available() else ''
    folder.joinpath(CARD).write_text(f"""\
# {wishes.policy} for {wishes.robot}

Made by

{_indented(_collections(wishes, data), f'ros_animate train policy {_arguments(wishes)}')}

and used with `--policy {wishes.policy}`.

| | |
|---|---|
| network | {wishes.policy}, {millions:.1f} M parameters, see config.yaml |
| data | {len(data.pairs)} pairs, {len(data.held_back)} of them held back |
| begun with | {pathlib.Path(wishes.init).name if wishes.init else 'random weights'} |
| seed | {options.seed} |
| steps | {wishes.steps} of {wishes.batch_size} pairs |
| options | {', '.join(changed(options)) or 'defaults'} |
| machine | {machine()}{gpu} |
| time | {outcome.seconds / 60:.1f} min |
| error on pairs held back | {error} (mean L1 of controls scaled to [-1, 1], X2CNet's definition) |
| licence | Apache-2.0 |
""", encoding='utf-8')


def _collections(wishes: Wishes, data: Data) -> Iterator[str]:
    """The commands that made the data, as far as they are known."""
    for folder in data.folders:
        known = folder.path / OPTIONS
        if not known.is_file():
            continue
        options = json.loads(known.read_text(encoding='utf-8'))
        more = ''.join(f' --{key} {options[key]}' for key in _COLLECTED if options.get(key))
        yield (f'ros_animate collect --robot {wishes.robot}{more} --count {len(folder.pairs)} '
               f'--seed {options["seed"]} --size {options["size"]} --output {folder.path.name}')


def _arguments(wishes: Wishes) -> str:
    shares = ' '.join(f'{share:g}' for share in wishes.weights_of_folders)
    return ' '.join((
        f'--policy {wishes.policy} --robot {wishes.robot} --data',
        *(pathlib.Path(path).name for path in wishes.data),
        *([f'--weights-of-folders {shares}'] if shares else []),
        *([f'--init {pathlib.Path(wishes.init).name}'] if wishes.init else []),
        f'--steps {wishes.steps} --batch-size {wishes.batch_size}',
        *(f'--set {text}' for text in wishes.settings)))


def _indented(commands: Iterable[str], last: str) -> str:
    return '\n'.join(f'    {command}' for command in (*commands, last))


def changed(options: Any) -> list[str]:
    """'key=value' of the options that are not as usual."""
    return [f'{f.name}={getattr(options, f.name)}' for f in dataclasses.fields(options)
            if getattr(options, f.name) != f.default]
