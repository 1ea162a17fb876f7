"""Runs several robots, each with its own source, on one machine.

One process extracts the motion of all sources and one animates all portraits; learned networks are
loaded once, and frames that wait share a forward pass. Each robot has its own policy, smoother,
safety layer and hardware node in its own namespace: all verbs take it with --namespace. A robot
that fails is started again, and the others go on.

FILE is a configuration like config/retarget.yaml that holds for all robots, with a list `robots` of
such configurations, each with `namespace`, `source` and, if wanted, `path` besides. A stage's
section may be the name of a plug-in alone.
"""
from __future__ import annotations

import argparse

from ros_animate.commands.arguments import positive

HELP = 'run several robots, each with its own source'
EXAMPLES = """\
examples:
  ros_animate fleet fleet.yaml
  ros_animate fleet fleet.yaml --duration 60 --report output/fleet.json
  ros_animate status --namespace left

fleet.yaml:
  motion: mediapipe
  robots:
  - {namespace: left, source: device, robot: mock}
  - {namespace: right, source: topic:/usb_cam/image_raw, robot: my_head.yaml, portrait: me.jpg}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', metavar='FILE', help='the robots (YAML)')
    parser.add_argument('--duration', type=positive(float), metavar='S',
                        help='stop after S seconds')
    parser.add_argument('--processes', action='store_true',
                        help="one process for each of a robot's nodes")
    parser.add_argument('--report', metavar='FILE.json',
                        help='write frames, rate and latency of each robot')
    parser.add_argument('--quiet', action='store_true', help='no progress and no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.outputs.paths import expand, make_folder
    from ros_animate.runtime.fleet import FleetOptions
    from ros_animate.runtime.fleet import run as run_fleet
    from ros_animate.runtime.fleet_file import read_fleet
    robots = read_fleet(args.file)
    report = None if args.report is None else expand(args.report)
    if report is not None:
        make_folder(report.parent)
    return run_fleet(robots, FleetOptions(args.duration, args.processes, report, args.quiet))
