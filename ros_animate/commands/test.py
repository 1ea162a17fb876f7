"""Replays a bag through the pipeline and compares its outputs with those that the bag holds.

Bags become regression tests: after a change of weights, parameters or code the commands to the
robot are still those of the day of the recording, or the table says which control differs by how
much. With --lockstep the replay waits for the pipeline after every message, so that the verdict is
the same on any machine; without it the bag is replayed in real time, which also shows late and
missing messages. Only a virtual robot moves. The exit status is 1 if a check fails.
"""
from __future__ import annotations

import argparse
import dataclasses
import pathlib
from typing import TYPE_CHECKING

from ros_animate.commands.arguments import at_least, between
from ros_animate.commands.retarget import add_stage_options

if TYPE_CHECKING:
    from ros_animate.evaluation.bag_comparison import Tolerances
    from ros_animate.settings import Settings

HELP = 'compare what the pipeline gives for a bag with what the bag holds'
EXAMPLES = """\
examples:
  ros_animate test output/bag --lockstep
  ros_animate test output/bag --lockstep --from motion --param policy.mouth=1.2 \\
      --tolerance 0.05 --tolerance 'Jaw Pitch=0.2' --plot difference.png
  ros_animate test output/bag --junit result.xml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('bag', metavar='BAG', type=pathlib.Path, help='folder of the bag')
    parser.add_argument('--from', dest='from_stage', metavar='STAGE', default='', help=(
        'stage whose messages are taken from the bag; those after it run (default: the first one '
        'that the bag holds)'))
    parser.add_argument('--lockstep', action='store_true', help=(
        'wait for the pipeline after every message: the same verdict on any machine'))
    parser.add_argument('--tolerance', metavar='[NAME=]FRACTION', action='append', default=[],
                        help=('allowed difference as a fraction of the range, for all, or for a '
                              'topic, blendshape or control (default: 0.01 with --lockstep)'))
    parser.add_argument('--missing', type=between(float, 0.0, 1.0), metavar='FRACTION', help=(
        'messages that may be missing or late (default: none with --lockstep, else 0.3)'))
    parser.add_argument('--late', type=at_least(float, 0.0), metavar='MS', help=(
        'how much later than recorded an answer may come (default: 100 in real time)'))
    parser.add_argument('--namespace', metavar='NAME', default='',
                        help='namespace of the recorded pipeline, if the bag has several')
    parser.add_argument('--images', metavar='TOPIC', default='',
                        help="recorded name of the camera's images (default: image_raw)")
    files = parser.add_argument_group('files')
    files.add_argument('--junit', type=pathlib.Path, metavar='FILE', help='JUnit XML of the checks')
    files.add_argument('--plot', type=pathlib.Path, metavar='FILE',
                       help='recorded and tested curves of the controls that differ most')
    parser.add_argument('--quiet', action='store_true', help='no progress and no table')
    add_stage_options(parser.add_argument_group('stages'))


def run(args: argparse.Namespace) -> int:
    from ros_animate.evaluation.bag_report import plot, table, write_junit
    from ros_animate.outputs.paths import output_file
    from ros_animate.outputs.plots import check_figure_suffix
    from ros_animate.runtime.bag_test import BagTest, exit_status, run_bag_test
    junit = None if args.junit is None else output_file(args.junit)
    figure = None if args.plot is None else output_file(args.plot)
    if figure is not None:
        check_figure_suffix(figure)
    result = run_bag_test(BagTest(
        args.bag.expanduser(), _settings(args), args.from_stage, args.lockstep, _tolerances(args),
        args.namespace, args.images, args.quiet))
    if junit is not None:
        write_junit(result, junit)
    if figure is not None and result.comparisons:
        plot(result, figure)
    if not args.quiet:
        print(table(result))
    print(result.summary)
    return exit_status(result)


def _settings(args: argparse.Namespace) -> Settings:
    from ros_animate.commands.retarget import stage_sections
    from ros_animate.plugins import STAGES
    from ros_animate.settings import load_settings
    settings = load_settings(args.config, args.param, robot=args.robot, mirror=args.mirror,
                             portrait=args.portrait, **stage_sections(args))
    settings.check([stage for stage in STAGES if stage != 'camera'], node_options=True)
    return settings


def _tolerances(args: argparse.Namespace) -> Tolerances:
    """The tolerances of the way of replaying, with those that are given."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.runtime.bag_test import LIVE_TOLERANCES, LOCKSTEP_TOLERANCES
    tolerances = LOCKSTEP_TOLERANCES if args.lockstep else LIVE_TOLERANCES
    named: dict[str, float] = {}
    common: float | None = None
    for text in args.tolerance:
        name, _, number = text.rpartition('=')
        try:
            value = between(float, 0.0, 1.0)(number)
        except (ValueError, argparse.ArgumentTypeError) as error:
            raise ConfigurationError('--tolerance: expected a fraction from 0 to 1, or '
                                     f'NAME=FRACTION, got {text[:60]!r}') from error
        if name:
            named[name] = value
        else:
            common = value
    return dataclasses.replace(
        tolerances, difference=tolerances.difference if common is None else common,
        named=named if common is not None else {**tolerances.named, **named},
        missing=tolerances.missing if args.missing is None else args.missing,
        late_ms=tolerances.late_ms if args.late is None else args.late)
