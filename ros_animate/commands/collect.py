"""Collects pairs of images of a robot and its control values.

The folder has the layout of X2C: metadata.jsonl with one object a line (`file_name`, and
`ctrl_value` in the robot's order and units), and the images beside it. Pair number i of a seed is
always the same, on any number of workers. The same command continues where it was stopped, and a
larger --count adds pairs. With --animator, the images are those of an animator instead of the
virtual face's own: a virtual person shows the control values, and the robot's portrait imitates
them.

With --images a real robot moves behind the safety layer, settles, and is photographed by the camera
that publishes on that topic.
"""
from __future__ import annotations

import argparse
import pathlib
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ros_animate.commands.arguments import (
    add_animator,
    add_param,
    add_robot,
    add_workers,
    at_least,
    between,
    chosen_workers,
    plugin_section,
    positive,
)
from ros_animate.errors import UserError

if TYPE_CHECKING:
    from ros_animate.collection.pairs import PairMaker
    from ros_animate.collection.recording import Camera
    from ros_animate.settings import Settings

HELP = 'collect pairs of images and control values for training'
EXAMPLES = """\
examples:
  ros_animate collect --robot mock --count 100000 --seed 1 --size 224 --output data/plain
  ros_animate collect --robot mock --count 20000 --animator mesh_warp --output data/warped
  ros_animate collect --robot my_ameca.yaml --images /camera/image_raw --count 5000 \\
      --output data/robot"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_robot(parser)
    parser.add_argument('--count', type=positive(int), required=True, metavar='N',
                        help='number of pairs in the folder in the end')
    parser.add_argument('--output', type=pathlib.Path, required=True, metavar='DIR',
                        help='folder of the pairs')
    parser.add_argument('--seed', type=at_least(int, 0), default=0, metavar='S',
                        help='seed of the random poses and appearances (default: 0)')
    parser.add_argument('--size', type=between(int, 64, 2048), default=224, metavar='PX',
                        help='width and height of the images in pixels (default: 224)')
    add_animator(parser, "collect images of the robot's portrait, animated by this animator "
                 '(mesh_warp, …)', '--through')
    parser.add_argument('--portrait', metavar='IMAGE',
                        help="the portrait instead of the robot's virtual face (with --animator)")
    parser.add_argument('--exaggerated', type=between(float, 0, 1), default=0.0, metavar='P', help=(
        "probability that brows, lids, mouth or nose move beyond the robot's range, as those of "
        'people do (default: 0; use 0.3 for policies that observe animated portraits)'))
    add_param(parser, 'an option of the animator (animation) or of the robot (hardware)')
    real = parser.add_argument_group('a real robot')
    real.add_argument('--images', metavar='TOPIC', help=(
        'move the robot, slowly and within all limits, and take the images of the camera that '
        'publishes on this topic'))
    real.add_argument('--speed', type=positive(float), default=0.3, metavar='X',
                      help="share of the robot's velocity and acceleration (default: 0.3)")
    real.add_argument('--settle', type=positive(float), default=0.4, metavar='S',
                      help='seconds to stand still before an image is taken (default: 0.4)')
    add_workers(parser)
    parser.add_argument('--quiet', action='store_true', help='no progress and no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.collection.folder import METADATA, OPTIONS
    from ros_animate.outputs.paths import expand, refuse_overwriting_inputs
    from ros_animate.settings import load_settings
    settings = load_settings(params=args.param, robot=args.robot, portrait=args.portrait,
                             animation=plugin_section(args.animator))
    args.output = expand(args.output)
    refuse_overwriting_inputs([args.output / METADATA, args.output / OPTIONS],
                              settings.input_paths())
    before = (_virtual if args.images is None else _real)(args, settings)
    if not args.quiet:
        print(f'{args.output}: {max(args.count, before)} pairs, {max(args.count - before, 0)} new')
    return 0


def _real(args: argparse.Namespace, settings: Settings) -> int:
    from ros_animate.collection.collecting import collect_from_robot
    from ros_animate.collection.recording import Timing
    if any((args.animator, args.portrait, args.workers, args.cluster, args.exaggerated)):
        raise UserError('--images is for a real robot: leave out --animator, --portrait, '
                        '--exaggerated, --workers and --cluster')
    if not args.speed <= 1:
        raise UserError("--speed is a share of the robot's own speed, at most 1, got "
                        f'{args.speed:g}')
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
    maker, options = _animated(args, settings) if args.animator else _rendered(args, settings)
    return collect(maker, args.output, options, args.count, chosen_workers(args), args.quiet)


def _rendered(args: argparse.Namespace, settings: Settings) -> tuple[PairMaker, dict[str, Any]]:
    from ros_animate.collection.collecting import describe
    from ros_animate.collection.rendered import RenderedPairs
    if args.portrait or any(param.startswith('animation.') for param in args.param):
        raise UserError('--portrait and options of an animator need --animator as well')
    maker = RenderedPairs(settings.spec, args.seed, args.size, args.exaggerated)
    return maker, describe(settings.spec, args.seed, args.size, **_exaggerated(args))


def _animated(args: argparse.Namespace, settings: Settings) -> tuple[PairMaker, dict[str, Any]]:
    from ros_animate.collection.animated import AnimatedPairs
    from ros_animate.collection.collecting import describe
    settings.check(('animation',))
    maker = AnimatedPairs(settings, args.seed, args.size, args.exaggerated)
    return maker, describe(settings.spec, args.seed, args.size, through=args.animator,
                           portrait=settings.portrait, options=settings.options('animation'),
                           **_exaggerated(args))


def _exaggerated(args: argparse.Namespace) -> dict[str, float]:
    """The option if it is given; without it, folders of earlier versions can be continued."""
    return {'exaggerated': args.exaggerated} if args.exaggerated else {}
