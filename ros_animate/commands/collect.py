"""Collects pairs of a robot's pictures and the control values that it shows.

The folder has the layout of X2C: metadata.jsonl with one object a line (`file_name`, and
`ctrl_value` in the robot's order and units), the pictures beside it. Pair number i of a seed is
always the same, on any number of workers; the same command goes on where it was stopped, and a
larger --count adds pairs. With --through, an animator's pictures are collected instead of the
virtual face's own: a virtual person shows the control values, the robot's portrait imitates them.

With --images a real robot is commanded behind the safety layer, settles, and is photographed by
the camera that publishes there.
"""
from __future__ import annotations

import argparse
import os
import pathlib
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ros_animate.commands.retarget import positive
from ros_animate.errors import UserError

if TYPE_CHECKING:
    from ros_animate.collection.pairs import PairMaker
    from ros_animate.collection.recording import Camera
    from ros_animate.settings import Settings

HELP = 'make pairs of pictures and control values for training'
EXAMPLES = """\
examples:
  ros_animate collect --robot mock --count 100000 --seed 1 --size 224 --output data/plain
  ros_animate collect --robot mock --count 20000 --through mesh_warp --output data/warped
  ros_animate collect --robot my_ameca.yaml --images /camera/image_raw --count 5000 \\
      --output data/robot"""


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
    parser.add_argument('--exaggerated', type=_share, default=0.0, metavar='P', help=(
        'how often brows, lids, mouth and nose show more than the robot can, as people do '
        '(default: 0; 0.3 for policies that look at animated portraits)'))
    parser.add_argument('--param', action='append', default=[], metavar='STAGE.KEY=VALUE',
                        help='an option of the animator (animation) or of the robot (hardware)')
    real = parser.add_argument_group('a real robot')
    real.add_argument('--images', metavar='TOPIC', help=(
        'drive the robot, slowly and within all limits, and take the pictures of the camera that '
        'publishes here'))
    real.add_argument('--speed', type=positive(float), default=0.3, metavar='X',
                      help="part of the robot's velocity and acceleration (default: 0.3)")
    real.add_argument('--settle', type=positive(float), default=0.4, metavar='S',
                      help='seconds to stand still before a picture (default: 0.4)')
    parser.add_argument('--workers', type=positive(int), metavar='W',
                        help='processes (default: one for each core)')
    parser.add_argument('--quiet', action='store_true', help='no progress, no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.settings import load_settings
    animation = None if args.through is None else {'plugin': args.through}
    settings = load_settings(params=args.param, robot=args.robot, portrait=args.portrait,
                             animation=animation)
    before = (_virtual if args.images is None else _real)(args, settings)
    if not args.quiet:
        print(f'{args.output}: {max(args.count, before)} pairs, {max(args.count - before, 0)} new')
    return 0


def _real(args: argparse.Namespace, settings: Settings) -> int:
    from ros_animate.collection.collecting import collect_from_robot
    from ros_animate.collection.recording import Timing
    if args.through or args.portrait or args.workers or args.exaggerated:
        raise UserError('--images takes pictures of a real robot: without --through, --portrait, '
                        '--exaggerated and --workers')
    if not args.speed <= 1:
        raise UserError(f"--speed is a part of the robot's own, at most 1, got {args.speed:g}")
    settings.check(('hardware',))
    return collect_from_robot(settings, args.images, _image_listener, args.output, args.seed,
                              args.size, args.count, Timing(args.speed, args.settle), args.quiet)


def _image_listener(topic: str) -> AbstractContextManager[Camera]:
    try:
        from ros_animate.nodes.image_listener import ImageListener
    except ImportError as error:
        raise UserError(f'--images needs ROS 2 in this environment: {error}') from error
    return ImageListener(topic)


def _virtual(args: argparse.Namespace, settings: Settings) -> int:
    from ros_animate.collection.collecting import collect
    from ros_animate.hardware.base import VirtualRobot
    from ros_animate.plugins import find
    if not issubclass(find('hardware', settings.plugin('hardware')), VirtualRobot):
        raise UserError(f'{args.robot} is a real robot: give --images, the topic of a camera that '
                        'sees it; or --robot mock for the virtual face')
    maker, options = _animated(args, settings) if args.through else _rendered(args, settings)
    workers = args.workers or len(os.sched_getaffinity(0))
    return collect(maker, args.output, options, args.count, workers, args.quiet)


def _rendered(args: argparse.Namespace, settings: Settings) -> tuple[PairMaker, dict[str, Any]]:
    from ros_animate.collection.collecting import describe
    from ros_animate.collection.rendered import RenderedPairs
    if args.portrait or any(param.startswith('animation.') for param in args.param):
        raise UserError('--portrait and options of an animator need --through as well')
    maker = RenderedPairs(settings.spec, args.seed, args.size, args.exaggerated)
    return maker, describe(settings.spec, args.seed, args.size, **_exaggerated(args))


def _animated(args: argparse.Namespace, settings: Settings) -> tuple[PairMaker, dict[str, Any]]:
    from ros_animate.collection.animated import AnimatedPairs
    from ros_animate.collection.collecting import describe
    settings.check(('animation',))
    maker = AnimatedPairs(settings, args.seed, args.size, args.exaggerated)
    return maker, describe(settings.spec, args.seed, args.size, through=args.through,
                           portrait=settings.portrait, options=settings.options('animation'),
                           **_exaggerated(args))


def _exaggerated(args: argparse.Namespace) -> dict[str, float]:
    """Named only where it is, so that folders made without it can be continued."""
    return {'exaggerated': args.exaggerated} if args.exaggerated else {}


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f'must be >= 0, got {text}')
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'must be 0 to 1, got {text}')
    return value


def _size(text: str) -> int:
    value = int(text)
    if not 64 <= value <= 2048:
        raise argparse.ArgumentTypeError(f'must be 64 to 2048, got {text}')
    return value
