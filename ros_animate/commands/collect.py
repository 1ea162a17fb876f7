"""Collects pairs of a robot's pictures and the control values that it shows.

The folder has the layout of X2C: metadata.jsonl with one object a line (`file_name`, and
`ctrl_value` in the robot's order and units), the pictures beside it. Pair number i of a seed is
always the same, on any number of workers; the same command goes on where it was stopped, and a
larger --count adds pairs. With --through, an animator's pictures are collected instead of the
virtual face's own: a virtual person shows the control values, the robot's portrait imitates them.
"""
from __future__ import annotations

import argparse
import os
import pathlib
from typing import TYPE_CHECKING, Any

from ros_animate.commands.retarget import positive
from ros_animate.errors import UserError

if TYPE_CHECKING:
    from ros_animate.collection.pairs import PairMaker
    from ros_animate.settings import Settings

HELP = 'make pairs of pictures and control values for training'
EXAMPLES = """\
examples:
  ros_animate collect --robot mock --count 100000 --seed 1 --size 224 --output data/plain
  ros_animate collect --robot mock --count 20000 --through mesh_warp --output data/warped"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--robot', default='mock', help='name or robot file (default: mock)')
    parser.add_argument('--count', type=positive(int), required=True, metavar='N',
                        help='pairs that the folder shall hold')
    parser.add_argument('--output', type=pathlib.Path, required=True, metavar='DIR')
    parser.add_argument('--seed', type=_seed, default=0, metavar='S',
                        help='of the random poses and looks (default: 0)')
    parser.add_argument('--size', type=_size, default=224, metavar='PX',
                        help='width and height of the pictures (default: 224)')
    parser.add_argument('--through', metavar='ANIMATOR', help=(
        "collect what this animator makes of the robot's portrait (mesh_warp, …)"))
    parser.add_argument('--portrait', metavar='IMAGE',
                        help="the portrait instead of the robot's virtual face (with --through)")
    parser.add_argument('--param', action='append', default=[], metavar='animation.KEY=VALUE',
                        help='an option of the animator')
    parser.add_argument('--workers', type=positive(int), metavar='W',
                        help='processes (default: one for each core)')
    parser.add_argument('--quiet', action='store_true', help='no progress, no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.collection.collecting import collect
    from ros_animate.settings import load_settings
    animation = None if args.through is None else {'plugin': args.through}
    settings = load_settings(params=args.param, robot=args.robot, portrait=args.portrait,
                             animation=animation)
    maker, options = _animated(args, settings) if args.through else _rendered(args, settings)
    workers = args.workers or len(os.sched_getaffinity(0))
    before = collect(maker, args.output, options, args.count, workers, args.quiet)
    if not args.quiet:
        print(f'{args.output}: {max(args.count, before)} pairs, {max(args.count - before, 0)} new')
    return 0


def _rendered(args: argparse.Namespace, settings: Settings) -> tuple[PairMaker, dict[str, Any]]:
    from ros_animate.collection.collecting import describe
    from ros_animate.collection.rendered import RenderedPairs
    if args.param or args.portrait:
        raise UserError('--param and --portrait belong to an animator: give --through as well')
    maker = RenderedPairs(settings.spec, args.seed, args.size)
    return maker, describe(settings.spec, args.seed, args.size)


def _animated(args: argparse.Namespace, settings: Settings) -> tuple[PairMaker, dict[str, Any]]:
    from ros_animate.collection.animated import AnimatedPairs
    from ros_animate.collection.collecting import describe
    settings.check(('animation',))
    maker = AnimatedPairs(settings, args.seed, args.size)
    return maker, describe(settings.spec, args.seed, args.size, through=args.through,
                           portrait=settings.portrait, options=settings.options('animation'))


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f'must be >= 0, got {text}')
    return value


def _size(text: str) -> int:
    value = int(text)
    if not 64 <= value <= 2048:
        raise argparse.ArgumentTypeError(f'must be 64 to 2048, got {text}')
    return value
