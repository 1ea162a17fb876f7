"""Weights of the neural models: published sources, contents of files, conversion.

Nothing is ever downloaded, and nothing in a file is ever executed.
"""
from __future__ import annotations

import argparse
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ros_animate.checkpoints.checkpoint import Checkpoint

HELP = 'published weights: sources, contents of files, conversion to safetensors'
EXAMPLES = """\
examples:
  ros_animate weights list
  ros_animate weights info vox-cpk.pth.tar
  ros_animate weights convert vox-cpk.pth.tar --output ~/.cache/ros_animate/weights/fomm
  ros_animate weights verify liveportrait/"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='ACTION', required=True)
    listing = actions.add_parser('list', help='for every model: source of the weights, '
                                 'licence, size, folder to put them into, present or not')
    listing.set_defaults(action=_list)
    info = actions.add_parser('info', help='contents of a file or folder')
    info.set_defaults(action=_info)
    convert = actions.add_parser('convert', help='write it as safetensors and config.yaml')
    convert.add_argument('--output', metavar='DIR', required=True, help='folder to write')
    convert.set_defaults(action=_convert)
    verify = actions.add_parser('verify', help='check every name, shape and number against '
                                'the networks; exit status 1 if something is wrong')
    verify.set_defaults(action=_verify)
    for action in (info, convert, verify):
        action.add_argument('file', metavar='FILE', help='checkpoint: a file or a folder of files')


def run(args: argparse.Namespace) -> int:
    return int(args.action(args))


def _list(_: argparse.Namespace) -> int:
    from ros_animate.checkpoints import weights
    from ros_animate.checkpoints.catalogue import CATALOGUE
    for family, entries in itertools.groupby(CATALOGUE, lambda entry: entry.family):
        for entry in entries:
            print(f'{family}: {entry.title}\n'
                  f'  from       {entry.source}\n'
                  f'  licence    {entry.licence}\n'
                  f'  size       {entry.size}\n'
                  f'  files      {entry.files}')
        print(f'{family}, from any source:\n'
              f'  put into   {weights.user_folder() / family}\n'
              f'  present    {_present(family)}\n')
    print(f'Searched: --weights, then ${weights.VARIABLE}, then {weights.user_folder()}, then '
          "the package's own weights/.")
    return 0


def _present(family: str) -> str:
    from ros_animate.checkpoints import weights
    try:
        return f'yes: {weights.locate(family)}'
    except weights.WeightsNotFoundError:
        return 'no'


def _info(args: argparse.Namespace) -> int:
    from ros_animate.checkpoints import checkpoint
    found = checkpoint.read(args.file)
    _describe(found)
    problems = found.problems()
    print('  every name and shape fits' if not problems else
          f'  {len(problems)} of the names and shapes do not fit (`weights verify` lists them)')
    return 0


def _describe(found: Checkpoint) -> None:
    from ros_animate.errors import shortened
    print(f'{found.path}: {found.family}, configuration {found.variant}')
    for name, state in found.networks.items():
        numbers = sum(value.numel() for value in state.values())
        kinds = sorted({str(v.dtype).removeprefix('torch.') for v in state.values()
                        if v.is_floating_point()})
        print(f'  {name:<40} {len(state):4} tensors {numbers / 1e6:8.2f} M numbers '
              f'{", ".join(kinds)}')
    if found.extras:
        print(f'  not used: {shortened(found.extras, separator=", ")}')


def _convert(args: argparse.Namespace) -> int:
    from ros_animate.checkpoints import checkpoint
    from ros_animate.outputs.paths import expand, input_files, output_folder
    file = expand(args.file)
    output = output_folder(args.output, (checkpoint.WEIGHTS, checkpoint.CONFIG), (
        *input_files(file), *file.glob('*/*'), *file.glob('*/*/*')))
    found = checkpoint.read(file)
    folder = found.save(output)
    print(f'{found.family} ({found.variant}) written to {folder}')
    return 0


def _verify(args: argparse.Namespace) -> int:
    from ros_animate.checkpoints import checkpoint
    found = checkpoint.read(args.file)
    _describe(found)
    problems = [*found.problems(), *checkpoint.damage(found)]
    for problem in problems:
        print(f'  {problem}')
    print('something is wrong' if problems else 'all is well')
    return 1 if problems else 0
