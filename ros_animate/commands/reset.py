"""Ends the emergency stop of a running pipeline; the robot moves with the next command."""
from __future__ import annotations

import argparse

from ros_animate.commands.arguments import add_pipeline, trigger_services

HELP = 'end the emergency stop of a running pipeline'
EXAMPLES = """\
examples:
  ros_animate reset
  ros_animate reset --namespace left"""
SERVICES = ('hardware/reset_estop',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pipeline(parser)


def run(args: argparse.Namespace) -> int:
    return trigger_services(args, SERVICES)
