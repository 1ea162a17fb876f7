"""Publishes the messages of a bag (rosbag2: MCAP or SQLite) with their original timing.

Running nodes take the recorded images, or the messages of any later stage, as live ones.
"""
from __future__ import annotations

import argparse
import pathlib

from ros_animate.commands.arguments import positive

HELP = 'publish the messages of a bag with their original timing'
EXAMPLES = """\
examples:
  ros_animate replay output/bag
  ros_animate replay output/bag --rate 0.5 --topics /image_raw /camera_info"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('bag', metavar='BAG', help='folder of the bag')
    parser.add_argument('--rate', type=positive(float), default=1.0, metavar='R',
                        help='R times faster than recorded (default: %(default)s)')
    parser.add_argument('--topics', nargs='+', default=[], metavar='TOPIC',
                        help='only these topics (default: all)')
    parser.add_argument('--loop', action='store_true', help='start over at the end')
    parser.add_argument('--restamp', action='store_true', help=(
        'replace the stamps in headers by the current time; by default they are kept, and /clock '
        'gives the time of the bag'))
    parser.add_argument('--dashboard', action='store_true',
                        help='show the topics, and the nodes that take them, in the browser')
    parser.add_argument('--quiet', action='store_true', help='no progress and no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.runtime.replay import replay
    return replay(pathlib.Path(args.bag).expanduser(), rate=args.rate, topics=args.topics,
                  loop=args.loop, restamp=args.restamp, quiet=args.quiet,
                  dashboard=args.dashboard)
