"""Stops the robot of a running pipeline at once (emergency stop).

The stop lasts until `ros_animate reset`, also over restarts. It is done in software and replaces no
switch.
"""
from __future__ import annotations

import argparse

from ros_animate.commands.arguments import add_pipeline, trigger_services

HELP = 'stop the robot of a running pipeline (emergency stop)'
EXAMPLES = """\
examples:
  ros_animate stop
  ros_animate stop --namespace left"""
SERVICES = ('hardware/estop',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pipeline(parser)


def run(args: argparse.Namespace) -> int:
    return trigger_services(args, SERVICES)
